import { EventEmitter } from 'node:events';
import { sandbox } from 'llm-config-manager/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differenceJson, differencesOf, differenceText } from '../../src/cli/diff/differences.ts';
import { serve } from '../../src/cli/diff/side.ts';
import type { ListedKey } from '../../src/cli/listing.ts';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const fake = 'fake-Zq83-not-real';
const providers = (values: string) =>
  [
    `import { EnvProvider } from '${source}providers/env.ts';`,
    `import { MemoryProvider } from '${source}providers/memory.ts';`,
    `import { z } from '${import.meta.resolve('zod')}';`,
    'export const schema = z.object({',
    "  stage: z.string().optional(), port: z.number(), level: z.string().default('info'),",
    '  licence: z.string().optional(), hosts: z.array(z.string()).optional(),',
    '});',
    "import { writeSync } from 'node:fs';",
    "writeSync(1, 'printed by the module');",
    `export const chain = [new EnvProvider({ prefix: 'APP' }), new MemoryProvider(${values})];`,
  ].join('\n');
const files = {
  'config.mjs': providers(
    `{ port: process.env.STAGE === 'b' ? 81 : 80, stage: process.env.STAGE ?? 'none' }`,
  ),
  'one.mjs': providers(`{ port: '80', hosts: ['a'], 'api.token': '${fake}-1', same: '${fake}' }`),
  'two.mjs': providers(
    `{ port: 80, hosts: ['a', 'b'], 'api.token': '${fake}-2', level: 'debug', same: '${fake}' }`,
  ),
  'down.mjs': [
    `const fail = async () => { throw new Error('${fake}') };`,
    "export default { name: 'store', get: fail, list: fail };",
  ].join('\n'),
  'ends.mjs': 'process.exit(0);',
};

/** What starts many processes runs in `.ci/run` only. */
const isThorough = Boolean(process.env.CLI_THOROUGH);

describe('llm-config diff', { timeout: 60_000 }, () => {
  const { execArgv } = process;
  // the processes of the two sides read the sources
  beforeAll(() => {
    process.execArgv = ['--import', import.meta.resolve('tsx')];
  });
  afterAll(() => {
    process.execArgv = execArgv;
  });
  const ran = async (...args: readonly string[]) => {
    await using box = await sandbox({ files });
    return await llmConfig(['diff', ...args], { cwd: box.directory });
  };

  it.runIf(isThorough)('compares two modules, secrets too, and shows no secret', async () => {
    const { code, out, err } = await ran('one.mjs', 'two.mjs');
    expect([code, err]).toEqual([1, '3 keys differ\n']);
    expect(out).toBe(
      [
        'api.token',
        '  - [redacted]  memory api.token',
        '  + [redacted]  memory api.token',
        'hosts',
        '  - ["a"]      memory hosts',
        '  + ["a","b"]  memory hosts',
        'level',
        '  - "info"   default of the schema',
        '  + "debug"  memory level',
        '',
      ].join('\n'),
    );
  });

  it('compares a module with itself, imported once for each variable', async () => {
    const { code, out } = await ran('--env', 'STAGE=a', '--env', 'STAGE=b', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      differences: [
        { key: 'port', a: { value: 80, origin: 'memory port' }, b: { value: 81, origin: 'memory port' } },
        {
          key: 'stage',
          a: { value: 'a', origin: 'memory stage' },
          b: { value: 'b', origin: 'memory stage' },
        },
      ],
      unreadable: [],
    });
  });

  it.runIf(isThorough)('compares nothing if a side cannot be read', async () => {
    const same = await ran('config.mjs', '--env', 'OTHER=1', '--env', 'OTHER=2');
    expect(same).toEqual({ code: 0, out: 'No key differs.\n', err: '' });
    const down = await ran('one.mjs', 'down.mjs');
    expect([down.code, down.out, down.err.includes(fake)]).toEqual([3, '', false]);
    expect(down.err).toContain('nothing is compared: ');
    expect(await ran('one.mjs', 'none.mjs')).toMatchObject({
      code: 3,
      err: expect.stringContaining('the file none.mjs does not exist'),
    });
    expect((await ran('one.mjs', 'ends.mjs')).err).toContain('the module ends.mjs has ended the process');
  });
});

