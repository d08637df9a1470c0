import { pathToFileURL } from 'node:url';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it, vi } from 'vitest';
import { parse } from '../../src/cli/arguments.ts';
import { importModule } from '../../src/cli/import-module.ts';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const zod = import.meta.resolve('zod');
const fake = 'fake-Zq83-not-real';
const head = [
  `import { ProviderChain } from '${source}chain/chain.ts';`,
  `import { loadConfig } from '${source}config/load-config.ts';`,
  `import { MemoryProvider } from '${source}providers/memory.ts';`,
  `import { z } from '${zod}';`,
  `const memory = new MemoryProvider({ server: { port: 80 }, api: { token: '${fake}' } }, { name: 'mine' });`,
  'const one = z.object({ server: z.object({ port: z.number() }) });',
].join('\n');
const folder = (files: Record<string, string>) =>
  sandbox({
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, `${head}\n${text}`])),
  });

describe('what a module may export', () => {
  it.each([
    ['chain and schema', 'export const chain = new ProviderChain([memory]); export const schema = one;'],
    ['a provider by default', 'export default memory; export const schema = one;'],
    ['sources and Schema', 'export const sources = [memory]; export const Schema = one;'],
    ['a function of sources', 'export const sources = () => [memory]; export const schema = one;'],
    ['an async function by default', 'export default async () => ({ sources: [memory], schema: one });'],
    ['a function of a function', 'export default () => ({ sources: () => [memory], schema: one });'],
    ['an object by default', 'export default { chain: memory, schema: one };'],
    ['a Config', 'export const config = await loadConfig(one, memory);'],
    ['a Config by default', 'export default await loadConfig(one, new ProviderChain([memory]));'],
    ['a function of a Config', 'export const load = () => loadConfig(one, memory);'],
    ['a schema that can be called', schemaFunction()],
  ])('%s', async (_, text) => {
    await using box = await folder({ 'config.mjs': text });
    const { code, out, err } = await llmConfig(['check', box.path('config.mjs')]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/server\.port +80 +mine server\.port\n/);
    expect(out).toContain('The configuration is valid.');
    expect(out).not.toContain(fake);
  });

  function schemaFunction(): string {
    const schema = 'Object.assign(() => 1, { "~standard": one["~standard"] })';
    return `export const schema = ${schema}; export default memory;`;
  }

  it('a module that loads an invalid configuration is checked like any other', async () => {
    await using box = await folder({
      'config.mjs': 'export const load = () => loadConfig(z.object({ port: z.number() }), memory);',
    });
    const { code, out, err } = await llmConfig(['check', box.path('config.mjs')]);
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/port is missing/);
    const json = JSON.parse((await llmConfig(['check', box.path('config.mjs'), '--json'])).out);
    expect(json).toMatchObject({ ok: false, problems: [{ key: 'port', kind: 'missing' }] });
    expect((await llmConfig(['explain', box.path('config.mjs')])).code).toBe(3);
  });

  it('keys are relative to the section of a Config', async () => {
    const api = "z.object({ token: z.string(), url: z.string().default('x') })";
    await using box = await folder({
      'config.mjs': `export const load = () => loadConfig(${api}, memory, { at: 'api' });`,
    });
    const file = box.path('config.mjs');
    expect((await llmConfig(['check', file])).out).toMatch(/^ {2}token +\[redacted\] +mine api\.token/);
    expect((await llmConfig(['explain', file])).out).toBe('api.token  [redacted]  mine api.token\n');
    expect((await llmConfig(['explain', file, 'token'])).out).toMatch(/^api\.token = \[redacted\]\n/);
    expect((await llmConfig(['explain', file, 'url'])).out).toContain('default of the schema: "x"');
    expect((await llmConfig(['check', file, 'token'])).out).toBe('api.token is set by mine api.token\n');
    expect((await llmConfig(['unused', file])).out).toBe('Everything is read.\n');
  });

  it('what a module prints goes to stderr, so that stdout has the answer alone', async () => {
    const print = (text: string) => `process.stdout.write('${text};');`;
    await using box = await folder({
      'config.mjs': `${print('import')} export const load = () => { ${print('call')} return memory; };`,
      'rotations.mjs': `${print('rotate')} export const rotations = {};`,
      'policy.mjs': `${print('may')} export const policy = { decide: () => ({ allow: true, rule: 'all' }) };`,
    });
    const [stdout, stderr] = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockReturnValue(true),
    );
    const own = process.stdout.write;
    await llmConfig(['explain', box.path('config.mjs')]);
    await llmConfig(['rotate', box.path('rotations.mjs'), 'database']);
    await llmConfig(['may', 'ann', 'read', 'a', box.path('policy.mjs')]);
    const isRestored = process.stdout.write === own;
    const printed = [stdout, stderr].map((stream) => stream?.mock.calls.map(([text]) => text).join(''));
    vi.restoreAllMocks();
    expect(printed).toEqual(['', 'import;call;rotate;may;']);
    expect(isRestored).toBe(true);
  });

  it('a module that does not exist is named', async () => {
    const { code, err } = await llmConfig(['check', 'nowhere/config.mjs']);
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(/^error: the file nowhere\/config\.mjs does not exist/),
    ]);
  });

  it('a module closes what it has made', async () => {
    await using box = await folder({
      'config.mjs': [
        'let closed = 0; export const count = () => closed;',
        'const close = async () => void closed++;',
        'const chain = new ProviderChain([{ name: "o", get: memory.get, list: async () => [], close }]);',
        'export default () => loadConfig(z.object({}), chain, { watch: { pollMs: 1e6 } });',
      ].join('\n'),
    });
    const file = box.path('config.mjs');
    expect((await llmConfig(['check', file])).code).toBe(0);
    const { count } = (await import(pathToFileURL(file).href)) as { count: () => number };
    expect(count()).toBe(1);
  });

  it('refuses a module without a chain, and shows no text of an error of its functions', async () => {
    await using box = await folder({
      'nothing.mjs': 'export const chain = 1; export default {};',
      'circle.mjs': 'export default function self() { return { default: self }; }',
      'class.mjs': 'export default class Application {}',
      'throws.mjs': `export const sources = () => { throw new Error('${fake}'); };`,
      'rejects.mjs': `export default async () => Promise.reject(new Error('${fake}'));`,
    });
    for (const name of ['nothing.mjs', 'circle.mjs'])
      expect((await llmConfig(['check', box.path(name)])).err).toMatch(/does not export a chain/);
    for (const name of ['class.mjs', 'throws.mjs', 'rejects.mjs']) {
      const { code, out, err } = await llmConfig(['check', box.path(name)]);
      expect([code, out]).toEqual([3, '']);
      expect(err).toMatch(/a function of the module .* failed \((?:TypeError|Error)\)/);
      expect(err).not.toContain(fake);
    }
  });

  it.each(['getting-started/config.ts', 'twelve-factor/config.ts', 'kubernetes/config.ts'])(
    'examples/%s, which a page shows, works unchanged',
    async (name) => {
      const file = new URL(`../../examples/${name}`, import.meta.url).pathname;
      const { code, err } = await llmConfig(['check', file]);
      expect([code < 3 || /cannot be read|does not exist/.test(err), err.includes('export')]).toEqual([
        true,
        false,
      ]);
    },
  );
});

