import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { inspect } from '../../src/cli/inspect.ts';
import { changesSince, type ReportData, type ReportedKey, reportOf } from '../../src/cli/report/data.ts';
import { pageOf } from '../../src/cli/report/page.ts';
import { hidden } from '../support/canaries.ts';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const canary = 'fake-Zq83-not-real';
const head = `
  import { loadConfig } from '${source}config/load-config.ts';
  import { BundleProvider } from '${source}providers/bundle.ts';
  import { MemoryProvider } from '${source}providers/memory.ts';
  import { z } from '${import.meta.resolve('zod')}';
  export const schema = z.object({
    port: z.number(),
    host: z.string().default('localhost').describe('Where <it> listens'),
    db: z.object({ password: z.string(), pool: z.number().optional() }),
  });
`;
const files = (yaml = 'port: 80\ndb: { password: old-not-real, pool: many }\n') => ({
  'base.yaml': yaml,
  'config.mjs': `${head}
    export const chain = [
      new MemoryProvider({ db: { password: '${canary}' } }, { name: 'secrets' }),
      new BundleProvider(new URL('base.yaml', import.meta.url).pathname),
    ];`,
});
const data = (text: string): ReportData => JSON.parse(text);
const keyIn = ({ keys }: ReportData, name: string) => keys.find(({ key }) => key === name);

