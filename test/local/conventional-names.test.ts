import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { below, spells } from '../../src/conventional-name.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { isUnreadable } from '../../src/entry.ts';
import type { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { checkConfig, loadConfig } from '../../src/index.ts';
import { looseKeyOf } from '../../src/local/loose-keys.ts';
import { serviceLinks } from '../../src/local/service-links.ts';
import { VariableNames } from '../../src/local/variable-names.ts';
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { folder } from '../support/folder.ts';

const fake = 'fake-Zq83-not-real';
const app = (env: Record<string, string>, options: object = {}) =>
  new EnvProvider({ prefix: 'APP', env, ...options });
const unprefixed = (env: Record<string, string>, options: object = {}) =>
  new EnvProvider({ env, ...options });
const refused = (load: Promise<unknown>): Promise<ConfigError> =>
  load.then(
    () => expect.fail('the load succeeded'),
    (error: ConfigError) => error,
  );

const noticesTo =
  (messages: string[]) =>
  (event: ConfigEvent): void => {
    if (event.type === 'notice') messages.push(event.message);
  };

describe('the form of a variable', () => {
  const forms = (options: object, ...names: string[]) =>
    names.map((name) => looseKeyOf(name, new VariableNames('test', options)));

  it('is exact with two underscores after the prefix, and conventional with one', () => {
    expect(forms({ prefix: 'APP' }, 'APP__SERVER__HOST', 'APP_SERVER_HOST', 'APP_PORT')).toEqual([
      { key: 'server.host', loose: 'always' },
      { key: 'server_host', loose: 'words' },
      { key: 'port', loose: 'words' },
    ]);
    expect(forms({}, 'SERVER__HOST', 'SERVER_HOST', 'PORT', 'http_proxy')).toEqual([
      { key: 'server.host', loose: 'known' },
      { key: 'server_host', loose: 'words' },
      { key: 'port', loose: 'words' },
      { key: 'http_proxy', loose: 'known' },
    ]);
  });

  it.each([
    'APP_',
    'APP_server_host',
    'APP_SERVER__HOST',
    'APP_SERVER_',
    'APP_1ST',
    'APP_SÉRVER',
    'APP_CONSTRUCTOR',
    'APP_PROTOTYPE',
    `APP_${'A'.repeat(513)}`,
    'SERVER_HOST',
    'app_SERVER_HOST',
    'APPLE_HOST',
  ])('is none of the two for %s with a prefix, and no error', async (name) => {
    expect(forms({ prefix: 'APP' }, name)).toEqual([undefined]);
    expect(await app({ [name]: 'v' }).list()).toEqual([]);
  });

  it('is exact for all names if the option separator is set, and none for a mapped name', () => {
    expect(forms({ separator: '_' }, 'SERVER_HOST')).toEqual([{ key: 'server.host', loose: 'known' }]);
    expect(forms({ prefix: 'APP', separator: '.' }, 'APP_HOST', 'APP.HOST')).toEqual([
      undefined,
      { key: 'host', loose: 'always' },
    ]);
    expect(forms({ variables: { a: 'DB_HOST' }, json: { b: 'DB_JSON' } }, 'DB_HOST', 'DB_JSON')).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('is the same for the prefix APP_ as for APP', async () => {
    const env = { APP_SERVER_HOST: 'a', APP__SERVER__PORT: '1' };
    const provider = new EnvProvider({ prefix: 'APP_', env });
    expect((await provider.get('server.host'))?.value).toBe('a');
    expect((await provider.get('server.port'))?.value).toBe('1');
    expect(provider.where('x')).toBe('env APP_X');
    expect(() => new EnvProvider({ prefix: 'APP__' })).toThrow('ends with the separator');
    const other = new EnvProvider({ prefix: 'APP_', separator: '.', env: { 'APP_.A': '1' } });
    expect((await other.get('a'))?.value).toBe('1');
  });
});

describe('the words of a conventional name', () => {
  it.each([
    ['server_host', 'server.host', true],
    ['server_host', 'serverHost', true],
    ['server_host', 'ser.verHost', false],
    ['log_name', 'log.name', true],
    ['logname', 'log.name', false],
    ['a_b_c', 'aB.c', true],
    ['a_b_c', 'a.bC', true],
    ['a_b_c', 'a.b', false],
    ['a_b', 'a.b.c', false],
    ['a_b', 'a."b"', true],
    ['a_b', 'a.""', false],
    ['a_b', 'a.-.b', false],
    ['x.a_b', 'X.a.b', true],
    ['x.a_b', 'xA.b', false],
  ])('%s can mean %s: %s', (name, key, expected) => {
    expect(spells(name, key)).toBe(expected);
  });

  it.each([
    ['server_host', ['server'], 'host'],
    ['server_host', ['ser'], undefined],
    ['server_host', ['server', 'host'], ''],
    ['server_host', [], 'server_host'],
    ['x.server_host', ['X'], 'server_host'],
    ['x.server_host', ['x', 'server'], 'host'],
    ['x.server_host', ['y'], undefined],
  ])('%s leaves below %j: %s', (name, section, left) => {
    expect(below(name, section)).toBe(left);
  });
});

describe('a conventional name', () => {
  const Schema = z.object({ server: z.object({ host: z.string(), port: z.number().default(1) }) });

  it('overrides a file, and loses against a source of higher priority', async () => {
    const file = new MemoryProvider({ server: { host: 'file', port: 80 } });
    const env = app({ APP_SERVER_HOST: 'env' });
    expect((await loadConfig(Schema, [env, file])).value.server).toEqual({ host: 'env', port: 80 });
    expect((await loadConfig(Schema, [file, env])).value.server.host).toBe('file');
  });

  it('makes no key, hides nothing below itself, and is not an item of a list', async () => {
    const env = app({ APP_NEW_KEY: 'x', APP_LIST_0: 'a', APP_SERVER: 'b', APP_MODELS_0: 'c' });
    const file = new MemoryProvider({ server: { host: 'h' }, models: ['m'] });
    expect(await new ProviderChain([env, file]).tree()).toEqual({ server: { host: 'h' }, models: ['m'] });
    expect(await loadConfig(z.looseObject({}), [env])).toMatchObject({ value: {} });
    expect((await loadConfig(z.object({}), [env], { unknown: 'error' })).value).toEqual({});
  });

  it('binds to each key that a file has below a record, also to several', async () => {
    const env = app({ APP_TAGS_A_B: 'x' });
    const file = new MemoryProvider({ tags: { a: { b: 1 }, aB: 2, a_b: 3, ab: 4, c: 5 } });
    expect(await new ProviderChain([env, file]).tree('tags')).toEqual({
      a: { b: 'x' },
      aB: 'x',
      a_b: 'x',
      ab: 'x',
      c: 5,
    });
  });

  it('binds to a key that only an exact name has made', async () => {
    const chain = new ProviderChain([
      app({ APP_NEW_KEY: 'a' }),
      unprefixed({ NEW__KEY: 'b' }, { name: 'own' }),
      app({ APP__NEW__KEY: 'c' }, { name: 'low' }),
    ]);
    expect(await chain.tree()).toEqual({ new: { key: 'a' } });
  });

  it('conflicts with another name of its provider that has another value', async () => {
    const both = app({ APP_SERVER_HOST: 'a', APP__SERVER__HOST: 'b' });
    await expect(both.get('server.host')).rejects.toMatchObject({
      code: 'conflict',
      message:
        '"server.host" has different values in env APP__SERVER__HOST and env APP_SERVER_HOST. ' +
        'Keep one of them',
    });
    const error = await refused(loadConfig(Schema, both));
    expect(error.problems).toMatchObject([{ kind: 'unreadable', key: 'server.host' }]);
    expect(error.message).toContain('env APP__SERVER__HOST and env APP_SERVER_HOST');
    const same = app({ APP_SERVER_HOST: 'a', APP__SERVER__HOST: 'a' });
    expect((await loadConfig(Schema, same)).value.server.host).toBe('a');
  });

  it('is text', async () => {
    const schema = z.object({
      a: z.object({ on: z.boolean(), list: z.array(z.string()), text: z.string() }),
    });
    const env = app({ APP_A_ON: 'false', APP_A_LIST: 'x,y', APP_A_TEXT: '0123' });
    expect((await loadConfig(schema, env)).value.a).toEqual({ on: false, list: ['x', 'y'], text: '0123' });
    const wide = app({ APP_A_ON: 'yes', APP_A_LIST: '[]', APP_A_TEXT: '' }, { booleans: 'wide' });
    expect((await loadConfig(schema, wide)).value.a).toEqual({ on: true, list: [], text: '' });
  });

  it('that is empty is absent with empty: absent', async () => {
    const env = app({ APP_SERVER_HOST: '' }, { empty: 'absent' });
    expect(await env.get('server.host')).toBeUndefined();
    const error = await refused(loadConfig(Schema, env));
    expect(error.problems?.[0]?.looked).toEqual(['env APP_SERVER_HOST (set, but empty)']);
  });

  it('is found through scoped and mounted views, and known after a read', async () => {
    const env = unprefixed({ ACME_AI_LLM_MODEL: 'm', MODEL: 'n', OTHER: 'o' });
    expect((await scoped(env, 'acmeAi').get('llm.model'))?.value).toBe('m');
    expect((await scoped(env, 'acme').list()).map(({ key }) => key)).toEqual(['ai_llm_model']);
    expect((await mounted(env, 'llm').get('llm.model'))?.value).toBe('n');
    const chain = new ProviderChain([
      scoped(env, 'acmeAi'),
      mounted(unprefixed({ MODEL_B: 'b' }), 'llm'),
      new MemoryProvider({ llm: { model: 'file', modelB: 'file' } }),
    ]);
    expect(await chain.tree()).toEqual({ llm: { model: 'm', modelB: 'b' } });
    await chain.get('llm.model');
    expect(chain.known('llm.model')?.entry?.value).toBe('m');
  });

  it('is listed below the sections that its words can spell', async () => {
    const env = app({ APP_DATA_BASE_HOST: 'a', APP_DATABASE: 'b', APP_DATABASES: 'c', APP_DATA: 'd' });
    const keys = async (prefix: string) => (await env.list(prefix)).map(({ key }) => key);
    expect(await keys('database')).toEqual(['data_base_host', 'database']);
    expect(await keys('data')).toEqual(['data_base_host', 'data']);
    expect(await keys('data.base')).toEqual(['data_base_host']);
    expect(await keys('base')).toEqual([]);
  });

  it('is secret by its own name, and by the key to which it is bound', async () => {
    const env = app(
      { APP_DB_PASS: fake, APP_SSHKEY: fake, APP_LICENSE_FILE_ID: fake, APP_X_Y: 'plain' },
      { sensitive: [/^license\.fileId$/] },
    );
    const file = { db: { pass: 1 }, sshKey: 1, license: { fileId: 1, file_id: 1 }, x: { y: 1 } };
    const chain = new ProviderChain([env, new MemoryProvider(file)]);
    const listed = await chain.list();
    const secretOf = Object.fromEntries(
      listed.flatMap((item) => (isUnreadable(item) ? [] : [[item.key, item.secret]])),
    );
    expect(secretOf).toEqual({
      'db.pass': true,
      sshKey: true,
      'license.fileId': true,
      'license.file_id': false,
      'x.y': false,
    });
    for (const key of Object.keys(secretOf)) expect((await chain.get(key))?.secret, key).toBe(secretOf[key]);
    const view = new ProviderChain([mounted(env, 'a'), new MemoryProvider({ a: file })]);
    expect((await view.get('a.license.fileId'))?.secret).toBe(true);
    expect((await view.list()).find(({ key }) => key === 'a.license.fileId')).toMatchObject({ secret: true });
    const config = await loadConfig([env, new MemoryProvider(file)]);
    expect(JSON.stringify(config)).not.toMatch(new RegExp(`sshKey":"${fake}`));
  });
});

describe('a conventional name that can mean two keys of the schema', () => {
  const Schema = z.object({ apiKey: z.string(), api: z.object({ key: z.string() }) });
  const problem = {
    kind: 'ambiguous',
    key: 'api.key',
    message: 'APP_API_KEY can mean "api.key" and "apiKey"',
    origin: 'env APP_API_KEY',
    hint: 'Set APP__API__KEY or APP__API_KEY instead',
  };

  it('is one problem of loadConfig and checkConfig, which names both keys and the exact names', async () => {
    const env = () => app({ APP_API_KEY: fake });
    const error = await refused(loadConfig(Schema, env()));
    expect(error.problems).toEqual([problem]);
    expect(error.message).toContain(
      [
        '  api.key',
        '    problem   APP_API_KEY can mean "api.key" and "apiKey"',
        '    in        env APP_API_KEY',
        '    to do     Set APP__API__KEY or APP__API_KEY instead',
      ].join('\n'),
    );
    expect(error.message).not.toContain(fake);
    expect((await checkConfig(Schema, env())).problems).toEqual([problem]);
  });

  it('is reported without a prefix, in a .env file, in views and below a section, too', async () => {
    const short = {
      message: 'API_KEY can mean "api.key" and "apiKey"',
      hint: 'Set API__KEY or APIKEY instead',
    };
    expect((await refused(loadConfig(Schema, unprefixed({ API_KEY: fake })))).problems).toMatchObject([
      short,
    ]);
    await using box = await folder({ '.env': `\nAPP_API_KEY=${fake}\n` });
    const dotenv = new DotEnvProvider({ prefix: 'APP', directory: box.path });
    expect((await refused(loadConfig(Schema, [app({}), dotenv]))).problems).toEqual([
      { ...problem, origin: `${box.at('.env')}:2:1` },
    ]);
    const inside = scoped(app({ APP_A_API_KEY: fake }), 'a');
    const found = {
      message: 'APP_A_API_KEY can mean "api.key" and "apiKey"',
      hint: 'Set APP__A__API__KEY or APP__A__API_KEY instead',
    };
    expect((await refused(loadConfig(Schema, inside))).problems).toMatchObject([found]);
    const at = loadConfig(Schema, app({ APP_A_API_KEY: fake }), { at: 'a' });
    expect((await refused(at)).problems).toMatchObject([{ ...found, key: 'api.key' }]);
  });

  it('is not a problem if it is overridden, one key is not read, or their letters are equal', async () => {
    const upper = new MemoryProvider({ apiKey: 'a', api: { key: 'b' } });
    expect((await loadConfig(Schema, [upper, app({ APP_API_KEY: fake })])).value.apiKey).toBe('a');
    const one = z.object({ apiKey: z.string() });
    const file = new MemoryProvider({ api: { key: 'b' } });
    expect((await loadConfig(one, [app({ APP_API_KEY: 'k' }), file])).value).toEqual({ apiKey: 'k' });
    const equal = z.object({ poolMax: z.number(), pool_max: z.number() });
    expect((await loadConfig(equal, app({ APP_POOL_MAX: '1' }))).value).toEqual({ poolMax: 1, pool_max: 1 });
  });

  it('below a record says to map its variables', async () => {
    const file = new MemoryProvider({ tags: { aB: 1, a: { b: 2 } } });
    const error = await refused(loadConfig(z.object({ tags: z.any() }), [app({ APP_TAGS_A_B: 'x' }), file]));
    expect(error.problems).toMatchObject([
      {
        message: 'APP_TAGS_A_B can mean "tags.a.b" and "tags.aB"',
        hint: 'Name the variable of each key in the option variables',
      },
    ]);
  });

  it('is named exactly by where and by the report once a load has the keys', async () => {
    const env = app({});
    expect([env.where('apiKey'), env.where('api.key')]).toEqual(['env APP_API_KEY', 'env APP_API_KEY']);
    const error = await refused(loadConfig(Schema, env));
    expect(error.problems?.map(({ hint }) => hint)).toEqual([
      'Set APP__API_KEY to a string',
      'Set APP__API__KEY to a string',
    ]);
    expect(env.where('api.key')).toBe('env APP__API__KEY');
  });
});

describe('a conventional name that binds to nothing', () => {
  const Schema = z.object({
    server: z.object({ host: z.string().default('h'), node1: z.string().default('n') }),
  });
  const notices = async (
    provider: EnvProvider | DotEnvProvider,
    options: object = {},
    schema: z.ZodType = Schema,
  ) => {
    const messages: string[] = [];
    await loadConfig(schema, provider, { on: noticesTo(messages), ...options });
    return messages;
  };

  it('is a notice if it has the prefix and is like a known key', async () => {
    const env = {
      APP_SERVER_HSOT: 'x',
      APP_SERVERHOST: 'y',
      APP_ENV: 'z',
      APP_SERVER_NODE2: '2',
      SERVER_HSOT: 'w',
    };
    const expected = [
      'nothing reads "server_hsot" (env APP_SERVER_HSOT). Did you mean APP_SERVER_HOST?',
      'nothing reads "serverhost" (env APP_SERVERHOST). Did you mean APP_SERVER_HOST?',
    ];
    expect(await notices(app(env))).toEqual(expected);
    expect(await notices(app(env), { unknown: 'warn' })).toEqual(expected);
    expect(await notices(app(env), { unknown: 'error' })).toEqual(expected);
    expect(await notices(app(env), { unknown: 'ignore' })).toEqual([]);
    expect(await notices(unprefixed(env))).toEqual([]);
  });

  it('is a notice in a .env file, with its line', async () => {
    await using box = await folder({ '.env': 'APP_SERVER_HOSTS=x\n' });
    expect(await notices(new DotEnvProvider({ prefix: 'APP', directory: box.path }))).toEqual([
      `nothing reads "server_hosts" (${box.at('.env')}:1:1). Did you mean APP_SERVER_HOST?`,
    ]);
  });
});

describe('names of the platform', () => {
  const User = z.object({ user: z.string() });
  const platform =
    'PATH HOME USER LOGNAME PWD SHELL TERM LANG LC_ALL TMPDIR TEMP NODE INIT_CWD HOSTNAME COLUMNS ' +
    'USERNAME OS PROGRAMDATA';

  it.each(platform.split(' '))('%s binds to nothing without a prefix unless it is mapped', async (name) => {
    const key = name.toLowerCase().replace('_', '.');
    expect(await unprefixed({ [name]: 'v' }).get(key)).toBeUndefined();
    expect(await unprefixed({ [name]: 'v' }, { separator: '.' }).get(key)).toBeUndefined();
    expect((await unprefixed({ [name]: 'v' }, { variables: { [key]: name } }).get(key))?.value).toBe('v');
    expect((await app({ [`APP_${name}`]: 'v' }).get(key))?.value).toBe('v');
    await using box = await folder({ '.env': `${name}=v\n` });
    expect((await new DotEnvProvider({ directory: box.path }).get(key))?.value).toBe('v');
  });

  it.each(['PORT', 'HOST', 'DEBUG', 'CI', 'TZ', 'NODE_ENV'])('%s binds without a prefix', async (name) => {
    const key = name.toLowerCase().replace('_', '.');
    expect((await unprefixed({ [name]: 'v' }).get(key))?.value).toBe('v');
  });

  it('are named in the report of a missing key, with what to do', async () => {
    const { problems } = await refused(loadConfig(User, unprefixed({ USER: fake })));
    expect(problems).toMatchObject([
      {
        looked: ['env USER (USER is set and is not used for "user")'],
        hint: 'Name it in variables',
      },
    ]);
    const unset = await refused(loadConfig(User, unprefixed({})));
    expect(unset.problems).toMatchObject([
      { looked: ['env USER (a name of the platform)'], hint: 'Name another variable in variables' },
    ]);
  });

  it('are one notice if the schema has the key, and no warning of the process', async () => {
    const notices: string[] = [];
    const on = noticesTo(notices);
    const source = [unprefixed({ USER: 'root', HOME: '/' }), new MemoryProvider({ user: 'app' })];
    const config = await loadConfig(User, source, { on });
    expect(config.value.user).toBe('app');
    await config.reload();
    const notice = 'USER is set and is not used for "user": name it in variables';
    expect(notices.filter((message) => message === notice)).toHaveLength(1);
    await loadConfig(User, source);
  });
});

describe('service links of Kubernetes', () => {
  const links = {
    APP_SERVICE_HOST: '10.0.0.1',
    APP_SERVICE_PORT: '80',
    APP_PORT: 'tcp://10.0.0.1:80',
    APP_PORT_80_TCP: 'tcp://10.0.0.1:80',
    APP_PORT_80_TCP_ADDR: '10.0.0.1',
  };

  it('are not conventional names while the service is announced', async () => {
    expect([...serviceLinks(Object.entries(links).map(([name, value]) => ({ name, value })))]).toEqual(
      Object.keys(links),
    );
    const env = app({ ...links, APP_HOST: 'h', APP__SERVICE__HOST: 's' });
    expect(await env.get('port')).toBeUndefined();
    expect((await env.get('service.host'))?.value).toBe('s');
    expect((await env.list()).map(({ key }) => key)).toEqual(['service.host', 'host']);
    expect(await unprefixed(links).get('app.port')).toBeUndefined();
    expect((await app({ ...links, APP__PORT: '9' }).get('port'))?.value).toBe('9');
    expect((await app(links, { variables: { port: 'APP_PORT' } }).get('port'))?.value).toMatch(/^tcp:/);
  });

  it.each([
    [{ ...links, APP_PORT: '8080' }, '8080'],
    [{ APP_PORT: 'tcp://10.0.0.1:80' }, 'tcp://10.0.0.1:80'],
    [{ ...links, APP_SERVICE_HOST: undefined as never }, 'tcp://10.0.0.1:80'],
  ])('are not recognised in %j', async (env, value) => {
    expect((await app(env).get('port'))?.value).toBe(value);
  });

  it('of IPv6 and of services with other words in their names are recognised', async () => {
    const env = {
      MY_PORT_API_SERVICE_HOST: 'fd00::1',
      MY_PORT_API_PORT: 'udp://[fd00::1]:53',
      MY_PORT_API_PORT_53_UDP: 'udp://[fd00::1]:53',
      MY_PORT: '1',
    };
    expect((await unprefixed(env).list()).map(({ key }) => key)).toEqual(['my_port']);
  });

  it('are named in the report of a missing key', async () => {
    const { problems } = await refused(loadConfig(z.object({ port: z.number() }), app(links)));
    expect(problems).toMatchObject([
      {
        looked: ['env APP_PORT (APP_PORT is a Kubernetes service link)'],
        hint: 'Set enableServiceLinks: false in the pod, or set APP__PORT',
      },
    ]);
  });
});
