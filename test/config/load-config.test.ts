import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type } from 'arktype';
import * as v from 'valibot';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { z as zod3 } from 'zod/v3';
import { makeEntry } from '../../src/entry.ts';
import {
  BundleProvider,
  ConfigError,
  type ConfigEvent,
  type ConfigProvider,
  checkConfig,
  describeKeys,
  EnvProvider,
  type Layer,
  type ListOptions,
  loadConfig,
  MemoryProvider,
  ProviderChain,
  type StandardSchemaV1,
  scoped,
  secret,
  type Unreadable,
} from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';
import { schemas } from '../support/schemas.ts';

const origin = (source: string) => makeOrigin({ provider: 'store', source });
const hole = (key: string, code: 'disabled' | 'crypto' = 'disabled'): Unreadable => ({
  key,
  origin: origin(`store ${key}`),
  error: new ConfigError(code, `store ${key} is disabled`, { hint: 'Enable it' }),
});

/** A remote store with the abilities that a load uses. */
function store(
  layer: Partial<Layer>,
  name = 'store',
): ConfigProvider & { readonly asked: ListOptions[]; closed: boolean } {
  const asked: ListOptions[] = [];
  return {
    name,
    asked,
    closed: false,
    get: async () => undefined,
    list: async (_prefix = '', options = {}) => {
      asked.push(options);
      if (layer.error) throw layer.error;
      return [...(layer.entries ?? []), ...(layer.holes ?? [])];
    },
    where: (key) => `store ${key}`,
    async close() {
      this.closed = true;
    },
  };
}

const entry = (key: string, value: string) =>
  makeEntry({ key, value, secret: true, text: true, origin: origin(`store ${key}`) });
