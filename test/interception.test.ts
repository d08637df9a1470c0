// The hook itself: what an interceptor sees, and what it can do to an operation. `intercepted` makes the
// operations of a provider, and a chain the others.

import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ProviderChain } from '../src/chain/chain.ts';
import { loadConfig } from '../src/config/load-config.ts';
import { intercepted } from '../src/decorators/intercepted.ts';
import { type Entry, secret } from '../src/entry.ts';
import { ConfigError, type ErrorCode, errorCodes, isConfigError } from '../src/errors.ts';
import type { ConfigEvent } from '../src/events.ts';
import type { Interceptor, Operation } from '../src/interception.ts';
import type { ConfigProvider, Layer } from '../src/provider.ts';
import { MemoryProvider } from '../src/providers/memory.ts';
import type { ConfigValue, Key } from '../src/value.ts';
import { Fixed, failing, hole } from './support/layers.ts';
import { fullPort, recording, unhandledRejections } from './support/port.ts';

const hidden = 'not-a-real-password';
const values = { db: { host: 'h', password: hidden } };
const printed = (what: unknown): string =>
  `${inspect(what, { depth: null, showHidden: true })} ${JSON.stringify(what)}`;
const failureOf = (result: Promise<unknown>): Promise<ConfigError> =>
  result.then(
    () => {
      throw new Error('must not succeed');
    },
    (error: unknown) => error as ConfigError,
  );

type Port = ReturnType<typeof fullPort>['provider'];
const context = { user: 'alice' };
const wanted = { keys: ['db.host'], prefixes: [] };
const calls: readonly [Operation['type'], (port: Port) => Promise<unknown>, object][] = [
  ['get', (port) => port.get('db/host', { context }), { key: 'db.host' }],
  ['getMany', (port) => port.getMany(['db/host'], { context }), { keys: ['db.host'] }],
  ['list', (port) => port.list('db', { context, wanted }), { key: 'db', wanted }],
  ['layers', (port) => port.layers('', { context, wanted }), { key: '', wanted }],
  ['set', (port) => port.set('db.password', hidden, { context, secret: true }), { key: 'db.password' }],
  ['delete', (port) => port.delete('db.password', { context }), { key: 'db.password' }],
  ['versions', (port) => port.versions('db.password', { context }), { key: 'db.password' }],
  ['refresh', (port) => port.refresh('db', { context }), { key: 'db' }],
  ['health', (port) => port.health({ context }), { key: '' }],
];