describe('the module of a command', () => {
  const text = (port: number) => `export default new MemoryProvider({ port: ${port}, 'a.js': 1 });`;

  it('is the first config file of the working folder if the arguments name none', async () => {
    await using box = await folder({ 'config.cjs': 'not read' });
    const explained = async () => (await llmConfig(['explain', 'port'], { cwd: box.directory })).out;
    for (const [i, name] of ['config.js', 'config.mjs', 'config.mts', 'config.ts'].entries()) {
      await box.write({ [name]: `${head}\n${text(i)}` });
      expect(await explained()).toMatch(new RegExp(`^port = ${i}\n`));
    }
  });

  it('is the first argument if it has the extension of a module', async () => {
    const names = ['[MODULE]', '[KEY]'] as const;
    const parsed = (...args: string[]) => {
      const { module, positionals, rest } = parse(args, {}, names);
      return { module, positionals, rest };
    };
    expect(parsed('database.host')).toEqual({
      module: undefined,
      positionals: ['database.host'],
      rest: [],
    });
    for (const name of ['a.ts', 'a.mts', 'a.cts', 'b/a.js', 'a.mjs', './a.cjs', 'A.JS'])
      expect(parsed(name, '--', 'x', '--y')).toEqual({ module: name, positionals: [], rest: ['x', '--y'] });
    expect(parsed('config', 'key')).toEqual({ module: 'config', positionals: ['key'], rest: [] });
    expect(() => parsed('a.js', 'key', 'more')).toThrow('too many arguments; expected [MODULE] [KEY]');
    expect(() => parsed('key', 'key', 'more')).toThrow('too many arguments');
    expect(() => parse(['a.js'], {}, ['[MODULE]', 'KEY'])).toThrow('KEY is missing');
    expect(() => parse(['x', '--'], {}, ['[MODULE]', '--', 'COMMAND'])).toThrow(
      'COMMAND is missing after --',
    );
    expect(() => parse(['k'], {}, ['[MODULE]', '--', 'COMMAND', '[ARG…]'])).toThrow('COMMAND is missing');
  });

  it('the JSON of a value is the value, and that of a secret is masked', async () => {
    const numbers = 'port: 80, big: 12345678901234567890n';
    const values = `{ ${numbers}, list: ['a'], on: true, long: 'x'.repeat(200), token: '${fake}' }`;
    const schema = 'z.record(z.string(), z.any())';
    await using box = await folder({
      'config.mjs': `export default new MemoryProvider(${values}); export const schema = ${schema};`,
    });
    const shown = { port: 80, list: ['a'], on: true, long: 'x'.repeat(200), token: '[redacted]' };
    const file = box.path('config.mjs');
    for (const command of ['explain', 'check']) {
      const { out } = await llmConfig([command, file, '--json']);
      const { keys } = JSON.parse(out) as { keys: { key: string; value: unknown }[] };
      const values = Object.fromEntries(keys.map(({ key, value }) => [key, value]));
      expect(values).toEqual({ ...shown, big: '12345678901234567890' });
    }
    for (const [key, value] of Object.entries(shown)) {
      const { out } = await llmConfig(['explain', file, key, '--json']);
      expect(JSON.parse(out)).toMatchObject({ key, winner: 'memory', layers: [{ value }] });
    }
  });
});