const failing = async (promise: Promise<unknown>): Promise<ConfigError> => {
  try {
    await promise;
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('the configuration was accepted');
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('loadConfig', () => {
  it('loadConfig needs only a schema and a MemoryProvider in a test', async () => {
    const config = await loadConfig(z.object({ port: z.number() }), new MemoryProvider({ port: 8080 }));
    expect(config.value).toEqual({ port: 8080 });
  });

  it('loadConfig accepts a chain, a provider or a list of providers', async () => {
    const schema = z.object({ a: z.number(), b: z.number().optional() });
    const [one, two] = [
      new MemoryProvider({ a: 1 }, { name: 'one' }),
      new MemoryProvider({ a: 2, b: 2 }, { name: 'two' }),
    ];
    expect((await loadConfig(schema, one)).value).toEqual({ a: 1 });
    expect((await loadConfig(schema, [one, two])).value).toEqual({ a: 1, b: 2 });
    expect((await loadConfig(schema, new ProviderChain([two, one]))).value).toEqual({ a: 2, b: 2 });
  });

  it('close closes the chain that loadConfig made, and no other', async () => {
    const [mine, theirs, viewed] = [store({}, 'mine'), store({}, 'theirs'), store({}, 'viewed')];
    await (await loadConfig([mine])).close();
    expect(mine.closed).toBe(true);
    await (await loadConfig(new ProviderChain([theirs]))).close();
    expect(theirs.closed).toBe(false);
    await (await loadConfig(scoped(new ProviderChain([viewed]), 'a'))).close();
    expect(viewed.closed).toBe(false);
  });

  it('loadConfig closes its providers if the load fails', async () => {
    const mine = store({});
    await failing(loadConfig(z.object({ a: z.string() }), [mine]));
    expect(mine.closed).toBe(true);
  });

  it('loadConfig returns a plain tree without a schema', async () => {
    const config = await loadConfig(new MemoryProvider({ a: { b: [1, { c: null }] }, empty: {} }));
    expect(config.value).toEqual({ a: { b: [1, { c: null }] }, empty: {} });
    expect(config.get('a.b')).toEqual([1, { c: null }]);
  });

  it('option at loads a section with keys relative to it', async () => {
    const schema = z.object({ database: z.object({ host: z.string(), port: z.number() }) });
    const source = [
      new EnvProvider({ env: { ACME__API__DATABASE__PORT: '7' } }),
      new MemoryProvider({ acme: { api: { database: { host: 'h' } }, other: 1 } }),
    ];
    const config = await loadConfig(schema, source, { at: 'acme/api' });
    expect(config.value).toEqual({ database: { host: 'h', port: 7 } });
    expect(String(config.explain('database.port'))).toContain('acme.api.database.port = "7"');
    const error = await failing(loadConfig(schema, source.slice(0, 1), { at: 'acme.api' }));
    expect(error.problems?.[0]).toMatchObject({
      kind: 'missing',
      key: 'database.host',
      looked: ['env ACME_API_DATABASE_HOST'],
    });
  });

  it.each(Object.entries(schemas))('loadConfig accepts what a schema of %s accepts', async (_, schema) => {
    const tree = {
      port: 1,
      database: { host: 'h', password: 'fake' },
      mode: 'production',
      llm: { endpoint: 'https://a.example' },
    };
    const config = await loadConfig(schema as typeof schemas.zod, new MemoryProvider(tree));
    expect(config.value).toEqual({ ...tree, database: { ...tree.database, poolMax: 10, ssl: true } });
    expect(config.get('database.poolMax')).toBe(10);
  });

  it('loadConfig waits for an asynchronous schema', async () => {
    const schema = z.object({
      host: z.string().refine(async (host) => host !== 'down', { message: 'does not answer' }),
    });
    expect((await loadConfig(schema, new MemoryProvider({ host: 'up' }))).value).toEqual({ host: 'up' });
    const error = await failing(loadConfig(schema, new MemoryProvider({ host: 'down' })));
    expect(error.problems?.[0]?.schemaMessage).toBe('does not answer');
  });

  it('loadConfig limits a remote provider to wanted keys and permits credentials', async () => {
    const remote = store({ entries: [entry('a.b', 'x')] });
    await loadConfig(
      z.object({ a: z.object({ b: z.string() }), more: z.record(z.string(), z.string()).optional() }),
      remote,
      {
        context: 'me',
      },
    );
    expect(remote.asked).toMatchObject([
      { wanted: { keys: ['a.b'], prefixes: ['more'] }, acquire: true, context: 'me' },
    ]);
    expect(remote.asked[0]?.maxAgeMs).toBeUndefined();
  });

  it('an unprefixed variable is read only if the schema lists its key', async () => {
    const env = new EnvProvider({ env: { DATABASE_URL: 'pg://h', PATH: '/bin', HOME: '/root' } });
    const config = await loadConfig(z.looseObject({ databaseUrl: z.string() }), env);
    expect(config.value).toEqual({ databaseUrl: 'pg://h' });
  });

  it('empty strings, 0, false and null override lower priorities and defaults', async () => {
    const schema = z.object({
      a: z.string().default('x'),
      b: z.number().default(5),
      c: z.boolean().default(true),
      d: z.string().nullable(),
    });
    const source = [
      new MemoryProvider({ a: '', b: 0, c: false, d: null }, { name: 'high' }),
      new MemoryProvider({ a: 'l', b: 1, c: true, d: 'l' }, { name: 'low' }),
    ];
    expect((await loadConfig(schema, source)).value).toEqual({ a: '', b: 0, c: false, d: null });
  });

  it('a required section appears with its defaults if no source has it', async () => {
    const schema = z.object({
      database: z.object({ port: z.number().default(5432) }),
      opt: z.object({ x: z.number() }).optional(),
    });
    expect((await loadConfig(schema, new MemoryProvider({}))).value).toEqual({ database: { port: 5432 } });
  });

  it('the value keeps bigints, dates, URLs, instances and bytes of transforms', async () => {
    class Point {
      readonly #x: number;
      constructor(x: number) {
        this.#x = x;
      }
      get x(): number {
        return this.#x;
      }
    }
    const schema = z
      .object({
        big: z.bigint(),
        at: z.coerce.date(),
        url: z.string().transform((text) => new URL(text)),
        x: z.number(),
        bytes: z.string(),
      })
      .transform((all) => ({
        ...all,
        point: new Point(all.x),
        bytes: new Uint8Array(Buffer.from(all.bytes)),
        again: all.at,
      }));
    const env = {
      APP__BIG: '12345678901234567890',
      APP__AT: '2030-01-02',
      APP__URL: 'https://a.example',
      APP__X: '3',
      APP__BYTES: 'hi',
    };
    const { value } = await loadConfig(schema, new EnvProvider({ prefix: 'APP', env }));
    expect(value.big).toBe(12345678901234567890n);
    expect(value.at).toEqual(new Date('2030-01-02'));
    expect(value.again).toBe(value.at);
    expect(value.url.hostname).toBe('a.example');
    expect(value.point).toBeInstanceOf(Point);
    expect(value.point.x).toBe(3);
    expect(Buffer.from(value.bytes).toString()).toBe('hi');
    value.bytes[0] = 72;
  });

  it('loadConfig freezes its value deeply, but no object that the schema holds', async () => {
    const own = { list: [1], deep: { a: 1 } };
    const schema = v.object({
      own: v.optional(v.looseObject({ list: v.array(v.number()) }), own),
      b: v.object({ c: v.number() }),
    });
    const { value } = await loadConfig(schema, new MemoryProvider({ b: { c: 1 } }));
    expect(value.own).toEqual(own);
    for (const part of [value, value.own, value.own.list, value.b]) expect(Object.isFrozen(part)).toBe(true);
    for (const part of [own, own.list, own.deep]) expect(Object.isFrozen(part)).toBe(false);
    own.list.push(2);
    expect(value.own.list).toEqual([1]);
  });

  it('loadConfig does not freeze the tree of a memory provider', async () => {
    const tree = { a: { b: ['x'] } };
    await loadConfig(z.object({ a: z.object({ b: z.array(z.string()) }) }), new MemoryProvider(tree));
    tree.a.b.push('y');
    expect(Object.isFrozen(tree.a)).toBe(false);
  });
});

describe('a failed source', () => {
  const down = new ConfigError('unavailable', 'vault did not answer', { provider: 'vault' });
  const schema = z.object({ a: z.string().default('default') });

  it('a default never hides a failed source', async () => {
    const error = await failing(loadConfig(schema, [new MemoryProvider({ a: 'x' }), store({ error: down })]));
    expect(error).toMatchObject({ code: 'unavailable', transient: true, provider: 'vault' });
    expect(error.problems).toMatchObject([{ kind: 'failed', origin: 'store' }]);
  });

  it('several failures become one error, permanent if any of them is', async () => {
    const denied = new ConfigError('access_denied', 'aws-ssm refused /acme');
    const error = await failing(
      loadConfig(schema, [store({ error: down }, 'vault'), store({ error: denied }, 'aws-ssm')]),
    );
    expect(error).toMatchObject({ code: 'access_denied', transient: false });
    expect(error.message).toBe('2 sources failed:\n  vault did not answer\n  aws-ssm refused /acme');
    expect(error.problems).toHaveLength(2);
  });

  it('several transient failures have the code of the first', async () => {
    const slow = new ConfigError('timeout', 'aws-ssm was too slow');
    const error = await failing(
      loadConfig(schema, [store({ error: down }, 'vault'), store({ error: slow }, 'aws-ssm')]),
    );
    expect(error).toMatchObject({ code: 'unavailable', transient: true });
  });
});

const readers = {
  zod: { needs: z.object({ a: z.string().default('d'), b: z.string() }), not: z.object({ b: z.string() }) },
  valibot: {
    needs: v.object({ a: v.optional(v.string(), 'd'), b: v.string() }),
    not: v.object({ b: v.string() }),
  },
  arktype: { needs: type({ a: 'string = "d"', b: 'string' }), not: type({ b: 'string' }) },
};

describe.each(Object.entries(readers))('a hole, for a schema of %s', (_, { needs, not }) => {
  const source = (holes: Unreadable[]) => [new MemoryProvider({ b: 'x' }), store({ holes })];

  it('a hole that the schema reads is a problem, whatever the default', async () => {
    const error = await failing(loadConfig(needs as StandardSchemaV1, source([hole('a')])));
    expect(error.problems).toEqual([
      { kind: 'unreadable', key: 'a', message: 'store a is disabled', origin: 'store a', hint: 'Enable it' },
    ]);
  });

  it('a hole that the schema does not read is a notice', async () => {
    const events: ConfigEvent[] = [];
    const config = await loadConfig(not as StandardSchemaV1<unknown, { b: string }>, source([hole('a')]), {
      on: (event) => events.push(event),
    });
    expect({ ...config.value }).toEqual({ b: 'x' });
    expect(events.find(({ type }) => type === 'notice')).toMatchObject({
      key: 'a',
      outcome: 'disabled',
      layer: 'config',
    });
  });

  it('the value has neither accessors nor proxies of holes', async () => {
    const { value } = await loadConfig(
      not as StandardSchemaV1<unknown, object>,
      source([hole('a'), hole('', 'crypto')]),
    );
    expect(
      Object.values(Object.getOwnPropertyDescriptors(value)).every((property) => 'value' in property),
    ).toBe(true);
    expect((value as { other?: unknown }).other).toBeUndefined();
  });

  it('an unreadable document is a problem only if the schema reads it', async () => {
    const high = [new MemoryProvider({ b: 'x' }), store({ holes: [hole('', 'crypto')] })];
    expect((await loadConfig(not as StandardSchemaV1<unknown, { b: string }>, high)).value.b).toBe('x');
    const error = await failing(loadConfig(needs as StandardSchemaV1, high));
    expect(error.problems).toMatchObject([{ kind: 'unreadable', key: 'a' }]);
  });
});

describe('holes', () => {
  it('a hole in place of a section is one problem', async () => {
    const schema = z.object({ db: z.object({ host: z.string(), user: z.string(), password: z.string() }) });
    const source = [new MemoryProvider({ db: { host: 'h' } }), store({ holes: [hole('db')] })];
    const error = await failing(loadConfig(schema, source));
    expect(error.problems).toMatchObject([{ kind: 'unreadable', key: 'db.user' }]);
  });

  it('a record that is read includes the holes in it', async () => {
    const schema = z.object({ keys: z.record(z.string(), z.string()) });
    const source = [new MemoryProvider({ keys: { a: 'x' } }), store({ holes: [hole('keys.b')] })];
    expect((await failing(loadConfig(schema, source))).problems).toMatchObject([
      { kind: 'unreadable', key: 'keys.b' },
    ]);
    const section = [new MemoryProvider({ keys: { a: 'x' } }), store({ holes: [hole('keys')] })];
    expect((await failing(loadConfig(schema, section))).problems).toMatchObject([
      { kind: 'unreadable', key: 'keys' },
    ]);
  });

  it('a schema that accepts anything includes the holes in it', async () => {
    const source = [new MemoryProvider({ db: { host: 'h' } }), store({ holes: [hole('db.key')] })];
    for (const schema of [
      z.object({ db: z.any() }),
      z.object({ db: z.unknown() }),
      z.any(),
      zod3.object({ db: zod3.any() }),
      v.object({ db: v.unknown() }),
      type({ db: 'unknown' }),
    ])
      expect((await failing(loadConfig(schema as StandardSchemaV1, source))).problems).toMatchObject([
        { kind: 'unreadable', key: 'db.key' },
      ]);
    const whole = [new MemoryProvider({ db: { host: 'h' } }), store({ holes: [hole('db')] })];
    expect((await failing(loadConfig(z.object({ db: z.any() }), whole))).problems).toMatchObject([
      { kind: 'unreadable', key: 'db' },
    ]);
    const beside = z.object({ db: z.object({ host: z.any() }) });
    expect((await loadConfig(beside, source)).value.db.host).toBe('h');
  });

  it('a strict schema reports an unknown hole with its origin', async () => {
    const source = [new MemoryProvider({ db: { host: 'h' } }), store({ holes: [hole('db.key')] })];
    const error = await failing(loadConfig(z.object({ db: z.strictObject({ host: z.string() }) }), source));
    expect(error.problems).toMatchObject([{ kind: 'unknown', key: 'db.key', origin: 'store db.key' }]);
  });

  it('a hole does not hide other problems', async () => {
    const schema = z.object({ a: z.string(), port: z.number(), gone: z.string() });
    const source = [new MemoryProvider({ port: 'x' }), store({ holes: [hole('a')] })];
    const error = await failing(loadConfig(schema, source));
    expect(error.problems?.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      'wrong port',
      'missing gone',
      'unreadable a',
    ]);
    const whole = await failing(
      loadConfig(schema, [new MemoryProvider({ port: 'x' }), store({ holes: [hole('')] })]),
    );
    expect(whole.problems?.map(({ kind, key }) => `${kind} ${key}`)).toEqual(['wrong port', 'unreadable a']);
  });

  it('a hole above the loaded section hides the section', async () => {
    const error = await failing(
      loadConfig(z.object({ x: z.string().default('d') }), store({ holes: [hole('acme')] }), {
        at: 'acme.api',
      }),
    );
    expect(error.problems).toMatchObject([{ kind: 'unreadable', key: 'x' }]);
  });

  it('every hole is a problem without a schema', async () => {
    const error = await failing(loadConfig([new MemoryProvider({ a: 1 }), store({ holes: [hole('b')] })]));
    expect(error.problems).toMatchObject([{ kind: 'unreadable', key: 'b' }]);
  });

  it('a conflict names both origins', async () => {
    const source = [
      new MemoryProvider({ a: 1 }, { name: 'one' }),
      new MemoryProvider({ a: { b: 1 } }, { name: 'two' }),
    ];
    const error = await failing(loadConfig(z.object({ a: z.number() }), source));
    expect(error.problems).toMatchObject([{ kind: 'unreadable', key: 'a' }]);
    expect(error.message).toMatch(/one.*two/);
  });
});

describe('unknown keys', () => {
  const schema = z.object({
    database: z.object({ host: z.string() }),
    more: z.record(z.string(), z.unknown()).optional(),
  });
  const source = () => [
    new EnvProvider({ env: { DATABSE_HOST: 'x' } }),
    new MemoryProvider({
      database: { host: 'h', hots: secret('fake-value') },
      databse: { a: 1, b: 2 },
      more: { anything: 1 },
    }),
    store({ entries: [entry('unrelated', 'fake-value')] }),
  ];

  it("unknown: 'ignore' reports nothing", async () => {
    const events: ConfigEvent[] = [];
    await loadConfig(schema, source(), { unknown: 'ignore', on: (event) => events.push(event) });
    expect(events.map(({ type }) => type)).toEqual(['refreshed']);
  });

  it.each([undefined, 'warn-similar' as const])(
    'reports misspellings of known keys, once: %s',
    async (unknown) => {
      const sources = [
        ...source(),
        new EnvProvider({ name: 'own', prefix: 'APP', env: { APP__OTHER: 'x', APP__MORRE: 'y' } }),
      ];
      const options = unknown && { unknown };
      const events: ConfigEvent[] = [];
      const config = await loadConfig(schema, sources, { ...options, on: (event) => events.push(event) });
      await config.reload();
      const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
      expect(notices).toEqual([
        'nothing reads "database.hots" (memory database.hots). Did you mean "database.host"?',
        'nothing reads "databse" (memory databse.a). Did you mean "database"?',
        'nothing reads "morre" (env APP__MORRE). Did you mean "more"?',
      ]);
      const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
      await (await loadConfig(schema, sources, options)).reload();
      expect(warned.mock.calls.map(([message]) => message)).toEqual(notices);
      warned.mockRestore();
    },
  );

  it("unknown: 'error' reports each unknown key of a file, without its value", async () => {
    const error = await failing(loadConfig(schema, source(), { unknown: 'error' }));
    expect(error.problems?.map(({ kind, key, hint }) => [kind, key, hint])).toEqual([
      ['unknown', 'database.hots', 'Did you mean "database.host"?'],
      ['unknown', 'databse', 'Did you mean "database"?'],
    ]);
    expect(error.message).not.toContain('fake-value');
  });

  it("unknown: 'warn' emits notices once, or warnings without a listener", async () => {
    const events: ConfigEvent[] = [];
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const config = await loadConfig(schema, source(), { unknown: 'warn', on: (event) => events.push(event) });
    expect(events.filter(({ type }) => type === 'notice').map(({ key }) => key)).toEqual([
      'database.hots',
      'databse',
    ]);
    await config.reload();
    expect(events.filter(({ type }) => type === 'notice')).toHaveLength(2);
    expect(warned).not.toHaveBeenCalled();
    await loadConfig(schema, source(), { unknown: 'warn' });
    expect(warned).toHaveBeenCalledTimes(2);
  });

  it('an unknown key that a strict schema refuses is reported once', async () => {
    for (const strict of [
      z.strictObject({ a: z.number() }),
      v.strictObject({ a: v.number() }),
      type({ a: 'number', '+': 'reject' }),
    ]) {
      const error = await failing(
        loadConfig(strict as StandardSchemaV1, new MemoryProvider({ a: 1, b: 'fake-value' }), {
          unknown: 'error',
        }),
      );
      expect(error.problems).toMatchObject([{ kind: 'unknown', key: 'b' }]);
      expect(error.message).not.toContain('fake-value');
    }
  });
});

describe('strings', () => {
  it('a string of a YAML file stays a string', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'load-'));
    await writeFile(join(folder, 'a.yaml'), 'port: "8080"\n');
    const error = await failing(
      loadConfig(z.object({ port: z.number() }), new BundleProvider(join(folder, 'a.yaml'))),
    );
    expect(error.problems?.[0]?.hint).toMatch(/^Remove the quotes/);
    await rm(folder, { recursive: true });
  });

  it('z.coerce does not read "false" as true or "" as 0', async () => {
    const schema = z.object({ flag: z.coerce.boolean() });
    const env = (value: string) => new EnvProvider({ name: 'own', prefix: 'APP', env: { APP__FLAG: value } });
    expect((await loadConfig(schema, env('false'))).value.flag).toBe(false);
    expect((await loadConfig(schema, env('true'))).value.flag).toBe(true);
    for (const value of ['', 'no', '0', 'False '])
      expect((await failing(loadConfig(schema, env(value)))).problems?.[0]?.expected).toBe('true or false');
    const number = z.object({ flag: z.coerce.number() });
    for (const value of ['', '0x10', ' ', '1_000', '0123'])
      expect((await failing(loadConfig(number, env(value)))).code).toBe('validation');
  });

  it('the text "null" is read as null where the schema accepts null', async () => {
    const env = new EnvProvider({ name: 'own', prefix: 'APP', env: { APP__N: 'null' } });
    for (const schema of [
      z.object({ n: z.number().nullable() }),
      zod3.object({ n: zod3.number().nullable() }),
      v.object({ n: v.nullable(v.number()) }),
      type({ n: 'number | null' }),
    ])
      expect((await loadConfig(schema as StandardSchemaV1<unknown, { n: null }>, env)).value.n).toBeNull();
    const text = z.object({ n: z.string().nullable() });
    expect((await loadConfig(text, env)).value.n).toBe('null');
  });

  it('strings in lists of numbered variables are converted', async () => {
    const schema = z.object({ servers: z.array(z.object({ host: z.string(), maxPorts: z.number() })) });
    const env = {
      APP__SERVERS__0__HOST: '1',
      APP__SERVERS__0__MAX_PORTS: '2',
      APP__SERVERS__1__HOST: 'b',
      APP__SERVERS__1__MAX_PORTS: '3',
    };
    const config = await loadConfig(schema, new EnvProvider({ prefix: 'APP', env }));
    expect(config.value.servers).toEqual([
      { host: '1', maxPorts: 2 },
      { host: 'b', maxPorts: 3 },
    ]);
  });
});