describe('an operation', () => {
  it('the interceptor of the documentation times each operation', async () => {
    const log: unknown[][] = [];
    const timed: Interceptor = async (operation, next) => {
      const t = performance.now();
      try {
        return await next();
      } finally {
        log.push([operation.id, operation.type, operation.key, performance.now() - t]);
      }
    };
    const store = intercepted(new MemoryProvider(values), timed);
    expect((await store.get('db.host'))?.value).toBe('h');
    expect(log).toEqual([[expect.any(String), 'get', 'db.host', expect.any(Number)]]);
  });

  it.each(calls)('%s has its fields, is frozen, and shows no value', async (type, call, about) => {
    const { seen, record } = recording();
    await call(intercepted(fullPort(values).provider, record) as Port);
    const [operation] = seen as [Operation];
    const { options, ...head } = operation;
    expect(head).toEqual({
      id: expect.any(String),
      operation: operation?.id,
      cause: 'call',
      provider: 'full',
      type,
      ...about,
      ...(type === 'set' && { reveal: expect.any(Function) }),
    });
    expect(options).toMatchObject({ context });
    expect(Reflect.ownKeys(options).filter((name) => typeof name === 'symbol')).toEqual([]);
    expect(printed(operation)).not.toContain(hidden);
    for (const part of [operation, options, operation.keys, operation.wanted, operation.wanted?.keys])
      expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen((options as { wanted?: object }).wanted)).toBe(true);
    expect(Object.isFrozen(context)).toBe(false);
  });

  it('an interceptor cannot change the keys that a listing is for', async () => {
    const narrowing: Interceptor = (operation, next) => {
      expect(() => (operation.wanted?.keys as Key[] | undefined)?.pop()).toThrow(TypeError);
      return next();
    };
    const port = fullPort(values);
    const asked = { keys: ['db.host'], prefixes: [] };
    await intercepted(port.provider, narrowing).list('', { wanted: asked });
    expect(port.given).toMatchObject([['list', { wanted: { keys: ['db.host'] } }]]);
    asked.keys.push('still the array of the caller');
  });

  it('every call has an id of its own', async () => {
    const { seen, record } = recording();
    const store = intercepted(fullPort(values).provider, record);
    await Promise.all(Array.from({ length: 50 }, () => calls.map(([, call]) => call(store as Port))).flat());
    expect(new Set(seen.map(({ id }) => id)).size).toBe(50 * calls.length);
  });

  it('only the operation set can reveal a value', async () => {
    const revealed: ConfigValue[] = [];
    const audit: Interceptor = (operation, next) => {
      if (operation.type === 'set') revealed.push(operation.reveal());
      else expect(operation).not.toHaveProperty('reveal');
      return next();
    };
    const store = intercepted(new MemoryProvider(), audit);
    await store.set('a', 'x');
    await store.set('b', secret('marked'));
    await store.set('c', ['x', 'y']);
    await store.get('b');
    expect(revealed).toEqual(['x', 'marked', ['x', 'y']]);
    expect(Object.isFrozen(revealed[2])).toBe(true);
    expect((await store.get('b'))?.secret).toBe(true);
  });

  it('reveal refuses a value that a configuration cannot hold', async () => {
    const audit: Interceptor = (operation, next) => {
      if (operation.type === 'set') operation.reveal();
      return next();
    };
    const store = intercepted(new MemoryProvider(), audit);
    expect(await failureOf(store.set('a', new Date() as never))).toMatchObject({ code: 'validation' });
  });

  it('set writes the value that an interceptor saw, not a later one', async () => {
    const list = ['approved'];
    let shown: ConfigValue = null;
    const slow: Interceptor = async (operation, next) => {
      if (operation.type === 'set') shown = operation.reveal();
      list.push('added after approval');
      return next();
    };
    const store = intercepted(new MemoryProvider(), slow);
    const writing = store.set('hosts', list);
    list.push('added after the call');
    await writing;
    expect(shown).toEqual(['approved']);
    expect((await store.get('hosts'))?.value).toEqual(['approved']);
  });

  it('the type of an operation narrows its fields', () => {
    const narrowed: Interceptor = (operation, next) => {
      if (operation.type === 'set') expectTypeOf(operation.reveal).toEqualTypeOf<() => ConfigValue>();
      if (operation.type === 'getMany') expectTypeOf(operation.keys).toEqualTypeOf<readonly Key[]>();
      if (operation.type === 'tree') expectTypeOf(operation.key).toEqualTypeOf<Key>();
      // @ts-expect-error only `set` has a value
      if (operation.type === 'get') operation.reveal;
      // @ts-expect-error an operation is frozen
      operation.key = 'other';
      return next();
    };
    expect(narrowed).toBeTypeOf('function');
  });
});

