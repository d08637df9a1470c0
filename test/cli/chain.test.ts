import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const fake = 'fake-cli-secret-31';
const head = [
  `import { ProviderChain } from '${source}chain/chain.ts';`,
  `import { MemoryProvider } from '${source}providers/memory.ts';`,
  `import { z } from 'zod';`,
].join(' ');
const firstValues = `{ 'database.host': 'db.internal', 'database.password': '${fake}' }`;
const first = `new MemoryProvider(${firstValues}, { name: 'first' })`;
const second = `new MemoryProvider({ 'database.host': 'localhost', port: 80 }, { name: 'second' })`;
const failing = `async () => { throw new Error('${fake}') }`;
const down = `{ name: 'store', get: ${failing}, list: ${failing} }`;
const zod = import.meta.resolve('zod');

const modules = (files: Record<string, string>) =>
  sandbox({
    files: Object.fromEntries(
      Object.entries(files).map(([name, text]) => [name, `${head.replace("'zod'", `'${zod}'`)}\n${text}`]),
    ),
  });

/** Clears the screen in a terminal, with one and with two bytes, and reverses a line. */
const hostile = '\x1b[2J\u009b2J\u202e\r\x7f';
const effective = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/;

describe('llm-config on a terminal', () => {
  it('prints no control character of a value, a key, a source or an argument', async () => {
    const values = JSON.stringify({ in: { 'a\u202e': `v${hostile}` }, port: hostile });
    await using box = await modules({
      'config.mjs': [
        `export default new ProviderChain([new MemoryProvider(${values}, { name: 'mine' })]);`,
        'export const schema = z.strictObject({ port: z.number() });',
      ].join('\n'),
    });
    const file = box.path('config.mjs');
    for (const args of [
      ['explain', file],
      ['explain', file, '--json'],
      ['explain', file, 'port'],
      ['explain', file, 'in.a\u202e'],
      ['check', file],
      ['check', file, '--json'],
      ['check', file, `no${hostile}`],
      ['explain', `${file}${hostile}`],
      ['get', `${file}${hostile}`, 'a'],
      ['keygen', '--out', `/nowhere/${hostile}`],
      ['decrypt', file, '--key-file', hostile],
      ['encrypt', file, '--format', 'json', '--key-env', hostile],
      ['nothing', hostile],
    ]) {
      const { out, err } = await llmConfig(args);
      expect(effective.exec(out + err), args.join(' ')).toBeNull();
      if (args.includes('--json')) expect(() => JSON.parse(out || err)).not.toThrow();
    }
    const { out: listed, err } = await llmConfig(['explain', file, '--json']);
    expect(err).toBe('');
    const shown = JSON.parse(listed);
    expect(shown.keys.map(({ key }: { key: string }) => key)).toContain('in.a\u202e');
  });
});

describe('llm-config explain', () => {
  it('explain shows which provider sets a key and which are shadowed, and masks secrets', async () => {
    await using box = await modules({
      'config.mjs': `export default new ProviderChain([${first}, ${second}]);`,
    });
    const host = await llmConfig(['explain', box.path('config.mjs'), 'database/host']);
    expect(host.code).toBe(0);
    expect(host.out).toMatch(
      new RegExp(
        String.raw`^database\.host = "db\.internal"\n {2}→ first database\.host .*wins\n` +
          String.raw` {4}second database\.host .*shadowed\n$`,
      ),
    );
    const password = await llmConfig(['explain', box.path('config.mjs'), 'database.password', '--json']);
    expect(password.out).not.toContain(fake);
    expect(JSON.parse(password.out)).toMatchObject({ key: 'database.password', secret: true });
    expect((await llmConfig(['explain', box.path('config.mjs'), 'nothing'])).code).toBe(1);
  });

  it('explain lists every key with its origin, and each provider that failed', async () => {
    await using box = await modules({
      'good.mjs': `export const chain = [${first}, ${second}];`,
      'bad.mjs': `export default [${first}, ${down}];`,
    });
    const good = await llmConfig(['explain', box.path('good.mjs')]);
    expect([good.code, good.out.includes(fake)]).toEqual([0, false]);
    expect(good.out).toMatch(/^database\.host +"db\.internal" +first database\.host$/m);
    expect(good.out).toMatch(/^port +80 +second port$/m);
    const bad = await llmConfig(['explain', box.path('bad.mjs')]);
    expect([bad.code, bad.out.includes(fake)]).toEqual([1, false]);
    expect(bad.out).toMatch(/^store failed: /m);
  });
});

describe('llm-config check', () => {
  it('check reports all problems of a configuration at once', async () => {
    const goodSchema = 'z.object({ port: z.number() })';
    const database = 'z.object({ host: z.number(), password: z.number() })';
    const badSchema = `z.object({ port: z.number(), database: ${database} })`;
    await using box = await modules({
      'good.mjs': `export default [${first}, ${second}]; export const schema = ${goodSchema};`,
      'bad.mjs': `export default new ProviderChain([${first}]); export const schema = ${badSchema};`,
    });
    expect(await llmConfig(['check', box.path('good.mjs')])).toMatchObject({
      code: 0,
      out: expect.stringContaining('The configuration is valid.'),
    });
    const bad = await llmConfig(['check', box.path('bad.mjs')]);
    expect([bad.code, bad.err, bad.out.includes(fake)]).toEqual([1, '', false]);
    expect(bad.out).toMatch(/There are 3 problems/);
    expect(JSON.parse((await llmConfig(['check', box.path('bad.mjs'), '--json'])).out)).toMatchObject({
      ok: false,
    });
  });

  it('check reads a chain without a schema, and a single key', async () => {
    await using box = await modules({
      'config.mjs': `export default ${first};`,
      'bad.mjs': `export default [${down}];`,
    });
    expect(await llmConfig(['check', box.path('config.mjs')])).toMatchObject({
      code: 0,
      err: expect.stringContaining('exports no schema'),
    });
    expect((await llmConfig(['check', box.path('bad.mjs')])).code).toBe(1);
    expect(await llmConfig(['check', box.path('config.mjs'), 'database.host'])).toMatchObject({
      code: 0,
      out: 'database.host is set by first database.host\n',
    });
    expect(await llmConfig(['check', box.path('config.mjs'), 'none'])).toMatchObject({
      code: 1,
      out: 'no provider has none\n',
    });
    const failed = await llmConfig(['check', box.path('bad.mjs'), 'a']);
    expect([failed.code, failed.out.includes(fake)]).toEqual([1, false]);
  });

  it('check fails for a module that does not load or exports no chain', async () => {
    await using box = await modules({
      'none.mjs': 'export const a = 1;',
      'throws.mjs': `throw new Error('${fake}');`,
      'empty.mjs': 'export default [];',
      'null.mjs': 'throw null;',
      'option.mjs': 'export default new ProviderChain([new MemoryProvider({}, { nmae: 1 })]);',
    });
    for (const name of ['none.mjs', 'empty.mjs'])
      expect((await llmConfig(['check', box.path(name)])).err).toMatch(/does not export a chain/);
    const thrown = await llmConfig(['check', box.path('throws.mjs')]);
    expect([thrown.code, thrown.err.includes(fake)]).toEqual([3, false]);
    for (const name of ['missing.mjs', 'null.mjs'])
      expect((await llmConfig(['check', box.path(name)])).err).toMatch(
        /cannot load the module .*Run `node .*` to see why/,
      );
    expect((await llmConfig(['check', box.path('option.mjs')])).err).toMatch(/MemoryProvider: .*nmae/);
    expect((await llmConfig(['check'])).err).toMatch(/MODULE is missing/);
  });
});
