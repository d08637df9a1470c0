// The option `intercept` of a chain: what its operations are, why they run, and what they make nested chains
// and providers do.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { checkConfig, loadConfig } from '../../src/config/load-config.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { scoped } from '../../src/decorators/scoped.ts';
import { optional } from '../../src/decorators/tolerance.ts';
import { isUnreadable } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Interceptor, Operation } from '../../src/interception.ts';
import type { ConfigProvider, Layer } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { Fixed, failing } from '../support/layers.ts';
import { fullPort, recording } from '../support/port.ts';
import { code } from '../support/sheltering.ts';
import { until } from '../support/until.ts';

afterEach(() => vi.useRealTimers());

describe('intercept', () => {
  it('wraps each operation of a caller, with its context', async () => {
    const seen: string[] = [];
    const intercept: Interceptor = async (operation, next) => {
      const keys = 'keys' in operation ? operation.keys : operation.key;
      seen.push(`${operation.type} ${keys} ${operation.options.context ?? ''}`.trim());
      return next();
    };
    const chain = new ProviderChain([new Fixed('a', { 'db.x': 1 })], { intercept });
    await chain.get('db.x', { context: 'alice' });
    await chain.value('db.x', { context: 'alice' });
    await chain.require('db.x', { context: 'alice' });
    await chain.require('db.x', z.number(), { context: 'alice' });
    await chain.getMany(['db.x']);
    await chain.tree('db');
    await chain.list();
    await chain.layers();
    await chain.explain('db.x');
    await chain.health();
    await chain.refresh('db');
    expect(seen).toEqual([
      'get db.x alice',
      'get db.x alice',
      'get db.x alice',
      'get db.x alice',
      'getMany db.x',
      'tree db',
      'list',
      'layers',
      'explain db.x',
      'health',
      'refresh db',
    ]);
  });

  it('refuses an operation before, or changes its result after', async () => {
    const intercept: Interceptor = async (operation, next) => {
      if (operation.type === 'get' && operation.key === 'forbidden')
        throw new ConfigError('policy_violation', 'not for you', { key: operation.key });
      return operation.type === 'get' ? undefined : next();
    };
    const a = new Fixed('a', { forbidden: 1, x: 2 });
    const chain = new ProviderChain([a], { intercept });
    await expect(chain.get('forbidden')).rejects.toMatchObject({ code: 'policy_violation', status: 403 });
    expect(a.asked).toBe(0);
    expect(await chain.get('x')).toBeUndefined();
  });

  it('takes one function or a list, the first outermost', async () => {
    const order: string[] = [];
    const [first, second] = ['first', 'second'].map(
      (name): Interceptor =>
        (_, next) => {
          order.push(name);
          return next();
        },
    ) as [Interceptor, Interceptor];
    const list = [first, second];
    await new ProviderChain([new Fixed('a', {})], { intercept: first }).get('x');
    const chain = new ProviderChain([new Fixed('a', {})], { intercept: list });
    list.pop();
    await chain.get('x');
    await new ProviderChain([new Fixed('a', {})], { intercept: [] }).get('x');
    expect(order).toEqual(['first', 'first', 'second']);
    expect(() => new ProviderChain([], { intercept: ['x'] as never })).toThrow(
      /the option intercept must be/,
    );
  });

  it('the chain comes first, then the providers in order, then their decorators', async () => {
    const order: string[] = [];
    const at =
      (name: string): Interceptor =>
      (_, next) => {
        order.push(name);
        return next();
      };
    const one = intercepted(intercepted(new Fixed('one', {}), at('one, inside')), at('one, outside'));
    const two = intercepted(
      scoped(intercepted(new Fixed('two', {}), at('two, inside')), 'x'),
      at('two, outside'),
    );
    await new ProviderChain([one, two], { intercept: [at('chain'), at('chain, second')] }).get('a');
    expect(order).toEqual([
      'chain',
      'chain, second',
      'one, outside',
      'one, inside',
      'two, outside',
      'two, inside',
    ]);
  });

  it('a chain without interceptors makes no operations of its own', async () => {
    const { seen, record } = recording();
    await new ProviderChain([intercepted(new Fixed('a', { x: 1 }), record)]).get('x');
    expect(seen).toMatchObject([{ type: 'get', provider: 'a', cause: 'call' }]);
    expect(seen[0]).not.toHaveProperty('parent');
  });

  it('a listing that a provider refuses fails, and names its operation', async () => {
    const refusing: Interceptor = () => {
      throw new ConfigError('policy_violation', 'not for you');
    };
    const { seen, record } = recording();
    const chain = new ProviderChain(
      [optional(intercepted(new Fixed('a', { x: 1 }), refusing)), new Fixed('b', { x: 2 })],
      { intercept: record },
    );
    const error = await chain.tree().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'policy_violation', provider: 'a', operation: seen[0]?.id });
  });

  it('a replaced explanation, health and layers reach the caller', async () => {
    const intercept: Interceptor = async (operation, next) => {
      if (operation.type === 'health') return { status: 'degraded', checkedAt: 0 };
      if (operation.type === 'layers') return [];
      return next();
    };
    const chain = new ProviderChain([new Fixed('a', { x: 1 })], { intercept });
    expect(await chain.health()).toEqual({ status: 'degraded', checkedAt: 0 });
    expect(await chain.layers()).toEqual([]);
    expect(await chain.value('x')).toBe(1);
  });
});