describe('a schema that throws', () => {
  it('a schema that throws is reported with the problems of its shape', async () => {
    const schema = z.object({
      url: z.string().transform((text) => new URL(text)),
      port: z.number(),
      host: z.string(),
      list: z.array(z.number()),
    });
    const error = await failing(
      loadConfig(schema, new MemoryProvider({ url: 'fake-nonsense', port: 'x', list: [1, 'x'] })),
    );
    expect(error.problems?.map(({ key, kind, inside = '' }) => `${kind} ${key}${inside}`)).toEqual([
      'wrong port',
      'missing host',
      'wrong list[1]',
      'wrong ',
    ]);
    expect(error.message).not.toContain('fake-nonsense');
  });
});

describe('options', () => {
  it('options are checked before a source is read', async () => {
    const remote = store({});
    await expect(loadConfig(remote, { wacth: true } as never)).rejects.toMatchObject({
      code: 'invalid_option',
      hint: 'Did you mean watch?',
    });
    await expect(loadConfig(remote, { watch: { pollMs: 0 } })).rejects.toMatchObject({
      code: 'invalid_option',
    });
    await expect(checkConfig(z.object({}), remote, { unknwn: 'error' } as never)).rejects.toThrow(
      'checkConfig: unknown option "unknwn". Did you mean unknown?',
    );
    await expect(loadConfig(remote, { at: 'a..b' })).rejects.toMatchObject({ code: 'invalid_key' });
    expect(remote.asked).toEqual([]);
  });

  it('errors distinguish a wrong schema from a wrong source', async () => {
    const remote = store({});
    const old = { parse: () => ({}) };
    for (const given of [[], [old, remote], [remote, z.object({})]] as const)
      await expect(loadConfig(...(given as unknown as [never, never]))).rejects.toThrow(
        /^loadConfig: the first argument is not a schema\. /,
      );
    for (const source of [undefined, 5, 'config.yaml', { a: 1 }, EnvProvider])
      await expect(loadConfig(z.object({}), source as never)).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringMatching(
          /^loadConfig: the source is not a provider, a chain or a list of providers\. /,
        ),
      });
    await expect(checkConfig(old as never, remote)).rejects.toThrow(
      /^checkConfig: the first argument is not a schema\. /,
    );
    await expect(describeKeys(old as never)).rejects.toThrow(
      /^describeKeys: the first argument is not a schema\. /,
    );
    expect(remote.asked).toEqual([]);
  });

  it('a signal aborts a load before it begins and while it runs', async () => {
    const remote = store({});
    await expect(loadConfig(remote, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(remote.asked).toEqual([]);
    const stop = new AbortController();
    const slow: ConfigProvider = {
      ...store({}),
      list: (_, options) =>
        new Promise((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => reject(new ConfigError('aborted', 'given up')));
          stop.abort();
        }),
    };
    await expect(loadConfig(slow, { signal: stop.signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});
