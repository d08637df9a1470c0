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

describe('llm-config explain of a key that is not set', () => {
  const env = `import { EnvProvider } from '${source}providers/env.ts';`;
  const schema = [
    'export const schema = z.object({',
    '  server: z.object({ port: z.number().default(8080), host: z.string() }),',
    "  licence: z.string().meta({ 'x-secret': true }).optional(),",
    '  limits: z.record(z.string(), z.number()).optional(),',
    '});',
  ].join('\n');
  const chain = `export default [new EnvProvider({ prefix: 'APP', env: {} }), ${second}];`;
  const box = () => modules({ 'config.mjs': `${env}\n${chain}\n${schema}` });

  it('a misspelled key gets a suggestion, and the variable that was looked for', async () => {
    await using files = await box();
    const { code, out } = await llmConfig(['explain', files.path('config.mjs'), 'servr.port']);
    expect(code).toBe(1);
    expect(out).toMatch(/^servr\.port is not set\n/);
    expect(out).toContain('no such key: neither the schema nor a provider has "servr.port"\n');
    expect(out).toContain('did you mean server.port?\n');
    expect(out).toContain('looked for env APP_SERVR_PORT\n');
    const json = await llmConfig(['explain', files.path('config.mjs'), 'servr.port', '--json']);
    expect(JSON.parse(json.out).notes).toContain('did you mean server.port?');
  });

  it('a key of the schema that is not set has its default, and no suggestion', async () => {
    await using files = await box();
    const { code, out } = await llmConfig(['explain', files.path('config.mjs'), 'server.port']);
    expect(code).toBe(1);
    expect(out).toContain('default of the schema: 8080');
    expect(out).not.toMatch(/no such key|did you mean/);
    const open = await llmConfig(['explain', files.path('config.mjs'), 'limits.any']);
    expect(open.out).not.toContain('no such key');
  });

  it('without a schema, the keys of the providers are suggested', async () => {
    await using files = await modules({ 'config.mjs': `export default [${second}];` });
    const { out } = await llmConfig(['explain', files.path('config.mjs'), 'database.hots']);
    expect(out).toContain('no such key: no provider has "database.hots"');
    expect(out).toContain('did you mean database.host?');
  });
});

describe('llm-config explain of a section', () => {
  const server =
    'z.object({ port: z.number().default(8080), tls: z.object({ cert: z.string() }).optional() })';
  const database = 'z.object({ host: z.string(), password: z.string() })';
  const licence = "z.string().meta({ 'x-secret': true })";
  const fields = `server: ${server}, database: ${database}, in: z.object({ licence: ${licence} })`;
  const third = `new MemoryProvider({ 'in.licence': '${fake}' }, { name: 'third' })`;
  const schema = `export const schema = z.object({ ${fields} });`;
  const text = `export default [${first}, ${second}, ${third}]; ${schema}`;

  it('explains each key in it, secrets masked', async () => {
    await using files = await modules({ 'config.mjs': text });
    const file = files.path('config.mjs');
    const { code, out } = await llmConfig(['explain', file, 'database']);
    expect(code).toBe(0);
    expect(out).toMatch(/^database\.host = "db\.internal"\n.*wins\n.*shadowed\n/);
    expect(out).toMatch(/^database\.password = \[redacted\]\n/m);
    expect(out).not.toContain(fake);
    const json = await llmConfig(['explain', file, 'database', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      key: 'database',
      keys: [{ key: 'database.host' }, { key: 'database.password', secret: true }],
    });
  });

  it('shows the keys of the schema that are not set, with their defaults', async () => {
    await using files = await modules({ 'config.mjs': text });
    const { code, out } = await llmConfig(['explain', files.path('config.mjs'), 'server']);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^server\.port is not set$[\s\S]*default of the schema: 8080[\s\S]*^server\.tls\.cert is not set$/m,
    );
  });

  it('masks what only the schema marks as secret', async () => {
    await using files = await modules({ 'config.mjs': text });
    for (const args of [['in'], ['in.licence'], ['in.licence', '--json'], []]) {
      const { out } = await llmConfig(['explain', files.path('config.mjs'), ...args]);
      expect(out).toContain('in.licence');
      expect(out).toContain('[redacted]');
      expect(out).not.toContain(fake);
    }
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
    expect((await llmConfig(['check', box.path('null.mjs')])).err).toMatch(
      /cannot load the module .*Run `node .*` to see why/,
    );
    expect((await llmConfig(['check', box.path('option.mjs')])).err).toMatch(/MemoryProvider: .*nmae/);
    await using none = await sandbox();
    const { code, err } = await llmConfig(['check'], { cwd: none.directory });
    expect([code, err]).toEqual([2, expect.stringMatching(/MODULE is missing/)]);
  });
});