/** What a chain and its provider see of one action: the type and the cause of each operation. */
function watched() {
  const [outer, inner] = [recording(), recording()];
  const { provider, memory } = fullPort({ n: 1, llm: { apiKey: 'x' } });
  const { getMany, layers, ...plain } = provider;
  const local: ConfigProvider = { ...plain, local: true };
  const chain = new ProviderChain([intercepted(local, inner.record)], { intercept: outer.record });
  const clear = (): void => {
    for (const { seen } of [outer, inner]) seen.length = 0;
  };
  return { chain, memory, outer: outer.seen, inner: inner.seen, clear };
}
const schema = z.object({ n: z.number() });

describe('the cause of an operation', () => {
  const expectOperations = (
    { outer, inner }: ReturnType<typeof watched>,
    [type, innerType]: readonly [Operation['type'], Operation['type']],
    cause: Operation['cause'],
  ): void => {
    expect(outer.map((one) => [one.type, one.cause, one.provider])).toEqual([[type, cause, 'chain']]);
    expect(outer[0]).not.toHaveProperty('parent');
    const { id } = outer[0] as Operation;
    expect(inner.map((one) => [one.type, one.cause, one.parent])).toEqual([[innerType, cause, id]]);
    expect(inner[0]?.id).not.toBe(id);
  };

  it.each<[Operation['type'], Operation['type'], (chain: ProviderChain) => Promise<unknown>]>([
    ['get', 'get', (chain) => chain.get('n')],
    ['getMany', 'get', (chain) => chain.getMany(['n'])],
    ['list', 'list', (chain) => chain.list()],
    ['layers', 'list', (chain) => chain.layers()],
    ['tree', 'list', (chain) => chain.tree()],
    ['health', 'health', (chain) => chain.health()],
    ['refresh', 'refresh', (chain) => chain.refresh()],
  ])('%s is a call, and the parent of what it causes', async (type, innerType, call) => {
    const all = watched();
    await call(all.chain);
    expectOperations(all, [type, innerType], 'call');
  });

  it('explain causes operations with the cause explain', async () => {
    const all = watched();
    await all.chain.explain('n');
    expectOperations(all, ['explain', 'list'], 'explain');
  });

  it('require looks for a similar key with the cause hint', async () => {
    const all = watched();
    await expect(all.chain.require('llm.apikey')).rejects.toThrow('Did you mean llm.apiKey?');
    const isHint = ({ cause }: Operation): boolean => cause === 'hint';
    expectOperations(
      { ...all, outer: all.outer.filter(isHint), inner: all.inner.filter(isHint) },
      ['layers', 'list'],
      'hint',
    );
  });

  it('loadConfig loads, and reload reloads', async () => {
    const all = watched();
    await using config = await loadConfig(schema, all.chain, { context: 'alice' });
    expectOperations(all, ['load', 'list'], 'load');
    expect(all.outer).toMatchObject([{ key: '', options: { context: 'alice' }, wanted: { keys: ['n'] } }]);
    all.clear();
    await config.reload();
    expectOperations(all, ['reload', 'list'], 'reload');
    expect(all.inner).toMatchObject([{ options: { context: 'alice', maxAgeMs: 0 } }]);
  });

  it('a section loads at its prefix', async () => {
    const all = watched();
    await using _ = await loadConfig(all.chain, { at: 'llm' });
    expect(all.outer).toMatchObject([{ type: 'load', key: 'llm' }]);
  });

  it('checkConfig checks', async () => {
    const all = watched();
    expect((await checkConfig(schema, all.chain, { context: 'alice' })).ok).toBe(true);
    expectOperations(all, ['load', 'list'], 'check');
    expect(all.inner).toMatchObject([{ options: { context: 'alice' } }]);
  });

  it('a poll and a change reload, each with its cause', async () => {
    const all = watched();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await using config = await loadConfig(schema, all.chain, {
      watch: { pollMs: 60_000, settleMs: 50 },
      context: 'alice',
    });
    const reloaded = async (afterMs: number): Promise<void> => {
      all.clear();
      let done = false;
      using _ = config.on(({ type }) => void (done ||= type === 'refreshed'));
      await vi.advanceTimersByTimeAsync(afterMs);
      await until('the configuration is reloaded', () => done);
    };
    await all.memory.set('n', 2);
    await reloaded(50);
    expectOperations(all, ['reload', 'list'], 'change');
    await reloaded(70_000);
    expectOperations(all, ['reload', 'list'], 'poll');
    expect(all.inner).toMatchObject([{ options: { context: 'alice', maxAgeMs: 30_000 } }]);
  });

  it('an error and the events of a load have its operation', async () => {
    const { seen, record } = recording();
    const chain = new ProviderChain([failing('far')], { intercept: record });
    const operations: (string | undefined)[] = [];
    const loading = loadConfig(schema, chain, { on: ({ operation }) => operations.push(operation) });
    const error = await loading.catch((thrown: unknown) => thrown as ConfigError);
    expect(error).toMatchObject({ code: 'unavailable', operation: seen[0]?.id });
    expect(operations).toEqual([seen[0]?.id]);
  });

  it('a refused load fails, and a refused reload keeps the generation', async () => {
    const state = { refused: true };
    const policy: Interceptor = (operation, next) => {
      if (state.refused) throw new Error('the policy engine is down');
      expect(['load', 'reload']).toContain(operation.type);
      return next();
    };
    const chain = new ProviderChain([new MemoryProvider({ n: 1 })], { intercept: policy });
    expect(await code(loadConfig(schema, chain))).toBe('policy_violation');
    state.refused = false;
    await using config = await loadConfig(schema, chain);
    state.refused = true;
    expect(await code(config.reload())).toBe('policy_violation');
    expect([config.value.n, config.generation.number]).toEqual([1, 1]);
  });

  it('a load passes what an interceptor leaves of the layers', async () => {
    const withoutB: Interceptor = async (_, next) =>
      ((await next()) as Layer[]).filter(({ name }) => name !== 'b');
    const chain = new ProviderChain([new Fixed('b', { n: 2 }), new Fixed('a', { n: 1 })], {
      intercept: withoutB,
    });
    await using config = await loadConfig(schema, chain);
    expect(config.value).toEqual({ n: 1 });
  });
});