describe('next', () => {
  it.each([
    ['one after the other', (next: () => Promise<unknown>) => next().then(next)],
    ['at once', (next: () => Promise<unknown>) => Promise.all([next(), next()])],
  ])('next called twice, %s, is an error', async (_, twice) => {
    const impatient: Interceptor = (_operation, next) => twice(next);
    const { provider, given } = fullPort({ a: '1' });
    expect(await failureOf(intercepted(provider, impatient).get('a'))).toMatchObject({
      code: 'io',
      message: 'full: impatient called next twice. Call it once',
      provider: 'full',
      key: 'a',
    });
    expect(given).toHaveLength(1);
  });

  it('an interceptor cannot repeat an operation that failed', async () => {
    const retrying: Interceptor = (_, next) => next().catch(() => next());
    expect(await failureOf(intercepted(failing('far'), retrying).get('a'))).toMatchObject({ code: 'io' });
  });

  it('a result of next that is not awaited ends no process', async () => {
    using unhandled = unhandledRejections();
    const careless: Interceptor = async (_, next) => {
      void next();
      void next();
      return undefined;
    };
    const late: Interceptor = async (_, next) => {
      setImmediate(() => void next());
      return undefined;
    };
    for (const interceptor of [careless, late])
      expect(await intercepted(failing('far'), interceptor).get('a')).toBeUndefined();
    expect(await unhandled.settled()).toEqual([]);
  });

  it('several interceptors see one operation, the first outermost', async () => {
    const order: string[] = [];
    const ids = new Set<Operation>();
    const named =
      (name: string): Interceptor =>
      async (operation, next) => {
        ids.add(operation);
        order.push(`${name} before`);
        const answer = await next();
        order.push(`${name} after`);
        return answer;
      };
    await intercepted(new MemoryProvider(values), named('first'), named('second')).get('db.host');
    expect(order).toEqual(['first before', 'second before', 'second after', 'first after']);
    expect(ids.size).toBe(1);
  });

  it('an unchanged answer is the answer of the provider', async () => {
    const memory = new MemoryProvider(values);
    const own = await memory.get('db.password');
    expect(await intercepted(memory, (_, next) => next()).get('db.password')).toBe(own);
  });
});

/** The answer of an operation in which `answer` replaces that of the provider. */
function replacing(type: Operation['type'], answer: unknown): Promise<unknown> {
  const replaced: Interceptor = async (operation, next) => {
    const own = await next();
    return operation.type !== type ? own : typeof answer === 'function' ? answer(own) : answer;
  };
  const chain = new ProviderChain([new MemoryProvider(values)], { intercept: replaced, name: 'full' });
  if (type === 'tree') return chain.tree('');
  if (type === 'explain') return chain.explain('db.host');
  if (type === 'load') return loadConfig(chain);
  if (type === 'reload') return loadConfig(chain).then((config) => config.reload().then(() => config));
  const call = calls.find(([name]) => name === type)?.[1] as (port: Port) => Promise<unknown>;
  return call(intercepted(fullPort(values).provider, replaced) as Port);
}

