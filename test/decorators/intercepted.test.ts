// `intercepted` around one provider: the abilities that it keeps, other decorators around and inside it, and
// the caches that must not share its decisions.

import { describe, expect, expectTypeOf, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import type { Entry } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import type { Interceptor, Operation } from '../../src/interception.ts';
import type { CallOptions } from '../../src/operation.ts';
import type { Change, ConfigProvider, WritableProvider } from '../../src/provider.ts';
import { EnvProvider } from '../../src/providers/env.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { VaultProvider } from '../../src/providers/vault/index.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { sheltered } from '../../src/shelter/index.ts';
import type { Key } from '../../src/value.ts';
import { down } from '../support/fake-source.ts';
import { entry, Fixed } from '../support/layers.ts';
import { fullPort, recording } from '../support/port.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const pass: Interceptor = (_, next) => next();
const methods = (provider: object): string[] => Object.keys(provider).sort();

describe('the abilities of an intercepted provider', () => {
  it('an intercepted provider has the methods of the provider, and no others', () => {
    const { provider } = fullPort();
    expect(methods(intercepted(provider, pass))).toEqual(methods(provider));
    const least = { name: 'least', get: provider.get, list: provider.list };
    expect(methods(intercepted(least, pass))).toEqual(['get', 'list', 'name', 'on']);
  });

  it('reads, writes, watches and reports status through the interceptors', async () => {
    const { seen, record } = recording();
    const store = intercepted(fullPort({ a: '1' }).provider, record);
    const changes: Change[] = [];
    using _ = store.watch((change) => changes.push(change));
    expect((await store.set('a', '2')).value).toBe('2');
    expect((await store.get('a'))?.value).toBe('2');
    expect(await store.delete('a')).toBe(true);
    expect(await store.versions('a')).toEqual([{ version: '2' }, { version: '1' }]);
    expect(store.where('a')).toBe('full a');
    expect(store.status()).toEqual({ ageMs: 5 });
    expect(changes.map(({ keys }) => keys)).toEqual([['a'], ['a']]);
    expect(seen.map(({ type }) => type)).toEqual(['set', 'get', 'delete', 'versions']);
    await store.close();
  });

  it('keeps local, and closes the provider', async () => {
    const memory = new MemoryProvider({ a: '1' });
    const store = intercepted(memory, pass);
    expect([store.local, intercepted(fullPort().provider, pass).name]).toEqual([true, 'full']);
    const changes: Change[] = [];
    store.watch((change) => changes.push(change));
    await store.close();
    await memory.set('a', '2');
    expect(changes).toEqual([]);
  });

  it('the type of an intercepted provider can do what the provider can', () => {
    const writable = intercepted(new MemoryProvider(), pass);
    expectTypeOf(writable).toExtend<WritableProvider>();
    expectTypeOf(intercepted<VaultProvider>).returns.toExtend<WritableProvider>();
    expectTypeOf(writable.set).toEqualTypeOf<MemoryProvider['set']>();
    const readOnly = intercepted(new EnvProvider({ env: {} }), pass);
    expectTypeOf(readOnly).toExtend<ConfigProvider>();
    // @ts-expect-error an environment cannot be written
    readOnly.set;
    // @ts-expect-error only the class of a chain has `tree`
    intercepted(new ProviderChain([]), pass).tree;
    const any: ConfigProvider = intercepted(new MemoryProvider() as ConfigProvider, pass, pass);
    expect('set' in readOnly).toBe(false);
    expect(any.name).toBe('memory');
  });

  it('refuses a value that is not a provider, or not a function', () => {
    expect(() => intercepted({} as never, pass)).toThrow('intercepted: the first argument is not a provider');
    expect(() => intercepted(new MemoryProvider(), pass, [pass] as never)).toThrow(
      'intercepted: interceptor 2 is not a function. Pass functions: (operation, next) => next()',
    );
  });

  it('without interceptors an intercepted provider only passes on', async () => {
    expect(await value(intercepted(new MemoryProvider({ a: '1' })).get('a'))).toBe('1');
  });

  it('passes the options of a call on, context and signal included', async () => {
    const { provider, given } = fullPort({ a: '1' });
    const { signal } = new AbortController();
    const context = { user: 'alice' };
    const store = intercepted(provider, pass);
    await store.get('a', { context, signal, maxAgeMs: 5 });
    await store.set('a', '2', { context, secret: true, metadata: { type: 'text' } });
    expect(given).toMatchObject([
      ['get', { maxAgeMs: 5 }],
      ['set', { secret: true, metadata: { type: 'text' } }],
    ]);
    expect(given.every(([, options]) => options?.context === context)).toBe(true);
    expect(given[0]).toSatisfy(([, options]: [string, { signal?: unknown }]) => options.signal === signal);
  });

  it('a foreign provider is adopted before an interceptor sees its answer', async () => {
    const answers: unknown[] = [];
    const seeing: Interceptor = async (_, next) => {
      const answer = await next();
      answers.push(answer);
      return answer;
    };
    const foreign = {
      name: 'foreign',
      get: async (key: Key) => ({ key, value: 'not-a-real-secret', secret: true }) as unknown as Entry,
      list: async () => [{ key: 'a', value: new Date() }] as never,
    };
    const store = intercepted(foreign, seeing);
    await store.get('a');
    await store.list();
    expect(answers).toMatchObject([
      { origin: { source: 'foreign a' } },
      [{ key: 'a', error: { code: 'io' } }],
    ]);
    expect(JSON.stringify(answers)).not.toContain('not-a-real');
  });
});

describe('the order of interceptors', () => {
  const trail: string[] = [];
  const at =
    (name: string): Interceptor =>
    ({ type, provider, key }, next) => {
      trail.push(`${name}: ${type} ${provider} ${key}`);
      return next();
    };

  it('decorators run as written, the outermost first', async () => {
    trail.length = 0;
    const inner = intercepted(new MemoryProvider({ x: { a: '1' } }), at('inner'));
    const store = intercepted(scoped(inner, 'x'), at('outer'), at('second'));
    expect(await value(store.get('a'))).toBe('1');
    expect(trail).toEqual(['outer: get memory at x a', 'second: get memory at x a', 'inner: get memory x.a']);
  });

  it('nested decorators make operations with parents', async () => {
    const [outer, inner] = [recording(), recording()];
    await intercepted(intercepted(new MemoryProvider(), inner.record), outer.record).get('a');
    expect(inner.seen).toMatchObject([{ parent: outer.seen[0]?.id, cause: 'call' }]);
    expect(outer.seen[0]).not.toHaveProperty('parent');
  });

  it.each<[string, (provider: ConfigProvider) => ConfigProvider, Key]>([
    ['optional', optional, 'a'],
    ['fallback', (provider) => fallback(provider, new Fixed('second', {})), 'a'],
    ['scoped', (provider) => scoped(provider, ''), 'a'],
    ['mounted', (provider) => mounted(provider, 'x'), 'x.a'],
    ['unsealed', (provider) => unsealed(provider), 'a'],
    ['intercepted', (provider) => intercepted(provider, pass), 'a'],
    ['a chain', (provider) => new ProviderChain([provider]), 'a'],
  ])('%s passes the context to each method', async (_, decorated, key) => {
    const { provider, given } = fullPort({ a: '1' });
    const outer = decorated(provider) as WritableProvider;
    const context = { user: 'alice' };
    const options: CallOptions = { context };
    const expected = ['get', 'getMany', 'layers', 'refresh', 'health', 'watch', 'on'];
    await outer.get(key, options);
    await outer.getMany?.([key], options);
    await outer.layers?.('', options);
    await outer.list('', options);
    await outer.refresh?.('', options);
    await outer.health?.(options);
    outer.watch?.(() => {}, options)[Symbol.dispose]();
    outer.on?.(() => {}, options)[Symbol.dispose]();
    await outer.set?.(key, '2', options);
    await outer.delete?.(key, options);
    expect(given.filter(([, one]) => one?.context !== context)).toEqual([]);
    expect(given.map(([method]) => method)).toEqual(expect.arrayContaining(expected));
  });

  it('a guard filters changes and events by the context of the listener', async () => {
    const memory = new MemoryProvider({ a: '1', b: '2' });
    const guard: WritableProvider = {
      ...fullPort().provider,
      watch: (onChange, { context } = {}) =>
        memory.watch((change) => {
          const keys = change.keys?.filter((key) => key === context);
          if (keys === undefined || keys.length > 0) onChange(keys ? { ...change, keys } : change);
        }),
    };
    const chain = new ProviderChain([intercepted(optional(guard), pass)]);
    const seen: string[] = [];
    chain.watch(({ keys }) => seen.push(`a sees ${keys}`), { context: 'a' });
    chain.watch(({ keys }) => seen.push(`b sees ${keys}`), { context: 'b' });
    await memory.set('a', 'x');
    await memory.set('b', 'x');
    await memory.set('c', 'x');
    expect(seen).toEqual(['a sees a', 'b sees b']);
  });
});

describe('caches and interceptors', () => {
  const onlyAlice: Interceptor = (operation, next) => {
    if (operation.options.context === 'alice') return next();
    throw new ConfigError('policy_violation', 'only for alice');
  };

  it.each<[string, (store: ConfigProvider) => ConfigProvider, string]>([
    ['intercepted', (p) => p, 'intercepted(sheltered(p))'],
    ['optional(intercepted)', optional, 'intercepted(sheltered(p))'],
    ['scoped(intercepted)', (p) => scoped(p, 'x'), 'intercepted(sheltered(p))'],
    ['mounted(intercepted)', (p) => mounted(p, 'x'), 'intercepted(sheltered(p))'],
    ['unsealed(intercepted)', (p) => unsealed(p), 'intercepted(sheltered(p))'],
    ['fallback(intercepted, …)', (p) => fallback(p, new Fixed('b', {})), 'intercepted(sheltered(p))'],
    ['fallback(…, intercepted)', (p) => fallback(new Fixed('b', {}), p), 'intercepted(sheltered(p))'],
    ['scoped(chain)', (p) => scoped(new ProviderChain([p]), 'x'), 'new ProviderChain([sheltered(a), b])'],
    ['a chain', (p) => new ProviderChain([p]), 'new ProviderChain([sheltered(a), b])'],
  ])('sheltered refuses %s, with the right order in its hint', (_, decorated, hint) => {
    const store = decorated(intercepted(new MemoryProvider(), onlyAlice));
    let thrown: unknown;
    try {
      sheltered(store);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'invalid_option', message: expect.stringContaining(hint) });
    expect((thrown as Error).message.startsWith(`sheltered: ${store.name} is `)).toBe(true);
  });

  it('sheltered still takes single providers in plain decorators', () => {
    for (const store of [scoped(new MemoryProvider(), 'x'), unsealed(mounted(new MemoryProvider(), 'x'))])
      expect(() => sheltered(store)).not.toThrow();
  });

  it('two callers of a cached store never share a decision', async () => {
    const { provider, source } = sheltering({ a: '1' });
    const store = intercepted(provider, onlyAlice);
    const [alice, mallory] = [{ context: 'alice' }, { context: 'mallory' }];
    for (let round = 0; round < 3; round++) {
      const both = [store.get('a', mallory), store.get('a', alice), store.get('a', mallory)];
      expect(await Promise.all(both.map(code))).toEqual(['policy_violation', 'answered', 'policy_violation']);
      expect(await code(store.list('', mallory))).toBe('policy_violation');
      expect(await code(store.getMany(['a'], mallory))).toBe('policy_violation');
    }
    expect(await value(store.get('a', alice))).toBe('1');
    expect(source.count('read')).toBe(1);
  });

  it('a refusal is not cached, and no earlier answer replaces it', async () => {
    const { provider, clock } = sheltering({ a: '1' }, { cache: { staleIfErrorMs: 60_000, ttlMs: 10 } });
    const state = { open: true };
    const policy: Interceptor = (_, next) => {
      if (state.open) return next();
      throw new Error('the policy engine is down');
    };
    const store = intercepted(provider, policy);
    expect(await value(store.get('a'))).toBe('1');
    state.open = false;
    expect(await code(store.get('a'))).toBe('policy_violation');
    await clock.advance(20);
    expect(await code(store.get('a'))).toBe('policy_violation');
    expect(await provider.health()).toMatchObject({ status: 'ok', breaker: 'closed' });
    state.open = true;
    expect(await value(store.get('a'))).toBe('1');
  });

  it('an outage inside stays transient, so that optional tolerates it', async () => {
    const { provider, source } = sheltering({}, { resilience: false });
    source.befall = down;
    const store = optional(intercepted(provider, pass, pass));
    expect(await store.get('a')).toBeUndefined();
    expect(await code(intercepted(provider, pass).get('a'))).toBe('unavailable');
  });

  it('1,000 concurrent callers share one request, each with its own operation', async () => {
    const { provider, source } = sheltering({ a: '1' });
    const { seen, record } = recording();
    const requests: ConfigEvent[] = [];
    provider.on((event) => {
      if (event.type === 'request') requests.push(event);
    });
    const store = intercepted(provider, record, onlyAlice);
    const callers = Array.from({ length: 1_000 }, (_, i) => ({ context: i % 2 ? 'alice' : 'mallory' }));
    const results = await Promise.all(callers.map((options) => code(store.get('a', options))));
    expect(results.filter((one) => one === 'answered')).toHaveLength(500);
    expect(results.filter((one) => one === 'policy_violation')).toHaveLength(500);
    expect(results.every((one, i) => (one === 'answered') === (callers[i]?.context === 'alice'))).toBe(true);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1_000);
    expect(source.count('read')).toBe(1);
    const allowed = new Set(seen.filter((one) => one.options.context === 'alice').map(({ id }) => id));
    const [request] = requests as { operations?: readonly string[]; moreOperations?: number }[];
    expect(request?.operations).toHaveLength(32);
    expect(request?.operations?.every((id) => allowed.has(id))).toBe(true);
    expect(request?.moreOperations).toBe(468);
  });

  it('reads of the cache and of the store have their operation', async () => {
    const { provider } = sheltering({ a: '1' });
    const { seen, record } = recording();
    const reads: (string | undefined)[] = [];
    provider.on(({ type, operation }) => {
      if (type === 'read') reads.push(operation);
    });
    const store = intercepted(provider, record);
    await store.get('a');
    await store.get('a');
    expect(reads).toEqual(seen.map(({ id }: Operation) => id));
  });

  it('an intercepted cache is shown by explain', async () => {
    const { provider, clock } = sheltering({ a: '1' });
    const chain = new ProviderChain([intercepted(provider, pass), new Fixed('defaults', { a: 'default' })]);
    await chain.get('a');
    await clock.advance(1_000);
    const { layers } = await chain.explain('a');
    expect(layers[0]).toMatchObject({ provider: 'store', status: { breaker: 'closed' } });
  });

  it('an entry that an interceptor masks stays masked in the chain', async () => {
    const masking: Interceptor = async (_, next) => {
      const found = (await next()) as Entry | undefined;
      return found && entry('memory', found.key, 'hidden', { secret: true });
    };
    const chain = new ProviderChain([intercepted(new MemoryProvider({ a: 'open' }), masking)]);
    expect(await chain.value('a')).toBe('hidden');
    expect(JSON.stringify(await chain.get('a'))).toContain('[redacted]');
  });
});