describe('a nested chain', () => {
  const refused = new ConfigError('policy_violation', 'not for you');

  function nested() {
    const [outer, inner, leaf] = [recording(), recording(), recording()];
    const local: ConfigProvider = Object.assign(
      intercepted(
        {
          ...new Fixed('leaf', {}),
          local: true,
          name: 'leaf',
          get: async () => undefined,
          list: async () => [],
          status: () => ({ ageMs: 7 }),
        },
        leaf.record,
      ),
    );
    const inside = new ProviderChain([local], { name: 'inside', intercept: inner.record });
    const chain = new ProviderChain([inside, new Fixed('defaults', { a: 1 })], { intercept: outer.record });
    const trail = (): readonly Operation[] => [outer, inner, leaf].flatMap(({ seen }) => seen);
    return { chain, inside, trail };
  }

  it.each<[string, (chain: ProviderChain) => Promise<unknown>, readonly string[]]>([
    ['get', (chain) => chain.get('a'), ['get', 'get', 'get']],
    ['getMany', (chain) => chain.getMany(['a']), ['getMany', 'getMany', 'get']],
    ['list', (chain) => chain.list(), ['list', 'layers', 'list']],
    ['tree', (chain) => chain.tree(), ['tree', 'layers', 'list']],
    ['layers', (chain) => chain.layers(), ['layers', 'layers', 'list']],
    ['explain', (chain) => chain.explain('a'), ['explain', 'layers', 'list']],
    ['refresh', (chain) => chain.refresh(), ['refresh', 'refresh']],
    ['health', (chain) => chain.health(), ['health', 'health']],
    ['load', (chain) => loadConfig(chain), ['load', 'layers', 'list']],
    ['check', (chain) => checkConfig(schema, chain), ['load', 'layers', 'list']],
  ])('%s asks through a nested chain', async (_, call, types) => {
    const { chain, trail } = nested();
    await call(chain);
    const seen = trail();
    expect(seen.map(({ type }) => type)).toEqual(types);
    expect(seen.map(({ provider }) => provider)).toEqual(['chain', 'inside', 'leaf'].slice(0, types.length));
    expect(seen.slice(1).map(({ parent }) => parent)).toEqual(seen.slice(0, -1).map(({ id }) => id));
    expect(new Set(seen.map(({ cause }) => cause)).size).toBe(1);
  });

  it('a hint asks through a nested chain', async () => {
    const { chain, trail } = nested();
    await expect(chain.require('missing')).rejects.toThrow('no provider has "missing"');
    const seen = trail().filter(({ cause }) => cause === 'hint');
    expect(seen.map(({ type, provider }) => `${type} ${provider}`)).toEqual([
      'layers chain',
      'layers inside',
      'list leaf',
    ]);
  });

  it('the status of a key is that of a nested provider', async () => {
    const { chain } = nested();
    const { layers } = await chain.explain('a');
    expect(layers.map(({ provider, status }) => [provider, status?.ageMs])).toEqual([
      ['leaf', 7],
      ['defaults', undefined],
    ]);
  });

  it.each<[string, (chain: ProviderChain) => Promise<unknown>]>([
    ['get', (chain) => chain.get('a')],
    ['tree', (chain) => chain.tree()],
    ['list', (chain) => chain.list()],
    ['loadConfig', (chain) => loadConfig(chain)],
  ])('%s fails when a nested chain refuses, whatever is below', async (_, call) => {
    const policy: Interceptor = () => {
      throw refused;
    };
    const inside = new ProviderChain([new Fixed('leaf', { a: 2 })], { name: 'inside', intercept: policy });
    for (const one of [inside, optional(inside), scoped(inside, '')]) {
      const chain = new ProviderChain([one, new Fixed('defaults', { a: 1 })]);
      expect(await code(call(chain))).toBe('policy_violation');
    }
  });

  it('the layer of a nested chain that refuses has the error', async () => {
    const policy: Interceptor = () => {
      throw refused;
    };
    const inside = new ProviderChain([new Fixed('leaf', { a: 2 })], { name: 'inside', intercept: policy });
    const chain = new ProviderChain([inside, new Fixed('defaults', { a: 1 })]);
    expect(await chain.layers()).toMatchObject([
      { name: 'inside', entries: [], error: { code: 'policy_violation' } },
      { name: 'defaults' },
    ]);
    expect((await chain.getMany(['a'])).get('a')).toMatchObject({ code: 'policy_violation' });
    expect((await chain.explain('a')).error).toMatchObject({ code: 'policy_violation' });
  });
});