describe('a replaced answer', () => {
  const made = { key: 'db.host', value: hidden, secret: true };
  const layer = { name: 'made', entries: [made], holes: [] };
  const asEntry = { key: 'db.host', value: hidden, origin: { provider: 'full' } };

  it.each<[Operation['type'], unknown, unknown]>([
    ['get', undefined, undefined],
    ['get', made, asEntry],
    ['set', made, asEntry],
    ['list', [made], [asEntry]],
    ['layers', [layer], [{ name: 'made', entries: [asEntry] }]],
    ['delete', false, false],
    ['versions', [{ version: '3' }], [{ version: '3' }]],
    ['refresh', 'anything', undefined],
    ['health', { status: 'down', checkedAt: 0 }, { status: 'down' }],
    ['tree', { a: hidden }, { a: hidden }],
    ['tree', undefined, undefined],
    ['load', [layer], { value: { db: { host: hidden } } }],
    ['reload', [layer], { value: { db: { host: hidden } }, generation: { number: 2 } }],
  ])('%s returns an answer of the right shape, masked', async (type, answer, expected) => {
    const found = await replacing(type, answer);
    if (typeof expected === 'object') expect(found).toMatchObject(expected as object);
    else expect(found).toBe(expected);
    expect(printed(found)).not.toContain(hidden);
  });

  it('getMany returns the asked keys of a replaced Map, and no others', async () => {
    const answer = new Map<Key, unknown>([
      ['db.host', made],
      ['db.password', { key: 'db.password', value: 'not asked' }],
    ]);
    const found = (await replacing('getMany', answer)) as Map<Key, Entry>;
    expect([...found.keys()]).toEqual(['db.host']);
    expect(found.get('db.host')).toMatchObject(asEntry);
    expect(printed(found)).not.toContain(hidden);
  });

  it('explain returns an explanation that an interceptor has made of another', async () => {
    const found = await replacing('explain', (own: { with(...notes: string[]): unknown }) =>
      own.with('seen'),
    );
    expect(`${found}`).toMatch(/seen$/);
  });

  const anyObject = { not: 'it' };
  it.each<[Operation['type'], readonly unknown[]]>([
    ['get', ['text', 5, null, [], anyObject, { key: 'db.host', value: () => {} }]],
    ['set', [undefined, 'text', null, anyObject]],
    ['list', [undefined, null, 'text', anyObject, new Map()]],
    ['layers', [undefined, null, anyObject, ['text'], [{ entries: [] }], [{ name: 'x', entries: 5 }]]],
    ['delete', [undefined, 'yes', 1]],
    ['versions', [undefined, anyObject, ['3'], [{ version: 3 }], [undefined]]],
    ['health', [undefined, null, 'ok', [], anyObject, { status: 'fine' }]],
    ['tree', ['text', 5, null, [], new Map(), { at: new Date() }, { f: () => {} }]],
    ['explain', [undefined, null, 'text', anyObject]],
    ['load', [undefined, null, anyObject, ['text']]],
    ['reload', [undefined, null, anyObject, ['text']]],
  ])('%s refuses a wrong shape, and names the interceptor', async (type, answers) => {
    for (const answer of answers) {
      const error = await failureOf(replacing(type, answer));
      expect([answer, error.code, error.provider]).toEqual([answer, 'io', 'full']);
      expect(error.message).toMatch(/^full: replaced/);
    }
  });

  it.each([undefined, null, [], { 'db.host': 'h' }, 'text'])(
    'getMany fails each key for the answer %j, and names the interceptor',
    async (answer) => {
      const found = (await replacing('getMany', answer)) as Map<Key, ConfigError>;
      expect(found.get('db.host')).toMatchObject({ code: 'io', provider: 'full', key: 'db.host' });
      expect(found.get('db.host')?.message).toMatch(/^full: replaced: getMany returned/);
    },
  );

  it('an answer that cannot be read, or not be kept, is refused', async () => {
    const circle: Record<string, unknown> = {};
    circle.inner = circle;
    for (const answer of [circle, JSON.parse('{"__proto__":{"x":1}}')])
      expect(await failureOf(replacing('tree', answer))).toMatchObject({ code: 'io' });
    const locked = new Proxy([], {
      get: (_, name) => {
        if (name !== 'then') throw new TypeError('locked');
      },
    });
    for (const type of ['list', 'layers'] as const)
      expect(await failureOf(replacing(type, locked))).toMatchObject({ code: 'io', provider: 'full' });
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it.each<[Operation['type'], (own: never) => unknown]>([
    ['getMany', (own: Map<Key, unknown>) => own.set('db.host', made)],
    ['list', (own: unknown[]) => own.splice(0, 0, { ...made, key: 'db.added' }) && own],
    ['layers', (own: { entries: unknown[] }[]) => own[0]?.entries.push({ ...made, key: 'db.added' }) && own],
  ])('what an interceptor adds to the answer of %s prints masked', async (type, change) => {
    const found = await replacing(type, change);
    expect(printed(found)).not.toContain(hidden);
    const parts = found instanceof Map ? [...found.values()] : (found as unknown[]);
    const entries = type === 'layers' ? (parts as Layer[]).flatMap((one) => one.entries) : (parts as Entry[]);
    expect(entries.map(({ value }) => value)).toContain(hidden);
    expect(entries.every(Object.isFrozen)).toBe(true);
  });

  it('an item that is left out of a list emits a notice', async () => {
    const filtering: Interceptor = async () => ['not an entry'];
    const events: ConfigEvent[] = [];
    const store: ConfigProvider = intercepted(new MemoryProvider(values), filtering);
    store.on?.((event) => events.push(event));
    expect(await store.list()).toEqual([]);
    const chain = new ProviderChain([new MemoryProvider(values)], { intercept: filtering });
    chain.on((event) => events.push(event));
    await chain.list();
    expect(
      events.filter(({ type }) => type === 'notice').map((event) => 'message' in event && event.message),
    ).toEqual([
      'memory: filtering: a string in place of an entry is left out of the list',
      'chain: filtering: a string in place of an entry is left out of the list',
    ]);
  });
});

const transientCodes = (Object.keys(errorCodes) as ErrorCode[]).filter((code) => errorCodes[code].transient);

describe('a failure of an interceptor itself', () => {
  const policy = (thrown: unknown): Interceptor =>
    async function policy() {
      throw thrown;
    };
  const types = { get: (port: Port) => port.get('a'), set: (port: Port) => port.set('a', 'x') };

  it.each<readonly [string, unknown]>([
    ['a raw error', new Error(`cannot reach ${hidden}`)],
    ['an abort of its own', new DOMException('late', 'AbortError')],
    ['undefined', undefined],
    ['null', null],
    ['a text', hidden],
    ...transientCodes.map((code) => [code, new ConfigError(code, 'the policy store is down')] as const),
  ])('%s becomes policy_violation, which is not transient', async (_, thrown) => {
    for (const call of Object.values(types)) {
      const { provider, given } = fullPort({ a: '1' });
      const error = await failureOf(call(intercepted(provider, policy(thrown)) as Port));
      expect(error).toMatchObject({
        code: 'policy_violation',
        transient: false,
        status: 403,
        message: 'full: policy failed, so the operation is refused',
        provider: 'full',
        key: 'a',
      });
      expect(printed(error)).not.toContain(hidden);
      expect(given).toEqual([]);
    }
  });

  it('a failure after next has answered refuses the operation too', async () => {
    const audit: Interceptor = async (_, next) => {
      await next();
      throw new TypeError('the audit log is full');
    };
    const error = await failureOf(intercepted(new MemoryProvider(values), audit).get('db.host'));
    expect(error.code).toBe('policy_violation');
    expect(error.cause).toBeInstanceOf(Error);
    expect(printed(error)).not.toContain('audit log');
  });

  it.each(['policy_violation', 'quota_exceeded', 'audit_failed', 'access_denied', 'aborted'] as const)(
    'an own %s keeps its code, message and hint',
    async (code) => {
      const thrown = new ConfigError(code, 'not for you', { hint: 'Ask the owner' });
      const error = await failureOf(intercepted(fullPort().provider, policy(thrown)).get('a'));
      expect(error).toMatchObject({
        code,
        message: 'not for you. Ask the owner',
        provider: 'full',
        key: 'a',
      });
      expect(thrown.provider).toBeUndefined();
    },
  );

  it('an error of another copy counts by its code, not by its fields', async () => {
    const brand = Symbol.for('llm-config-manager.error');
    const foreign = (code: string) => ({ [brand]: true, code, transient: false, message: 'from elsewhere' });
    const store = (code: string) => intercepted(fullPort().provider, policy(foreign(code)));
    expect(await failureOf(store('access_denied').get('a'))).toMatchObject({
      code: 'access_denied',
      message: 'from elsewhere',
    });
    expect(await failureOf(store('unavailable').get('a'))).toMatchObject({ code: 'policy_violation' });
    expect(await failureOf(store('toString').get('a'))).toMatchObject({ code: 'io' });
  });

  it('a transient error that an interceptor makes or keeps is its own', async () => {
    const kept: unknown[] = [];
    const wrapping: Interceptor = (_, next) =>
      next().catch((cause: unknown) => {
        throw new ConfigError('unavailable', 'wrapped', { cause });
      });
    const keeping: Interceptor = async (_, next) => {
      if (kept.length > 0) throw kept[0];
      return next().catch((error: unknown) => {
        kept.push(error);
        throw error;
      });
    };
    expect(await failureOf(intercepted(failing('far'), wrapping).get('a'))).toMatchObject({
      code: 'policy_violation',
      cause: { code: 'unavailable' },
    });
    const store = intercepted(failing('far'), keeping);
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'unavailable' });
    expect(await failureOf(store.get('a'))).toMatchObject({ code: 'policy_violation' });
  });

  it.each<[string, (port: Port) => Promise<unknown>, (error: ConfigError) => Interceptor]>([
    ['getMany', (port) => port.getMany(['a']), (error) => async () => new Map([['a', error]])],
    [
      'getMany',
      (port) => port.getMany(['a']),
      (e) => async (_, next) => ((await next()) as Map<Key, unknown>).set('a', e),
    ],
    [
      'layers',
      (port) => port.layers(),
      (error) => async () => [{ name: 'full', entries: [], holes: [], error }],
    ],
    ['list', (port) => port.list(), (error) => async () => [{ ...hole('full', 'a'), error }]],
  ])('a transient error that an interceptor puts into %s is its own', async (_, call, make) => {
    for (const code of transientCodes) {
      const store = intercepted(
        fullPort({ a: '1' }).provider,
        make(new ConfigError(code, 'the policy store is down')),
      );
      const found = (await call(store as Port)) as Map<Key, ConfigError> | { error: ConfigError }[];
      const error = found instanceof Map ? found.get('a') : found[0]?.error;
      expect(error).toMatchObject({ code: 'policy_violation', provider: 'full' });
    }
  });

  it('an error of another operation names the refused one, not the other', async () => {
    const denied = failing('policies', new ConfigError('access_denied', 'no right to read the rules'));
    const engine = new ProviderChain([denied], { intercept: (_, next) => next() });
    const consulting: Interceptor = async (_, next) => {
      await engine.require('rules');
      return next();
    };
    const { seen, record } = recording();
    const error = await failureOf(intercepted(fullPort().provider, record, consulting).get('a'));
    expect(error).toMatchObject({
      code: 'access_denied',
      message: 'full: consulting: no right to read the rules',
      provider: 'full',
      key: 'a',
      operation: seen[0]?.id,
      cause: { provider: 'policies', key: 'rules' },
    });
  });

  it('emits policy_violated with the operation, the key and the code', async () => {
    const thrown = new ConfigError('quota_exceeded', 'too many');
    const store: ConfigProvider = intercepted(new MemoryProvider(values), policy(thrown));
    const chain = new ProviderChain([new MemoryProvider(values)], { intercept: policy(undefined) });
    const events: ConfigEvent[] = [];
    for (const one of [store, chain]) one.on?.((event) => events.push(event));
    const errors = [await failureOf(store.get('db.host')), await failureOf(chain.get('db.host'))];
    expect(events.filter(({ type }) => type === 'policy_violated')).toMatchObject([
      {
        provider: 'memory',
        layer: 'provider',
        outcome: 'quota_exceeded',
        key: 'db.host',
        operation: errors[0]?.operation,
      },
      {
        provider: 'chain',
        layer: 'chain',
        outcome: 'policy_violation',
        key: 'db.host',
        operation: errors[1]?.operation,
      },
    ]);
  });
});

