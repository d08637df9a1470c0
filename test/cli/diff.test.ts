import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, buildCommand } from './built.ts';
import { llmConfig } from './terminal.ts';

const fake = 'fake-Zq83-not-real';
const providers = (values: string) =>
  [
    "import { EnvProvider, MemoryProvider, ProviderChain } from 'llm-config-manager';",
    "import { z } from 'zod';",
    'export const schema = z.object({',
    "  stage: z.string().optional(), port: z.number(), level: z.string().default('info'),",
    '  licence: z.string().optional(), hosts: z.array(z.string()).optional(),',
    '});',
    "console.log('printed by the module');",
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

describe.concurrent('llm-config diff', { timeout: 60_000 }, () => {
  let built: Built;
  beforeAll(async () => {
    built = await buildCommand();
  });
  afterAll(() => built[Symbol.asyncDispose]());
  const ran = async (...args: readonly string[]) => {
    await using project = await built.project(files);
    const [program, ...all] = project.command('diff', ...args);
    const { code, stdout, stderr } = await promisify(execFile)(program, all, {
      cwd: project.directory,
      env: {},
    }).then(
      (output) => ({ ...output, code: 0 }),
      (error) => error,
    );
    return { code, out: stdout, err: stderr.replace(/^.+ …\n/gm, '') };
  };

  it('compares two modules, secrets too, and shows no secret', async ({ expect }) => {
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

  it('compares a module with itself, imported once for each variable', async ({ expect }) => {
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
    const same = await ran('config.mjs', '--env', 'OTHER=1', '--env', 'OTHER=2');
    expect(same).toEqual({ code: 0, out: 'No key differs.\n', err: '' });
  });

  it('compares nothing if a side cannot be read', async ({ expect }) => {
    const down = await ran('one.mjs', 'down.mjs');
    expect([down.code, down.out, down.err.includes(fake)]).toEqual([3, '', false]);
    expect(down.err).toContain('nothing is compared: ');
    expect(await ran('one.mjs', 'none.mjs')).toMatchObject({
      code: 3,
      err: expect.stringContaining('cannot load the module none.mjs'),
    });
    expect((await ran('one.mjs', 'ends.mjs')).err).toContain('the module ends.mjs has ended the process');
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