describe('Did you mean', () => {
  /** Refuses secrets to all but alice, in each kind of read. */
  const policy: Interceptor = async (operation, next) => {
    if (operation.options.context === 'alice') return next();
    if (operation.type === 'get') {
      if (operation.key.startsWith('secret')) throw new ConfigError('policy_violation', 'not for you');
      return next();
    }
    const visible = (key: string): boolean => !key.startsWith('secret');
    const answer = (await next()) as readonly (Layer & { key?: string })[];
    return answer.flatMap((part) => {
      if (part.key !== undefined) return visible(part.key) ? [part] : [];
      return [{ ...part, entries: part.entries.filter(({ key }) => visible(key)) }];
    });
  };
  const values = { secret: { apiKey: 'x' }, public: { apiKey: 'y' } };
  const message = (chain: ProviderChain, key: string, context?: string): Promise<string> =>
    chain.require(key, context === undefined ? {} : { context }).then(
      () => 'found',
      (error: Error) => error.message,
    );

  it.each<[string, ProviderChain]>([
    ['the chain', new ProviderChain([new MemoryProvider(values)], { intercept: policy })],
    ['a provider', new ProviderChain([intercepted(new MemoryProvider(values), policy)])],
    ['a decorated provider', new ProviderChain([optional(intercepted(new MemoryProvider(values), policy))])],
    [
      'a nested chain',
      new ProviderChain([new ProviderChain([new MemoryProvider(values)], { name: 'in', intercept: policy })]),
    ],
  ])('names no key that the policy of %s hides from the caller', async (_, chain) => {
    expect(await message(chain, 'public.apiKeys')).toContain('Did you mean public.apiKey?');
    for (const context of [undefined, 'mallory'])
      expect(await message(chain, 'secre.apiKey', context)).not.toMatch(/Did you mean|secret\.apiKey/);
    expect(await message(chain, 'secre.apiKey', 'alice')).toContain('Did you mean secret.apiKey?');
  });

  it('names nothing when a policy refuses or fails while it looks', async () => {
    for (const failure of [new ConfigError('policy_violation', 'no'), new Error('down')]) {
      const noHints: Interceptor = (operation, next) => {
        if (operation.cause === 'hint') throw failure;
        return next();
      };
      const chain = new ProviderChain([new MemoryProvider(values)], { intercept: noHints });
      const inside = new ProviderChain([intercepted(new MemoryProvider(values), noHints)]);
      for (const one of [chain, inside, new ProviderChain([chain])]) {
        expect(await message(one, 'public.apiKeys')).toMatch(/^no provider has "public\.apiKeys"/);
        expect(await message(one, 'public.apiKeys')).not.toContain('Did you mean');
      }
    }
  });

  it('never names the key that a policy hides as absent', async () => {
    const hiding: Interceptor = async (operation, next) => (operation.type === 'get' ? undefined : next());
    const chain = new ProviderChain([new MemoryProvider(values)], { intercept: hiding });
    expect(await message(chain, 'secret.apiKey')).not.toContain('Did you mean');
  });

  it('asks no remote provider, also inside a nested chain', async () => {
    const remote = new Fixed('remote', { 'public.apiKey': 1 });
    const { name, get, list } = { name: 'remote', get: async () => undefined, list: vi.fn(async () => []) };
    const chain = new ProviderChain([
      new ProviderChain([{ name, get, list }, new MemoryProvider(values)], { name: 'in' }),
      intercepted({ name: 'other', get, list }, (_, next) => next()),
    ]);
    expect(await message(chain, 'public.apiKeys')).toContain('Did you mean public.apiKey?');
    expect(list).not.toHaveBeenCalled();
    expect(remote.asked).toBe(0);
  });
});