describe('llm-config unused', () => {
  const exact = `APP__SERVER__PRT: '1', APP__SERVER__PORT: '2', APP__OTHER__A: '3'`;
  const env = `{ ${exact}, APP_X: '4', APP_SERVER_PROT: '5', HOME: '/' }`;
  const config = (schema: string) =>
    [
      `import { BundleProvider } from '${source}providers/bundle.ts';`,
      `import { DotEnvProvider } from '${source}providers/dotenv.ts';`,
      `import { EnvProvider } from '${source}providers/env.ts';`,
      'const folder = new URL(".", import.meta.url).pathname;',
      `export const chain = new ProviderChain([
        new EnvProvider({ prefix: 'APP', env: ${env} }),
        new DotEnvProvider({ directory: folder, environment: 'x' }),
        new BundleProvider(folder + 'base.yaml'),
      ]);`,
      schema,
    ].join('\n');
  const server = 'z.object({ port: z.number(), host: z.string() })';
  const schema = `export const schema = z.object({ server: ${server} });`;
  const files = {
    '.env': 'SERVER__HOST=a\nSERVER__HOTS=b\nLIST__0=c\nSERVER_HOSTS=d\nDEBUG=e\n',
    'base.yaml': `server:\n  host: c\n  prot: ${fake}\nold:\n  a: 1\n  b: 2\n`,
  };

  it('unused lists variables with the prefix and lines of files that nothing reads', async () => {
    await using box = await modules({ 'config.mjs': config(schema) });
    await box.write(files);
    const { code, out, err } = await llmConfig(['unused', box.path('config.mjs')]);
    expect([code, err]).toEqual([1, '']);
    const lines = out.replaceAll(`${box.directory}/`, '').replace(/ +/g, ' ').trim().split('\n');
    expect(lines).toEqual([
      'env APP__SERVER__PRT server.prt Did you mean "server.port"?',
      'env APP__OTHER__A other.a',
      'env APP_SERVER_PROT server_prot Did you mean "server.port"?',
      '.env:2:1 server.hots Did you mean "server.host"?',
      '.env:3:1 list',
      '.env:4:1 server_hosts Did you mean "server.host"?',
      '.env:5:1 debug',
      'base.yaml:3:9 server.prot Did you mean "server.port"?',
      'base.yaml:5:6 old.a',
      'base.yaml:6:6 old.b',
    ]);
    const json = await llmConfig(['unused', box.path('config.mjs'), '--json']);
    expect(JSON.parse(json.out).unused[0]).toEqual({
      key: 'server.prt',
      origin: 'env APP__SERVER__PRT',
      similar: 'server.port',
    });
  });

  it('unused exits with 0 if everything is read, and names sections that are open', async () => {
    const open = `export const schema = z.object({ port: z.number(), more: z.record(z.string(), z.any()) });`;
    await using box = await modules({
      'all.mjs': `${schema}\nexport const chain = new MemoryProvider({ server: { port: 1, host: 'a' } });`,
      'open.mjs': `${open}\nexport const chain = new MemoryProvider({ other: 1, port: 1, more: { x: 2 } });`,
      'none.mjs': `export default [${first}];`,
      'down.mjs': `${schema}\nexport const chain = ${down};`,
    });
    const all = await llmConfig(['unused', box.path('all.mjs')]);
    expect(all).toEqual({ code: 0, out: 'Everything is read.\n', err: '' });
    const some = await llmConfig(['unused', box.path('open.mjs')]);
    expect([some.code, some.out]).toEqual([1, 'memory other  other\n']);
    expect(some.err).toBe('The schema may read any name in more\n');
    expect((await llmConfig(['unused', box.path('none.mjs')])).err).toMatch(/exports no schema/);
    const failed = await llmConfig(['unused', box.path('down.mjs')]);
    expect([failed.code, failed.out, failed.err.includes(fake)]).toEqual([3, '', false]);
  });
});

describe('the arguments after -- of llm-config', () => {
  const config = [
    `import { ArgvProvider } from '${source}providers/argv.ts';`,
    'export default new ArgvProvider();',
    'export const schema = z.object({ port: z.number() });',
  ].join('\n');

  it('reach the module, and those of the command do not', async () => {
    await using box = await modules({ 'config.mjs': config });
    const file = box.path('config.mjs');
    const own = process.argv;
    const { code, out } = await llmConfig(['check', file, '--', '--port=9', '--json', '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/port +9 +--port\n/);
    expect(process.argv).toBe(own);
    const other = await modules({ 'config.mjs': config });
    const { out: json } = await llmConfig(['check', other.path('config.mjs'), '--json']);
    expect(JSON.parse(json).keys).toEqual([{ key: 'port', state: 'absent' }]);
    await other.dispose();
  });

  it('are refused by commands without a module', async () => {
    expect((await llmConfig(['keygen', '--', '--port=9'])).code).toBe(2);
  });
});