describe('an error of next', () => {
  it.each<[string, Interceptor]>([
    ['returned', (_, next) => next()],
    ['thrown again', async (_, next) => next().catch((error: unknown) => Promise.reject(error))],
    [
      'passed by finally',
      async (_, next) => {
        try {
          return await next();
        } finally {
          await Promise.resolve();
        }
      },
    ],
  ])('an error of next that is %s leaves unchanged', async (_, interceptor) => {
    const thrown = new ConfigError('throttled', 'slow down', { retryAfterMs: 5, hint: 'Wait' });
    const store = intercepted(failing('far', thrown), interceptor, interceptor);
    const events: ConfigEvent[] = [];
    store.on?.((event) => events.push(event));
    const { code, message, retryAfterMs, transient, hint } = await failureOf(store.get('a'));
    expect({ code, message, retryAfterMs, transient, hint }).toEqual({
      code: 'throttled',
      message: 'slow down. Wait',
      retryAfterMs: 5,
      transient: true,
      hint: 'Wait',
    });
    expect(events).toEqual([]);
  });

  it('each interceptor catches the same error', async () => {
    const caught: unknown[] = [];
    const catching: Interceptor = async (_, next) => {
      try {
        return await next();
      } catch (error) {
        caught.push(error);
        throw error;
      }
    };
    await failureOf(intercepted(failing('far', new Error(hidden)), catching, catching, catching).get('a'));
    expect(caught).toHaveLength(3);
    expect(new Set(caught).size).toBe(1);
    expect(caught[0]).toMatchObject({ code: 'io', provider: 'far', key: 'a' });
  });

  it('a list of results keeps the transient errors of next', async () => {
    const down = new ConfigError('unavailable', 'down', { provider: 'far', key: 'a' });
    const far: ConfigProvider = {
      ...failing('far'),
      getMany: async () => new Map([['a', down]]),
      layers: async () => [{ name: 'far', entries: [], holes: [], error: down }],
    };
    const copying: Interceptor = async (_, next) => {
      const answer = await next();
      return answer instanceof Map ? new Map(answer) : [...(answer as Layer[])];
    };
    const store = intercepted(far, copying);
    expect((await store.getMany?.(['a']))?.get('a')).toMatchObject({ code: 'unavailable', transient: true });
    expect(await store.layers?.()).toMatchObject([{ error: { code: 'unavailable' } }]);
  });
});