describe('the listeners of a chain', () => {
  it('pass their context to each provider and nested chain', () => {
    const { provider, given } = fullPort();
    const chain = new ProviderChain([new ProviderChain([provider], { name: 'inside' })]);
    chain.watch(() => {}, { context: 'alice' });
    chain.on(() => {}, { context: 'alice' });
    expect(given).toEqual([
      ['watch', { context: 'alice' }],
      ['on', { context: 'alice' }],
    ]);
  });

  it('loadConfig watches with its context', async () => {
    const { provider, given } = fullPort({ n: 1 });
    await using _ = await loadConfig(schema, [provider], { watch: true, context: 'alice' });
    expect(given).toContainEqual(['watch', { context: 'alice' }]);
    expect(given.filter(([, options]) => options?.context !== 'alice')).toEqual([]);
  });

  it('refresh passes its context, and names each failure', async () => {
    const { provider, given } = fullPort();
    await new ProviderChain([new ProviderChain([provider], { name: 'inside' })]).refresh('a', {
      context: 'alice',
    });
    expect(given).toMatchObject([['refresh', { context: 'alice' }]]);
  });

  it('a hole that an interceptor adds hides the value below', async () => {
    const adding: Interceptor = async (operation, next) => {
      const answer = await next();
      if (operation.type !== 'list') return answer;
      return [...(answer as []), { key: 'a', error: new ConfigError('policy_violation', 'not for you') }];
    };
    const chain = new ProviderChain([
      intercepted(new Fixed('top', {}), adding),
      new Fixed('defaults', { a: 1 }),
    ]);
    const [item] = await chain.list();
    expect(item && isUnreadable(item)).toBe(true);
    expect(await code(chain.tree())).toBe('policy_violation');
  });
});