describe('one side of llm-config diff', () => {
  const answers = async (module: string): Promise<readonly object[]> => {
    await using box = await sandbox({ files: { 'config.mjs': module } });
    const sent: object[] = [];
    const channel = Object.assign(new EventEmitter(), {
      cwd: () => box.directory,
      send: (answer: object) => {
        sent.push(answer);
        channel.emit('sent');
      },
    });
    serve(channel as unknown as NodeJS.Process);
    const first = new Promise((resolve) => channel.once('sent', resolve));
    channel.emit('message', 'config.mjs');
    await first;
    channel.emit('uncaughtException', new TypeError(fake));
    return sent;
  };

  it('answers with its keys and the defaults of its schema, or why it cannot', async () => {
    const uncaught = { code: 'io', message: 'unexpected: TypeError' };
    const module = [
      `import { MemoryProvider } from '${source}providers/memory.ts';`,
      `import { z } from '${import.meta.resolve('zod')}';`,
      `export const schema = z.object({ a: z.string(), b: z.number().default(1) });`,
      `export const chain = new MemoryProvider({ a: '${fake}', 'c.token': '${fake}' });`,
    ];
    expect(await answers(module.join('\n'))).toEqual([
      {
        listing: {
          keys: [
            { key: 'a', value: fake, secret: false, origin: 'memory a' },
            { key: 'c.token', value: fake, secret: true, origin: 'memory c.token' },
            { key: 'b', value: 1, secret: false, origin: 'default of the schema' },
          ],
          unreadable: [],
          failed: [],
        },
      },
      uncaught,
    ]);
    expect(await answers(`throw new Error('${fake}');`)).toEqual([
      { code: 'io', message: expect.stringContaining('cannot load the module config.mjs (Error)') },
      uncaught,
    ]);
  });
});

describe('differencesOf', () => {
  const side = (...keys: readonly ListedKey[]) => ({ keys, unreadable: [], failed: [] });
  const one = (value: ListedKey['value'], secret = false): ListedKey => ({
    key: 'k',
    value,
    secret,
    origin: 'env K',
  });

  it('takes the same digits for equal, and leaves out what a side cannot read', () => {
    expect(differencesOf(side(one('80')), side(one(80)))).toEqual([]);
    expect(differencesOf(side(one(['a'])), side(one(['a'])))).toEqual([]);
    const unread = { ...side(), unreadable: [{ key: 'k', origin: 'env K', error: 'sealed' }] };
    expect(differencesOf(side(one('80')), unread)).toEqual([]);
  });

  it('masks both sides of a value that is secret on one', () => {
    for (const [a, b] of [
      [one(`${fake}1`, true), one(`${fake}2`)],
      [one(`${fake}1`), one(`${fake}2`, true)],
    ] as const) {
      const [difference] = differencesOf(side(a), side(b)) as [Parameters<typeof differenceText>[0]];
      expect(differenceText(difference)).toBe('k\n  - [redacted]  env K\n  + [redacted]  env K');
      expect(JSON.stringify(differenceJson(difference))).not.toContain(fake);
    }
    const [added] = differencesOf(side(), side(one('x'))) as [Parameters<typeof differenceText>[0]];
    expect(differenceText(added)).toBe('k\n  - (not set)\n  + "x"        env K');
  });
});

describe('the arguments of llm-config diff', () => {
  it('are two modules, or one module with two variables', async () => {
    const twice = ['--env', 'A=1', '--env', 'A=2'];
    for (const args of [[], ['one.mjs'], ['--env', 'A=1'], ['a.js', 'b.js', ...twice]]) {
      const { code, err } = await llmConfig(['diff', ...args]);
      expect([code, err]).toEqual([2, expect.stringContaining('two modules are needed')]);
    }
    const { err } = await llmConfig(['diff', '--env', fake, '--env', 'A=2']);
    expect([err.includes('--env must be NAME=VALUE'), err.includes(fake)]).toEqual([true, false]);
  });
});
