import { existsSync, readFileSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { llmConfig } from './terminal.ts';

const source = new URL('../../src/', import.meta.url).href;
const fake = 'fake-Zq83-not-real';
const env = { LLM_CONFIG_KEY: Buffer.alloc(32, 9).toString('base64url') };
const head = [
  `import { DotEnvProvider, EnvProvider, MemoryProvider, ProviderChain } from '${source}index.ts';`,
  `import { z } from '${import.meta.resolve('zod')}';`,
  'const text = z.string().optional();',
  'export const schema = z.object({',
  '  server: z.object({ port: z.number(), tags: z.array(z.string()).optional() }),',
  '  api: z.object({ token: text, url: text, key: text }),',
  "  apiKey: z.string().optional(), licence: z.string().meta({ 'x-secret': true }).optional(),",
  '});',
].join('\n');
const config = `${head}\nexport const chain = new EnvProvider({ prefix: 'APP', env: {} });`;
const dotenv = [
  'APP_SERVER_PORT=8080',
  'APP__SERVER__TAGS=a,b',
  `APP_API_TOKEN="${fake}"`,
  `APP_LICENCE=L-${fake}`,
  'APP_API_KEY=1',
  'APP_API_URI=x',
  'OTHER=1',
  '',
].join('\n');

describe('llm-config import', () => {
  const run = (box: { directory: string; path(file: string): string }, to: string, ...more: string[]) =>
    llmConfig(['import', box.path('.env'), '--to', box.path(to), ...more], { env, cwd: box.directory });

  it('first prints what it would write, then writes an encrypted file', async () => {
    await using box = await sandbox({ files: { 'config.mjs': config, '.env': dotenv } });
    const dry = await run(box, 's.yaml.jwe');
    expect(dry.code).toBe(1);
    expect(dry.out).toBe(
      [
        'server.port  8080        new  APP_SERVER_PORT',
        'server.tags  ["a","b"]   new  APP__SERVER__TAGS',
        'api.token    [redacted]  new  APP_API_TOKEN',
        'licence      [redacted]  new  APP_LICENCE',
        '',
      ].join('\n'),
    );
    expect(dry.err).toBe(
      [
        'APP_API_KEY is left out: it can mean api.key and apiKey',
        'APP_API_URI is left out: no key of the schema has this name. Did you mean api.url?',
        'OTHER is left out: it does not begin with APP',
        'nothing is written. Add --yes to write',
        '',
      ].join('\n'),
    );
    expect(existsSync(box.path('s.yaml.jwe'))).toBe(false);
    const written = await run(box, 's.yaml.jwe', '--yes');
    expect([written.code, written.err]).toEqual([1, expect.stringContaining('4 values are written to')]);
    expect(written.err).toContain("Its reader is new EncryptedFileProvider({ path: '");
    const { out } = await llmConfig(['get', box.path('s.yaml.jwe'), 'api', '--json'], { env });
    expect(JSON.parse(out).value).toEqual({ token: fake });
    const port = await llmConfig(['get', box.path('s.yaml.jwe'), 'server.port', '--json'], { env });
    expect(JSON.parse(port.out).value).toBe(8080);
    const again = await run(box, 's.yaml.jwe', '--yes');
    expect(again.out.match(/ same /g)).toHaveLength(4);
    expect(again.err).toContain('has all of these values');
  });

  it('seals secrets in a readable file, and keeps its comments', async () => {
    const files = { 'config.mjs': config, '.env': dotenv, 'base.yaml': 'server:\n  port: 1 # shared\n' };
    await using box = await sandbox({ files });
    const { out, err } = await run(box, 'base.yaml', '--yes');
    expect(out).toMatch(/server\.port +8080 +changed/);
    const text = readFileSync(box.path('base.yaml'), 'utf8');
    expect(text).toMatch(/^server:\n {2}port: 8080 # shared\n/);
    expect(text.match(/sealed:/g)).toHaveLength(2);
    expect(text).not.toContain(fake);
    expect(err).toContain("/base.yaml', sealed: true })\n");
    const token = await llmConfig(['get', box.path('base.yaml'), 'api.token'], { env });
    expect(token.out).toBe(`${fake}\n`);
  });

  it('writes no secret as it is, unless that is asked for', async () => {
    await using box = await sandbox({ files: { 'config.mjs': config, '.env': dotenv } });
    const options = { cwd: box.directory };
    const args = ['import', box.path('.env'), '--to', box.path('a.toml'), '--yes'];
    expect(await llmConfig(args, options)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--plain'),
    });
    expect(existsSync(box.path('a.toml'))).toBe(false);
    await llmConfig([...args, '--plain'], options);
    expect(readFileSync(box.path('a.toml'), 'utf8')).toContain(`token = "${fake}"`);
  });

  it('asks on a terminal', async () => {
    await using box = await sandbox({ files: { '.env': 'A__B_C=1\nD=2\n' } });
    const args = ['import', box.path('.env'), '--to', box.path('x.json')];
    const no = await llmConfig(args, { env, cwd: box.directory, typed: ['n\n'] });
    expect([no.code, existsSync(box.path('x.json'))]).toEqual([0, false]);
    expect(no.err).toContain('a.bC');
    const yes = await llmConfig(args, { env, cwd: box.directory, typed: ['y\n'] });
    expect([yes.code, yes.out]).toEqual([0, '']);
    expect(JSON.parse(readFileSync(box.path('x.json'), 'utf8'))).toEqual({ a: { bC: '1' }, d: '2' });
    expect(yes.err).toMatch(/Write 2 values to .*x\.json\? \[Y\/n\] .*2 values are written/s);
  });

  it('writes with a provider of a module', async () => {
    const chain = [
      "export const store = new MemoryProvider({ 'server.port': 1 }, { name: 'store' });",
      "const other = new MemoryProvider({}, { name: 'other' });",
      "export const chain = new ProviderChain([new EnvProvider({ prefix: 'APP', env: {} }), store, other]);",
    ].join('\n');
    await using box = await sandbox({ files: { 'own.mjs': `${head}\n${chain}`, '.env': dotenv } });
    const several = await run(box, 'own.mjs', '--yes');
    expect([several.code, several.err]).toEqual([
      3,
      expect.stringContaining('--provider to one of store, other'),
    ]);
    const { code, out } = await run(box, 'own.mjs', '--provider', 'store', '--yes', '--json');
    expect([code, out.includes(fake)]).toEqual([1, false]);
    expect(JSON.parse(out)).toMatchObject({
      written: true,
      values: [{ key: 'server.port', value: 8080, state: 'changed' }, {}, { value: '[redacted]' }, {}],
    });
    const { store } = await import(box.path('own.mjs'));
    expect((await store.get('api.token')).value).toBe(fake);
    const none = await run(box, 'own.mjs', '--provider', 'env', '--yes');
    expect(none.err).toContain('no such provider of the chain can write');
  });

  it('refuses options for another kind of target', async () => {
    await using box = await sandbox({
      files: { 'own.mjs': `${head}\nexport default new MemoryProvider({});`, '.env': dotenv },
    });
    for (const [to, ...more] of [
      ['x.json', '--provider', 'vault'],
      ['x.json.jwe', '--plain'],
      ['own.mjs', '--plain'],
    ] as const) {
      const { code, err } = await run(box, to, '--yes', ...more);
      expect([code, err]).toEqual([2, expect.stringContaining(`${more[0]} is for a`)]);
      expect(existsSync(box.path('x.json')) || existsSync(box.path('x.json.jwe'))).toBe(false);
    }
  });

  it('prints a name that turns the line around as text', async () => {
    await using box = await sandbox({ files: { 'in.yaml': 'a\u202eb: 1\n', 'config.mjs': config } });
    const args = ['import', box.path('in.yaml'), '--to', 'x.json'];
    const { err } = await llmConfig(args, { env, cwd: box.directory });
    expect(err).toMatch(/^a\\u202eb is left out: /);
  });

  it('says so if a file has nothing to import', async () => {
    await using box = await sandbox({ files: { '.env': 'OTHER=1\n', 'config.mjs': config } });
    const { err } = await llmConfig(['import', box.path('.env'), '--to', 'x.json'], {
      env,
      cwd: box.directory,
    });
    expect(err).toMatch(/\.env has nothing to write\n$/);
  });

  it('leaves out what is sealed', async () => {
    await using box = await sandbox({ files: { '.env': 'A=1\nB_TOKEN=fake\n' } });
    await llmConfig(['seal', box.path('.env'), 'B_TOKEN'], { env });
    const { code, out, err } = await run(box, 'x.json');
    expect([code, out]).toEqual([1, 'a  "1"  new  A\n']);
    expect(err).toContain('B_TOKEN is left out: it is sealed');
    expect((await llmConfig(['import', box.path('.env')])).err).toContain('--to is missing');
  });
});

describe('llm-config encrypt .env', () => {
  const text = `# mine\nAPP_SERVER_PORT=8080 # port\nAPP_API_TOKEN='${fake}'\nEMPTY=\nexport OTHER=1\n`;

  it('seals each value in place, and its reader opens them', async () => {
    const module = [
      head,
      `export default () => new DotEnvProvider({ prefix: 'APP', directory: process.env.TEST_FOLDER });`,
    ].join('\n');
    await using box = await sandbox({ files: { '.env': text, 'config.mjs': module } });
    const options = { env, cwd: box.directory };
    process.env.TEST_FOLDER = box.directory;
    try {
      const { code, out, err } = await llmConfig(['encrypt', box.path('.env')], options);
      expect([code, out]).toEqual([1, 'APP_SERVER_PORT\nAPP_API_TOKEN\n']);
      expect(err).toContain('OTHER is not sealed: it lacks the prefix');
      const sealed = readFileSync(box.path('.env'), 'utf8');
      expect(sealed).toMatch(/^# mine\nAPP_SERVER_PORT=sealed:\S+ # port\nAPP_API_TOKEN='?sealed:/);
      expect(sealed.includes(fake)).toBe(false);
      process.env.LLM_CONFIG_KEY = env.LLM_CONFIG_KEY;
      const checked = await llmConfig(['check', 'config.mjs'], options);
      expect([checked.code, checked.err]).toEqual([0, '']);
      const opened = await llmConfig(['decrypt', box.path('.env')], options);
      expect([opened.code, opened.out.replaceAll("'", '')]).toEqual([0, text.replaceAll("'", '')]);
      const again = await llmConfig(['encrypt', box.path('.env'), '--prefix', 'APP'], options);
      expect(again.err).toContain('nothing to seal');
      expect(readFileSync(box.path('.env'), 'utf8')).toBe(sealed);
    } finally {
      Reflect.deleteProperty(process.env, 'TEST_FOLDER');
      Reflect.deleteProperty(process.env, 'LLM_CONFIG_KEY');
    }
  });

  it('decrypt leaves sealed what the reader does not read, and names it', async () => {
    await using box = await sandbox({ files: { '.env': `APP_A=${fake}\nTOKEN=${fake}\n` } });
    const run = (...args: string[]) => llmConfig(args, { env, cwd: box.directory });
    await run('seal', box.path('.env'), 'TOKEN', '--for-key', 'token');
    await run('encrypt', box.path('.env'), '--prefix', 'APP');
    const { code, out, err } = await run('decrypt', box.path('.env'), '--prefix', 'APP');
    expect(out).toMatch(new RegExp(`^APP_A=${fake}\nTOKEN=sealed:`));
    expect([code, err]).toEqual([1, expect.stringContaining('TOKEN is still sealed: it lacks the prefix')]);
  });

  it('refuses --out, because it writes in place', async () => {
    const { code, err } = await llmConfig(['encrypt', '.env', '--out', 'a.jwe'], { env });
    expect([code, err]).toEqual([2, expect.stringContaining('sealed in place')]);
  });

  it('needs a key, and leaves the file as it is without one', async () => {
    await using box = await sandbox({ files: { '.env': text } });
    const { code } = await llmConfig(['encrypt', box.path('.env')], { cwd: box.directory });
    expect([code, readFileSync(box.path('.env'), 'utf8')]).toEqual([2, text]);
    expect((await llmConfig(['encrypt', box.path('no.env')], { env })).code).toBe(3);
    const plain = await llmConfig(['decrypt', box.path('.env')], { cwd: box.directory });
    expect(plain).toEqual({ code: 0, out: text, err: '' }); // nothing is sealed
  });
});

describe('one value of a .env file beside a module', () => {
  const text = `APP_API_TOKEN=${fake}\nTOKEN=${fake}\n`;

  it('is sealed, read and unsealed with the prefix of the module', async () => {
    await using box = await sandbox({ files: { '.env': text, 'config.mjs': config } });
    const options = { env, cwd: box.directory };
    const file = box.path('.env');
    const { code, err } = await llmConfig(['seal', file, 'APP_API_TOKEN'], options);
    expect([code, err]).toEqual([0, expect.stringContaining('the letters "apitoken"')]);
    expect((await llmConfig(['get', file, 'APP_API_TOKEN'], options)).out).toBe(`${fake}\n`);
    const wrong = await llmConfig(['get', file, 'APP_API_TOKEN', '--prefix', ''], options);
    expect(wrong.err).toContain('was sealed for "apitoken"');
    expect((await llmConfig(['unseal', file, 'APP_API_TOKEN'], options)).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect((await llmConfig(['seal', file, 'TOKEN'], options)).err).toContain('lacks the prefix');
    expect((await llmConfig(['seal', file, 'TOKEN', '--prefix', ''], options)).code).toBe(0);
  });

  it('needs --prefix if the module cannot be loaded', async () => {
    await using box = await sandbox({ files: { '.env': text, 'config.mjs': 'throw new TypeError()' } });
    const options = { env, cwd: box.directory };
    const { code, err } = await llmConfig(['seal', box.path('.env'), 'APP_API_TOKEN'], options);
    expect([code, readFileSync(box.path('.env'), 'utf8')]).toEqual([3, text]);
    expect(err).toMatch(/prefix of the variables is not known: .*config\.mjs.*Or pass .* --prefix/);
    expect((await llmConfig(['seal', box.path('.env'), 'TOKEN', '--prefix', ''], options)).code).toBe(0);
  });
});