describe('a module in TypeScript', () => {
  const refused = (code: string) => async (url: string) => {
    if (url.endsWith('.ts')) throw Object.assign(new TypeError(`Unknown ${fake}`), { code });
    return (await import(url)) as Record<string, unknown>;
  };
  const codes = ['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'ERR_MODULE_NOT_FOUND'];
  const jiti = {
    'node_modules/jiti/package.json': '{ "name": "jiti", "exports": "./index.mjs" }',
    'node_modules/jiti/index.mjs':
      'export const createJiti = (parent) => ({ import: async (url) => ({ jiti: url === parent }) });',
  };
  const tsx = {
    'node_modules/tsx/package.json': '{ "name": "tsx", "exports": "./index.mjs" }',
    'node_modules/tsx/index.mjs': 'globalThis.tsxIsLoaded = true;',
  };

  it.each(codes)('is imported by jiti if Node refuses it with %s', async (code) => {
    await using box = await sandbox({ files: { ...jiti, ...tsx, 'config.ts': '' } });
    expect(await importModule(box.path('config.ts'), 'config.ts', refused(code))).toEqual({ jiti: true });
  });

  it('is imported with the help of tsx if there is no jiti, or an old one', async () => {
    for (const old of [{}, { ...jiti, 'node_modules/jiti/index.mjs': 'export default 1;' }]) {
      await using box = await sandbox({ files: { ...old, ...tsx, 'config.ts': '' } });
      // Node refuses a URL for good that it has refused once
      const node = async (url: string) =>
        url.endsWith('config.ts?tsx')
          ? { tsx: Reflect.get(globalThis, 'tsxIsLoaded') }
          : refused('ERR_UNKNOWN_FILE_EXTENSION')(url);
      expect(await importModule(box.path('config.ts'), 'config.ts', node)).toEqual({ tsx: true });
      Reflect.deleteProperty(globalThis, 'tsxIsLoaded');
    }
  });

  it('names both loaders if neither is installed', async () => {
    await using box = await sandbox({ files: { 'config.ts': '' } });
    const failed = importModule(box.path('config.ts'), 'config.ts', refused('ERR_UNKNOWN_FILE_EXTENSION'));
    await expect(failed).rejects.toThrow(
      /^Node v.* cannot run config\.ts \(TypeError ERR_UNKNOWN_FILE_EXTENSION\)\. Install jiti or tsx: /,
    );
    await expect(failed).rejects.not.toThrow(fake);
  });

  it('that Node can run is not given to a loader, nor is JavaScript', async () => {
    await using box = await sandbox({ files: { ...jiti, 'config.ts': '', 'config.js': '' } });
    const throws = async () => Promise.reject(Object.assign(new Error(fake), { code: 'ERR_OWN' }));
    for (const [name, code] of [
      ['config.ts', 'Error ERR_OWN'],
      ['config.js', 'Error ERR_OWN'],
    ] as const)
      await expect(importModule(box.path(name), name, throws)).rejects.toThrow(
        `cannot load the module ${name} (${code}). Run \`node ${name}\` to see why`,
      );
    const throwing = `async () => { throw new Error('${fake}') }`;
    const failing = {
      ...jiti,
      'node_modules/jiti/index.mjs': `export const createJiti = () => ({ import: ${throwing} });`,
    };
    await using other = await sandbox({ files: { ...failing, 'config.ts': '' } });
    await expect(
      importModule(other.path('config.ts'), 'config.ts', refused('ERR_UNKNOWN_FILE_EXTENSION')),
    ).rejects.toThrow('cannot load the module config.ts (Error). Run `npx jiti config.ts` to see why');
  });
});