describe('llm-config report', () => {
  it('has every key with its winner, what it shadows, file and line, type, and problems', async () => {
    await using box = await sandbox({ files: files() });
    const { code, out, err } = await llmConfig(['report', box.path('config.mjs'), '--json']);
    expect([code, err]).toEqual([0, '']);
    expect(out).not.toMatch(/not-real/);
    const report = data(out);
    expect(report).toMatchObject({ report: 1, valid: false, problems: [] });
    expect(report.layers).toEqual([
      { name: 'secrets', kind: 'local', status: 'ok', wins: 1, shadowed: 0, unreadable: 0 },
      expect.objectContaining({ wins: 2, shadowed: 1 }),
    ]);
    expect(keyIn(report, 'db.password')).toMatchObject({
      state: 'set',
      secret: true,
      required: true,
      type: 'a string',
      value: '[redacted]',
      winner: 'secrets',
      candidates: [
        { provider: 'secrets', outcome: 'wins' },
        {
          outcome: 'shadowed',
          origin: expect.stringMatching(/base\.yaml:2:\d+$/),
          modifiedAt: expect.any(String),
        },
      ],
    });
    expect(keyIn(report, 'host')).toMatchObject({ state: 'default', value: '"localhost"', candidates: [] });
    expect(keyIn(report, 'db.pool')?.problems).toEqual([expect.stringContaining('expected a number')]);
  });

  it('writes a page for this user alone, and replaces nothing without --force', async () => {
    await using box = await sandbox({ files: { ...files(), other: 'mine' } });
    const page = box.path('page.html');
    const write = (...more: string[]) =>
      llmConfig(['report', box.path('config.mjs'), '--html', page, ...more]);
    expect(await write()).toMatchObject({ code: 0, out: `${page}\n` });
    expect(statSync(page).mode & 0o777).toBe(0o600);
    const again = await write();
    expect([again.code, again.err]).toEqual([3, expect.stringContaining('exists already')]);
    await box.write({ 'page.html': undefined as never });
    symlinkSync(box.path('other'), page);
    expect((await write()).code).toBe(3);
    expect((await write('--force')).code).toBe(0);
    expect(await box.read('other')).toBe('mine');
    expect(statSync(page).mode & 0o777).toBe(0o600);
    expect(await box.read('page.html')).toContain('<!doctype html>');
  });

  it('the page asks the network for nothing, escapes what it shows, and has no secret', async () => {
    const hostile = `"<script>alert(1)</script>' onload=x \\u202e\\u001b[2J"`;
    await using box = await sandbox({ files: files(`port: ${hostile}\n"</script><b>": 1\n`) });
    await llmConfig(['report', box.path('config.mjs'), '--html', box.path('page.html')]);
    const page = await box.read('page.html');
    expect(page).not.toContain(canary);
    expect(page).not.toMatch(/\u202e|\u001b|<b>|<script>alert/);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain('default-src &#39;none&#39;; style-src &#39;sha256-');
    expect(page).toContain('Where &#60;it&#62; listens');
    expect(page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')).not.toMatch(/(?:src|href)=|url\(|https?:/);
  });

  it('shows the generation of a module that exports a Config', async () => {
    const values = `{ port: 1, db: { password: 'x' } }`;
    const config = `${head} export const config = loadConfig(schema, [new MemoryProvider(${values})]);`;
    await using box = await sandbox({ files: { 'config.mjs': config } });
    const { out } = await llmConfig(['report', box.path('config.mjs'), '--json']);
    expect(data(out)).toMatchObject({
      valid: true,
      generation: { number: 1, sources: [{ name: 'memory', entries: 2 }] },
    });
  });

  it('shows what has changed since an earlier report', async () => {
    await using box = await sandbox({ files: files() });
    const first = await llmConfig(['report', box.path('config.mjs'), '--json']);
    writeFileSync(box.path('before.json'), first.out);
    // a module is imported once in a process
    await box.write({ 'base.yaml': 'port: 81\nmore: true\n', 'now.mjs': files()['config.mjs'] });
    const args = ['report', box.path('now.mjs'), '--since', box.path('before.json'), '--json'];
    const { since } = data((await llmConfig(args)).out);
    expect(since?.changes).toEqual([
      { key: 'port', what: 'another value', before: '80', after: '81' },
      { key: 'db.pool', what: 'another state', before: 'set', after: 'not set' },
      { key: 'more', what: 'added', after: 'true' },
    ]);
    await box.write({ 'before.json': '{"report":1,"at":1,"keys":[{}]}' });
    const broken = await llmConfig(args);
    expect([broken.code, broken.err]).toEqual([3, expect.stringContaining('is not a report')]);
  });

  it('compares secrets by source and version', () => {
    const key = (more: Partial<ReportedKey>, version: string): ReportedKey => ({
      key: 'a',
      state: 'set',
      secret: true,
      value: '[redacted]',
      problems: [],
      candidates: [{ provider: 'vault', outcome: 'wins', version }],
      ...more,
    });
    const changes = (before: ReportedKey, now: ReportedKey) =>
      changesSince({ keys: [before] }, { keys: [now] }).map(({ what }) => what);
    expect(changes(key({}, '1'), key({}, '1'))).toEqual([]);
    const clear = key({ secret: false, value: canary }, '1');
    for (const [before, now] of [
      [clear, key({}, '1')],
      [key({}, '1'), clear],
    ] as const)
      expect(changesSince({ keys: [before] }, { keys: [now] })).toEqual([
        { key: 'a', what: 'another value', before: '[redacted]', after: '[redacted]' },
      ]);
    expect(changes(key({}, '1'), key({}, '2'))).toEqual(['another version']);
    expect(changes(key({ origin: 'a.yaml:1:2' }, '1'), key({ origin: 'a.yaml:9:2' }, '1'))).toEqual([]);
    expect(changes(key({ origin: 'a.yaml:1' }, '1'), key({ origin: 'b.yaml:1' }, '1'))).toEqual([
      'another source',
    ]);
    expect(changesSince({ keys: [key({}, '1')] }, { keys: [] })).toEqual([
      { key: 'a', what: 'removed', before: '[redacted]' },
    ]);
  });

  it('needs a file or --json', async () => {
    expect(await llmConfig(['report'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--html is missing'),
    });
  });

  it('no page and no data hold a secret, wherever it is', async () => {
    const decoded = (page: string) => page.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
    await fc.assert(
      fc.asyncProperty(hidden, async ({ all, check }) => {
        for (const loaded of all) {
          const inspected = await inspect(loaded);
          const report: ReportData = inspected.shown(await reportOf(loaded, inspected));
          check(JSON.stringify(report), 'data');
          check(decoded(pageOf(report).replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')), 'page');
        }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 40) },
    );
  });
});