describe('the operation of an error', () => {
  it.each(calls.filter(([type]) => !['getMany', 'layers'].includes(type)))(
    'an error of %s has the id of its operation',
    async (_, call) => {
      const { seen, record } = recording();
      const refusing: Interceptor = () => {
        throw new ConfigError('policy_violation', 'no');
      };
      const error = await failureOf(call(intercepted(fullPort(values).provider, record, refusing) as Port));
      expect(isConfigError(error)).toBe(true);
      expect(error.operation).toBe(seen[0]?.id);
      expect(JSON.parse(JSON.stringify(error)).operation).toBe(seen[0]?.id);
    },
  );

  it('an error inside a chain has the id of the outermost operation', async () => {
    const [outer, inner] = [recording(), recording()];
    const chain = new ProviderChain([intercepted(failing('far'), inner.record)], { intercept: outer.record });
    const error = await failureOf(chain.get('a'));
    expect(outer.seen).toMatchObject([{ id: error.operation }]);
    expect(inner.seen).toMatchObject([{ parent: error.operation, operation: error.operation }]);
    expect(inner.seen[0]?.id).not.toBe(error.operation);
  });

  it('each error of getMany has the id of its operation', async () => {
    const { seen, record } = recording();
    const broken = new Fixed('far', { a: new ConfigError('disabled', 'off'), b: 1 });
    const watched = new ProviderChain([broken]);
    const events: ConfigEvent[] = [];
    watched.on((event) => events.push(event));
    const found = await new ProviderChain([broken], { intercept: record }).getMany(['a', 'b']);
    expect(found.get('a')).toMatchObject({ code: 'disabled', operation: seen[0]?.id });
    const error = (await watched.getMany(['a'])).get('a');
    expect(error).toMatchObject({ code: 'disabled', operation: events[0]?.operation });
    expect(events[0]?.operation).toEqual(expect.any(String));
  });

  it('an error that several callers share has the id of each', async () => {
    const shared = failing('far', new ConfigError('disabled', 'one error for all'));
    const store = intercepted(shared, (_, next) => next());
    const errors = await Promise.all([failureOf(store.get('a')), failureOf(store.get('a'))]);
    expect(new Set(errors.map(({ operation }) => operation)).size).toBe(2);
  });
});
