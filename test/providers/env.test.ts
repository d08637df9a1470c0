import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { isUnreadable } from '../../src/entry.ts';
import type { ConfigError } from '../../src/errors.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { folder } from '../support/folder.ts';
import { until } from '../support/until.ts';

const fake = 'fake-Zq83-not-real';
const app = (env: Record<string, string>, options: object = {}) =>
  new EnvProvider({ prefix: 'APP', env, ...options });
const failure = async (work: Promise<unknown>): Promise<ConfigError> => {
  try {
    await work;
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('it answered');
};

describe('EnvProvider', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('finds a variable by its letters in any spelling of the key', async () => {
    const provider = app({ APP__DATABASE__POOL_MAX: '10', OTHER__X: '1', APPLE__X: '2' });
    for (const key of ['database.poolMax', 'database.pool_max', 'database.pool-max', 'database/POOLMAX'])
      expect(await provider.get(key)).toMatchObject({
        value: '10',
        loose: 'always',
        text: true,
        secret: false,
      });
    expect((await provider.get('database.poolMax'))?.key).toBe('database.poolMax');
    expect(`${(await provider.get('database.poolMax'))?.origin}`).toBe('env APP__DATABASE__POOL_MAX');
    expect(await provider.get('database.pool.max')).toBeUndefined();
    expect((await provider.list()).map((item) => item.key)).toEqual(['database.pool_max']);
  });

  it('keeps an empty variable as a value', async () => {
    expect((await app({ APP__A: '' }).get('a'))?.value).toBe('');
  });

  it('returns undefined for a section', async () => {
    const provider = app({ APP__DATABASE__HOST: 'h', APP__DB: '{}' }, { json: { cache: 'CACHE_JSON' } });
    expect(await provider.get('database')).toBeUndefined();
    expect(await provider.get('')).toBeUndefined();
  });

  it('keeps PATH and HOME out of the tree without a prefix', async () => {
    const env = new EnvProvider({
      env: { PATH: '/bin', HOME: '/root', DATABASE__HOST: 'from env', _: '/bin/node', __CF: 'x' },
    });
    const chain = new ProviderChain([env, new MemoryProvider({ database: { host: 'default' } })]);
    expect(await chain.tree()).toEqual({ database: { host: 'from env' } });
    expect(await env.get('path')).toBeUndefined();
    expect((await env.list()).map(({ key, loose }) => [key, loose])).toEqual([
      ['database.host', 'known'],
      ['_', 'known'],
    ]);
  });

  it('lists only keys that get returns', async () => {
    const names = [
      'APP__A',
      'APP__POOL_MAX',
      'APP__größe',
      'APP__a b',
      'APP__logging.level',
      'APP__X__0__Y',
      'APP___',
      'APP__a/b',
      'APP__"',
    ];
    const provider = app({
      ...Object.fromEntries(names.map((name, i) => [name, `v${i}`])),
      APP__GONE: undefined as never,
    });
    const items = await provider.list();
    expect(items).toHaveLength(names.length);
    for (const item of items)
      expect((await provider.get(item.key))?.value).toEqual((item as { value: unknown }).value);
    const tree = await new ProviderChain([provider]).tree();
    expect(Object.keys(tree)).toHaveLength(names.length);
  });

  it('lists variables at or below a prefix in any spelling', async () => {
    const provider = app({
      APP__DATA_BASE__HOST: 'h',
      APP__DATABASE__PORT: '1',
      APP__DATABASES: 'x',
      APP__DATABASE: 'itself',
    });
    const found = (await provider.list('dataBase')).map((item) => item.key);
    expect(found).toEqual(['data_base.host', 'database.port', 'database']);
    expect(await provider.list('database.port.x')).toEqual([]);
  });

  describe('variable names', () => {
    it('where names the variable to set', () => {
      const provider = app(
        {},
        { variables: { 'database.url': 'DATABASE_URL' }, json: { cache: 'CACHE_JSON' } },
      );
      expect(provider.where('database.poolMax')).toBe('env APP_DATABASE_POOL_MAX');
      expect(provider.where('database/pool-max')).toBe('env APP_DATABASE_POOL_MAX');
      expect(provider.where('database.url')).toBe('env DATABASE_URL');
      expect(provider.where('cache')).toBe('env CACHE_JSON\nenv APP_CACHE');
      expect(provider.where('cache.ttlMs')).toBe('env CACHE_JSON#ttlMs\nenv APP_CACHE_TTL_MS');
      expect(new EnvProvider({ env: {} }).where('llm.apiKey')).toBe('env LLM_API_KEY');
      expect(new EnvProvider({ env: {}, separator: '_' }).where('llm.apiKey')).toBe('env LLM_APIKEY');
    });

    it('where says that no name can spell the key', () => {
      expect(app({}).where('größe')).toContain('set the option variables');
    });

    it('accepts another separator', async () => {
      const provider = new EnvProvider({
        prefix: 'app',
        separator: '.',
        env: { 'app.Database.Pool_Max': '3' },
      });
      expect((await provider.get('database.poolMax'))?.value).toBe('3');
    });

    it('maps a key to an exact variable, which is then not loose', async () => {
      const provider = app(
        { PORT: '80', APP__LEGACY: 'l' },
        { variables: { 'http.port': 'PORT', 'server.name': 'APP__LEGACY', none: 'NONE' } },
      );
      expect(await provider.get('http.port')).toMatchObject({ key: 'http.port', value: '80', text: true });
      expect((await provider.get('http.port'))?.loose).toBeUndefined();
      expect((await provider.get('server.name'))?.value).toBe('l');
      expect(await provider.get('legacy')).toBeUndefined();
      expect(await provider.get('none')).toBeUndefined();
      expect((await provider.list()).map((item) => [item.key, item.loose])).toEqual([
        ['http.port', undefined],
        ['server.name', undefined],
      ]);
      expect((await provider.list('http')).map((item) => item.key)).toEqual(['http.port']);
    });

    it.each([
      'APP__',
      'APP____X',
      'APP__X__',
      'APP__A____B',
      'APP__CONSTRUCTOR',
      'APP__A__PROTOTYPE',
      `APP__${'A__'.repeat(40)}B`,
    ])('refuses %s, which has the prefix and cannot be a key', async (name) => {
      const error = await failure(app({ APP__GOOD: '1', [name]: fake }).get('good'));
      expect(error).toMatchObject({ code: 'invalid_key', provider: 'env' });
      expect(error.message).toContain(`env ${name}`);
      expect(inspect(error)).not.toContain(fake);
    });

    it('skips names that cannot be keys without a prefix, and accepts mapped ones', async () => {
      const env = { A____B: '1', CONSTRUCTOR: '2', GOOD: '3', __PROTO__: '4' };
      expect((await new EnvProvider({ env }).list()).map((item) => item.key)).toEqual(['good']);
      expect((await app({ APP____X: '5' }, { variables: { x: 'APP____X' } }).get('x'))?.value).toBe('5');
    });

    it('pollutes no prototype', async () => {
      const provider = new EnvProvider({ env: JSON.parse('{"__proto__":"x","__proto____polluted":"y"}') });
      await provider.list();
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    });

    it('refuses invalid options', () => {
      const refused = (options: object) => {
        try {
          return String(new EnvProvider(options));
        } catch (error) {
          return (error as ConfigError).message;
        }
      };
      expect(refused({ prefix: 'APP__' })).toContain('ends with the separator');
      expect(refused({ separator: 'X' })).toContain('separator must be');
      expect(refused({ separator: '' })).toContain('separator must be');
      expect(refused({ prefx: 'A' })).toContain('Did you mean prefix?');
      expect(refused({ variables: { 'a..b': 'X' } })).toContain('empty segment');
      expect(refused({ variables: { a: 1 } })).toContain('variables must be');
      expect(refused({ fileSuffix: '' })).toContain('fileSuffix must be');
    });
  });

  describe('two variables with the same letters', () => {
    const env = { http_proxy: 'one', HTTP_PROXY: 'two', no_proxy: 'same', NO_PROXY: 'same', GOOD: '1' };

    it('ignores variables with the same letters until their key is read', async () => {
      const chain = new ProviderChain([new EnvProvider({ env }), new MemoryProvider({ good: '0' })]);
      expect(await chain.tree()).toEqual({ good: '1' });
      expect(await chain.value('good')).toBe('1');
    });

    it('reports a conflict of variables with the same letters and names both', async () => {
      const provider = new EnvProvider({ env });
      const error = await failure(provider.get('httpProxy'));
      expect(error).toMatchObject({ code: 'conflict', key: 'httpProxy', provider: 'env' });
      expect(error.message).toContain('env http_proxy and env HTTP_PROXY');
      const chain = new ProviderChain([provider, new MemoryProvider({ httpProxy: 'default' })]);
      await expect(chain.get('httpProxy')).rejects.toMatchObject({ code: 'conflict' });
      await expect(chain.tree()).rejects.toMatchObject({ code: 'conflict' });
    });

    it('accepts variables with the same letters and equal values', async () => {
      expect((await new EnvProvider({ env }).get('noProxy'))?.value).toBe('same');
    });

    it('reports a conflict of a mapped and a loose variable; secret if one is', async () => {
      const variables = { port: 'PORT' };
      await expect(app({ PORT: '1', APP__PORT: '2' }, { variables }).get('port')).rejects.toMatchObject({
        code: 'conflict',
      });
      expect((await app({ PORT: '1', APP__PORT: '1' }, { variables }).get('port'))?.value).toBe('1');
      const same = app({ DB_PASSWORD: fake, APP__X: fake }, { variables: { x: 'DB_PASSWORD' } });
      expect((await same.get('x'))?.secret).toBe(true);
    });
  });

  describe('numbered variables', () => {
    it('makes a list of numbered variables', async () => {
      const provider = app({
        APP__SERVERS__1__HOST: 'b',
        APP__SERVERS__0__HOST: 'a',
        APP__SERVERS__0__PORT_NUMBER: '1',
        APP__TAGS__0: 'x',
      });
      expect((await provider.get('servers'))?.value).toEqual([{ host: 'a', portNumber: '1' }, { host: 'b' }]);
      expect((await provider.get('tags'))?.value).toEqual(['x']);
      expect(await provider.get('servers.0.host')).toBeUndefined();
    });

    it('returns lists that callers cannot change', async () => {
      const provider = app({ APP__SERVERS__0__HOST: 'a' });
      const list = (await provider.get('servers'))!.value as { host: string }[];
      expect(() => list.push({ host: 'b' })).toThrow(TypeError);
      expect(() => Object.assign(list[0]!, { host: 'c' })).toThrow(TypeError);
    });

    it('makes a hole of a list with missing numbers and hides lower providers', async () => {
      const provider = app({ APP__SERVERS__0: 'a', APP__SERVERS__2: 'c' });
      const error = await failure(provider.get('servers'));
      expect(error).toMatchObject({ code: 'conflict' });
      expect(error.message).toContain('env APP__SERVERS__0, env APP__SERVERS__2');
      const chain = new ProviderChain([provider, new MemoryProvider({ servers: ['default'] })]);
      await expect(chain.get('servers')).rejects.toMatchObject({ code: 'conflict' });
      await expect(provider.get('servers.0')).rejects.toMatchObject({ code: 'conflict' });
      expect((await provider.list('servers.0')).map(isUnreadable)).toEqual([true]);
    });

    it('marks a list as secret when one item is secret', async () => {
      expect((await app({ APP__KEYS__0__ID: '1', APP__KEYS__0__API_KEY: fake }).get('keys'))?.secret).toBe(
        true,
      );
    });
  });

  describe('the option json', () => {
    const json = { database: 'DATABASE_JSON' };
    const text = JSON.stringify({ host: 'h', pool: { max: 5 }, tags: ['a'], password: fake, none: null });

    it('reads a variable as a section with the types of JSON', async () => {
      const provider = app({ DATABASE_JSON: text }, { json });
      expect(await provider.get('database.pool.max')).toMatchObject({
        key: 'database.pool.max',
        value: 5,
        secret: false,
      });
      expect((await provider.get('database.pool.max'))?.text).toBeUndefined();
      expect((await provider.get('database.none'))?.value).toBeNull();
      expect(await provider.get('database.password')).toMatchObject({ value: fake, secret: true });
      expect(`${(await provider.get('database.host'))?.origin}`).toBe('env DATABASE_JSON');
      expect(await provider.get('database.absent')).toBeUndefined();
      expect(await provider.get('database.host.length')).toBeUndefined();
      expect(await provider.get('database.pool')).toBeUndefined();
      expect(await provider.get('database')).toBeUndefined();
    });

    it('lists the part of a section below a prefix, with secrecy per leaf', async () => {
      const provider = app({ DATABASE_JSON: text }, { json });
      const [pool] = await provider.list('database.pool');
      expect(pool).toMatchObject({ key: 'database.pool', value: { max: 5 }, secret: false });
      expect((await provider.list('database.password'))[0]).toMatchObject({ secret: true });
      expect(await provider.list('database.absent')).toEqual([]);
      const chain = new ProviderChain([provider]);
      expect(await chain.tree('database')).toEqual(JSON.parse(text));
      expect((await chain.list()).find((item) => item.key === 'database.password')).toMatchObject({
        secret: true,
      });
      expect(inspect(await provider.list(), { depth: 9, showHidden: true })).not.toContain(fake);
    });

    it('keeps the secrecy of leaves in a nested section', async () => {
      const provider = app(
        { ALL_JSON: JSON.stringify({ db: { main: { password: fake, host: 'h' } } }) },
        { json: { '': 'ALL_JSON' } },
      );
      expect((await provider.get('db.main.password'))?.secret).toBe(true);
      const [main] = await provider.list('db.main');
      expect((main as { leaf: (key: string) => object }).leaf('password')).toMatchObject({ secret: true });
      expect((main as { leaf: (key: string) => object }).leaf('host')).toMatchObject({ secret: false });
    });

    it.each([
      ['broken', `{"password":"${fake}`, 'parse'],
      ['empty', '', 'parse'],
      ['not an object', '[1]', 'parse'],
      ['a duplicate key', `{"a":"${fake}","a":1}`, 'parse'],
      ['a reserved name', '{"__proto__":{"x":1}}', 'parse'],
      ['too large a number', '{"a":12345678901234567890}', 'parse'],
    ])('makes a hole of JSON that is %s, without quoting it', async (_, broken, code) => {
      const provider = app({ DATABASE_JSON: broken, APP__GOOD: '1' }, { json });
      const error = await failure(provider.get('database.host'));
      expect(error.code).toBe(code);
      expect(error.message).toContain('env DATABASE_JSON');
      expect(inspect(error, { showHidden: true })).not.toContain(fake);
      expect((await provider.get('good'))?.value).toBe('1');
      const chain = new ProviderChain([provider, new MemoryProvider({ database: { host: 'default' } })]);
      await expect(chain.get('database.host')).rejects.toMatchObject({ code });
      await expect(chain.tree()).rejects.toMatchObject({ code });
    });

    it('leaves other text that looks like JSON as text', async () => {
      expect((await app({ APP__A: '{"b":1}' }).get('a'))?.value).toBe('{"b":1}');
      expect(await app({ APP__A: '{"b":1}' }).get('a.b')).toBeUndefined();
    });

    it('reports a conflict with a loose variable of another value', async () => {
      const provider = app(
        { DATABASE_JSON: '{"host":"a"}', APP__DATABASE__HOST: 'b', APP__DATABASE: 'c' },
        { json },
      );
      await expect(provider.get('database.host')).rejects.toMatchObject({ code: 'conflict' });
      await expect(provider.get('database')).rejects.toThrow(
        /is a section in env DATABASE_JSON and a value in env APP__DATABASE/,
      );
    });
  });

  describe('secrecy of variables', () => {
    it('marks variables as secret by key, value, name and the option sensitive', async () => {
      const provider = app(
        {
          APP__DB__PASSWORD: fake,
          APP__URL: `https://u:${fake}@h/`,
          LICENSE_TOKEN: fake,
          APP__PIN: '1',
          APP__MAX_TOKENS: '9',
        },
        { variables: { license: 'LICENSE_TOKEN' }, sensitive: ['pin'] },
      );
      for (const key of ['db.password', 'url', 'license', 'pin'])
        expect((await provider.get(key))?.secret, key).toBe(true);
      expect((await provider.get('maxTokens'))?.secret).toBe(false);
      const all = [provider, await provider.list(), await provider.get('url')];
      for (const one of all)
        expect(inspect(one, { depth: 9, showHidden: true }) + JSON.stringify(one)).not.toContain(fake);
    });
  });

  describe('the environment of EnvProvider', () => {
    it('reads process.env once by default and never writes it', async () => {
      vi.stubEnv('LCM_TEST__A', '1');
      const before = JSON.stringify(process.env);
      const provider = new EnvProvider({ prefix: 'LCM_TEST' });
      vi.stubEnv('LCM_TEST__A', '2');
      expect((await provider.get('a'))?.value).toBe('1');
      vi.stubEnv('LCM_TEST__A', '1');
      expect(JSON.stringify(process.env)).toBe(before);
    });

    it('reads the environment again on refresh and maxAgeMs: 0', async () => {
      const env: Record<string, string> = { APP__A: '1', APP__B: '1' };
      const provider = app(env);
      const entry = await provider.get('a');
      env.APP__A = '2';
      delete env.APP__B;
      expect((await provider.get('a'))?.value).toBe('1');
      await provider.refresh();
      expect((await provider.get('a'))?.value).toBe('2');
      expect(await provider.get('b')).toBeUndefined();
      expect(entry?.value).toBe('1');
      env.APP__A = '3';
      expect((await provider.get('a', { maxAgeMs: 0 }))?.value).toBe('3');
    });

    it('keeps the last content when a name becomes invalid and fails a fresh read', async () => {
      const env: Record<string, string> = { APP__A: '1' };
      const provider = app(env);
      await provider.get('a');
      env.APP____B = '2';
      await expect(provider.refresh()).rejects.toMatchObject({ code: 'invalid_key' });
      await expect(provider.get('a', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'invalid_key' });
      expect((await provider.get('a'))?.value).toBe('1');
      expect(await provider.health()).toMatchObject({ status: 'degraded' });
      delete env.APP____B;
      expect(await provider.health()).toMatchObject({ status: 'ok' });
    });

    it('caches a bounded number of keys', async () => {
      const provider = app({ APP__A: '1' });
      for (let i = 0; i < 10_050; i++) await provider.get(`k${i}`);
      expect((await provider.get('a'))?.value).toBe('1');
    });
  });

  describe('the option fileSuffix', () => {
    const suffixed = (env: Record<string, string>, options: object = {}) =>
      app(env, { fileSuffix: '_FILE', ...options });

    it('reads no files unless fileSuffix is set', async () => {
      expect((await app({ APP__KEY_FILE: '/run/key' }).get('keyFile'))?.value).toBe('/run/key');
    });

    it('reads a secret value from the file without one trailing line break', async () => {
      await using dir = await folder({ a: `${fake}\n`, b: 'two\n\n', c: 'crlf\r\n', d: '\uFEFFbom', e: '' });
      const provider = suffixed({
        APP__DB__HOST_FILE: dir.at('a'),
        APP__B_FILE: dir.at('b'),
        APP__C_FILE: dir.at('c'),
        APP__D_FILE: dir.at('d'),
        APP__E_FILE: dir.at('e'),
      });
      const entry = await provider.get('db.host');
      expect(entry).toMatchObject({ value: fake, secret: true, text: true });
      expect(`${entry?.origin}`).toBe('env APP__DB__HOST_FILE');
      expect((await provider.get('b'))?.value).toBe('two\n');
      expect((await provider.get('c'))?.value).toBe('crlf');
      expect((await provider.get('d'))?.value).toBe('bom');
      expect((await provider.get('e'))?.value).toBe('');
      expect(await provider.get('db.hostFile')).toBeUndefined();
    });

    it('applies fileSuffix to mapped variables and JSON sections, not to mapped file names', async () => {
      await using dir = await folder({ pw: fake, json: '{"host":"h"}' });
      const provider = suffixed(
        { DB_PW_FILE: dir.at('pw'), DB_JSON_FILE: dir.at('json'), LOG_FILE: '/var/log/x' },
        { variables: { 'db.pw': 'DB_PW', 'log.file': 'LOG_FILE' }, json: { cache: 'DB_JSON' } },
      );
      expect(await provider.get('db.pw')).toMatchObject({ value: fake, secret: true });
      expect(await provider.get('cache.host')).toMatchObject({ value: 'h', secret: true });
      expect((await provider.get('log.file'))?.value).toBe('/var/log/x');
    });

    it('makes a hole of an unreadable file and prints no path', async () => {
      await using dir = await folder({ binary: Buffer.from([0xff, 0xfe, 0x00]), 'folder/x': '' });
      const paths = {
        GONE: dir.at('gone-2f81'),
        BINARY: dir.at('binary'),
        FOLDER: dir.at('folder'),
        EMPTY: '',
      };
      const provider = suffixed(
        Object.fromEntries(Object.entries(paths).map(([name, path]) => [`APP__${name}_FILE`, path])),
      );
      const codes = { gone: 'io', binary: 'parse', folder: 'io', empty: 'io' };
      for (const [key, code] of Object.entries(codes)) {
        const error = await failure(provider.get(key));
        expect(error.code, key).toBe(code);
        expect(error.message).toContain(`env APP__${key.toUpperCase()}_FILE`);
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(dir.path);
      }
      const chain = new ProviderChain([provider, new MemoryProvider({ gone: 'default', other: 1 })]);
      await expect(chain.get('gone')).rejects.toMatchObject({ code: 'io' });
      await expect(chain.tree()).rejects.toMatchObject({ code: 'io' });
      expect(await chain.value('other')).toBe(1);
    });

    it('limits an unreadable file to its key without a prefix', async () => {
      const env = new EnvProvider({ env: { SSL_CERT_FILE: '/nonexistent', A: '1' }, fileSuffix: '_FILE' });
      const below = new MemoryProvider({ a: 0, ssl: { certs: 'x' } });
      expect(await new ProviderChain([env, below]).tree()).toEqual({ a: '1', ssl: { certs: 'x' } });
      const cert = new ProviderChain([env, new MemoryProvider({ ssl: { cert: 'x' } })]);
      await expect(cert.tree()).rejects.toMatchObject({ code: 'io' });
      await expect(env.get('sslCert')).rejects.toMatchObject({ code: 'io' });
      expect(await env.get('sslCert.below')).toBeUndefined();
    });

    it('reports a conflict when the variable and its file have different values', async () => {
      await using dir = await folder({ a: 'x' });
      await expect(suffixed({ APP__A: 'y', APP__A_FILE: dir.at('a') }).get('a')).rejects.toMatchObject({
        code: 'conflict',
      });
      expect((await suffixed({ APP__A: 'x', APP__A_FILE: dir.at('a') }).get('a'))?.value).toBe('x');
    });

    it('reads the files again on refresh and notifies watchers', async () => {
      await using dir = await folder({ a: 'old' });
      const provider = suffixed({ APP__A_FILE: dir.at('a') });
      expect((await provider.get('a'))?.value).toBe('old');
      const changed = new Promise<object>((resolve) => void provider.watch?.(resolve));
      await dir.replace('a', 'new');
      expect(await changed).toMatchObject({ provider: 'env' });
      await until('a is new', async () => (await provider.get('a'))?.value === 'new');
      await dir.write({ a: 'newer' });
      await provider.refresh();
      expect((await provider.get('a'))?.value).toBe('newer');
      await provider.close();
    });

    it('watches its files before the first read, and no other files', async () => {
      await using dir = await folder({ a: 'old' });
      const provider = suffixed({
        APP__A_FILE: dir.at('a'),
        OTHER_FILE: dir.at('gone'),
        APP__B_FILE: '',
        APP__C: '',
      });
      const changed = new Promise<object>((resolve) => void provider.watch?.(resolve));
      await dir.replace('a', 'new');
      await changed;
      await until('a is new', async () => (await provider.get('a'))?.value === 'new');
      expect(await provider.get('other')).toBeUndefined();
      await provider.close();
    });

    it('reads an empty file a second time, because it may be mid-write', async () => {
      await using dir = await folder({ a: 'old' });
      const provider = suffixed({ APP__A_FILE: dir.at('a') });
      expect((await provider.get('a'))?.value).toBe('old');
      await dir.write({ a: '' });
      const read = provider.get('a', { maxAgeMs: 0 });
      setTimeout(() => void dir.write({ a: 'new' }), 5);
      expect((await read)?.value).toBe('new');
    });

    it('adds watch to the provider only if it is set', () => {
      expect(app({}).watch).toBeUndefined();
    });
  });

  it('rejects with aborted for an aborted caller', async () => {
    const signal = AbortSignal.abort();
    await expect(app({ APP__A: '1' }).get('a', { signal })).rejects.toMatchObject({ code: 'aborted' });
    await expect(app({ APP__A: '1' }).list('', { signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});
