// No decorator takes a refusal for an outage. Each row is a way to read through decorators, with a default
// below that must not win; each column is a code that is not transient.

import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { ConfigError, type ErrorCode, errorCodes } from '../../src/errors.ts';
import type { Interceptor } from '../../src/interception.ts';
import { layerOf } from '../../src/listing.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { hole } from '../support/layers.ts';
import { code } from '../support/sheltering.ts';

const all = Object.keys(errorCodes) as ErrorCode[];
const definite = all.filter((one) => !errorCodes[one].transient);
const transient = all.filter((one) => errorCodes[one].transient);

/** A store with `a`, which fails every call while `error` is set. */
function store() {
  const memory = new MemoryProvider({ a: 'own' }, { name: 'store' });
  const state: { error: unknown } = { error: undefined };
  const unless = async <T>(work: () => Promise<T>): Promise<T> => {
    if (state.error !== undefined) throw state.error;
    return work();
  };
  const provider: ConfigProvider = {
    name: 'store',
    get: (key) => unless(() => memory.get(key)),
    list: (prefix) => unless(() => memory.list(prefix)),
    getMany: (keys) =>
      unless(
        async () =>
          new Map(await Promise.all(keys.map(async (key) => [key, await memory.get(key)] as const))),
      ),
  };
  return { provider, state };
}

const pass: Interceptor = (_, next) => next();
const backup = (): ConfigProvider => new MemoryProvider({ a: 'backup' }, { name: 'backup' });
type Decorated = (provider: ConfigProvider) => ConfigProvider;
const decorators: readonly (readonly [string, Decorated])[] = [
  ['optional', optional],
  ['fallback', (provider) => fallback(provider, backup())],
  ['fallback as the second', (provider) => fallback(down(), provider)],
  ['scoped', (provider) => scoped(optional(mounted(provider, 'x')), 'x')],
  ['mounted', (provider) => mounted(optional(scoped(provider, '')), '')],
  ['unsealed', (provider) => optional(unsealed(provider))],
  ['intercepted', (provider) => optional(intercepted(provider, pass))],
  ['a nested chain', (provider) => optional(new ProviderChain([provider], { name: 'inside' }))],
  [
    'an intercepted chain',
    (provider) => optional(new ProviderChain([provider], { name: 'inside', intercept: pass })),
  ],
  ['optional(optional)', (provider) => optional(fallback(optional(provider), backup()))],
];
const down = (): ConfigProvider => {
  const failed = () => Promise.reject(new ConfigError('unavailable', 'down'));
  return { name: 'down', get: failed, list: failed };
};

/** Reads `a` in every way, with a default below. */
const reads: readonly (readonly [string, (chain: ProviderChain) => Promise<unknown>])[] = [
  ['get', (chain) => chain.get('a')],
  ['require', (chain) => chain.require('a')],
  [
    'getMany',
    async (chain) => {
      const found = (await chain.getMany(['a', 'b'])).get('a');
      if (found instanceof ConfigError) throw found;
    },
  ],
  ['tree', (chain) => chain.tree()],
  [
    'list',
    async (chain) => {
      const [item] = await chain.list();
      if (item && 'error' in item) throw item.error;
    },
  ],
  [
    'explain',
    async (chain) => {
      const { error } = await chain.explain('a');
      if (error) throw error;
    },
  ],
  ['loadConfig', (chain) => loadConfig(chain)],
];
type Reads = typeof reads;
const quick: Reads = reads.filter(([name]) => ['get', 'tree'].includes(name));
/** The codes of a refusal are tried in every read, the others in two. */
const refusals: readonly ErrorCode[] = ['policy_violation', 'quota_exceeded', 'audit_failed'];
const readsOf = (one: ErrorCode): Reads => (refusals.includes(one) ? reads : quick);

const results = async (provider: ConfigProvider, tried: Reads = reads): Promise<string[]> => {
  const chain = new ProviderChain([provider, new MemoryProvider({ a: 'default' }, { name: 'defaults' })]);
  return outcomes(chain, tried);
};
const outcomes = (chain: ProviderChain, tried: Reads): Promise<string[]> =>
  Promise.all(tried.map(async ([name, read]) => `${name}: ${await code(read(chain))}`));
const each = (result: string, tried: Reads = reads): string[] => tried.map(([name]) => `${name}: ${result}`);

describe('a code that is not transient', () => {
  it('policy_violation, quota_exceeded and audit_failed are among them', () => {
    expect(definite).toEqual(expect.arrayContaining(['policy_violation', 'quota_exceeded', 'audit_failed']));
    expect(transient).toEqual(['unavailable', 'throttled', 'timeout', 'circuit_open']);
    expect(errorCodes.audit_failed).toEqual({ transient: false, status: 500 });
    expect(errorCodes.quota_exceeded.status).toBe(429);
  });

  it.each(decorators)('%s lets no default win, in any read', async (_, decorated) => {
    for (const one of definite) {
      const { provider, state } = store();
      state.error = new ConfigError(one, `the store says ${one}`);
      expect(await results(decorated(provider), readsOf(one))).toEqual(each(one, readsOf(one)));
    }
  });

  it.each(decorators)('%s lets no default win after a first answer', async (_, decorated) => {
    for (const one of refusals) {
      const { provider, state } = store();
      const chained = decorated(provider);
      expect(await results(chained, quick)).toEqual(each('answered', quick));
      state.error = new ConfigError(one, `the store says ${one}`);
      expect(await results(chained, quick)).toEqual(each(one, quick));
    }
  });

  it.each(decorators)('%s lets no default win over a single key that is refused', async (_, decorated) => {
    const single = reads.filter(([name]) => ['tree', 'explain'].includes(name));
    for (const one of definite) {
      const error = new ConfigError(one, `the store says ${one}`);
      const refusing: ConfigProvider = {
        name: 'store',
        get: () => Promise.reject(error),
        list: async () => [{ ...hole('store', 'a', one), error }],
        layers: async () => [layerOf('store', [{ ...hole('store', 'a', one), error }])],
      };
      const tried = refusals.includes(one) ? single : single.slice(0, 1);
      expect(await results(decorated(refusing), tried)).toEqual(each(one, tried));
    }
  });

  it('a load reports a single key that is refused among its problems', async () => {
    for (const one of refusals) {
      const refusing: ConfigProvider = {
        name: 'store',
        get: async () => undefined,
        list: async () => [hole('store', 'a', one)],
      };
      const loading = loadConfig([optional(refusing), backup()]);
      await expect(loading).rejects.toMatchObject({
        code: 'validation',
        problems: [{ kind: 'unreadable', key: 'a' }],
      });
    }
  });
});

describe('a transient code, for contrast', () => {
  it('optional and fallback take it for an outage', async () => {
    for (const one of transient) {
      const { provider, state } = store();
      state.error = new ConfigError(one, `the store says ${one}`);
      expect(await results(optional(provider), quick)).toEqual(each('answered', quick));
      const chain = new ProviderChain([fallback(provider, backup()), new MemoryProvider({ a: 'default' })]);
      expect(await chain.value('a')).toBe('backup');
    }
  });
});

describe('a sheltered provider', () => {
  const options = { cache: { jitter: 0, ttlMs: 10, staleIfErrorMs: 3_600_000 }, resilience: { attempts: 1 } };

  it('serves a stale value for transient codes only', async () => {
    for (const one of all) {
      const clock = manualClock();
      const { provider, state } = store();
      const shelter = sheltered(provider, { ...options, clock });
      const chain = new ProviderChain([optional(shelter), new MemoryProvider({ a: 'default' })]);
      expect(await chain.value('a')).toBe('own');
      await clock.advance(20);
      state.error = new ConfigError(one, `the store says ${one}`);
      const result = await chain.value('a').catch((error: ConfigError) => error.code);
      expect([one, result]).toEqual([one, errorCodes[one].transient ? 'own' : one]);
      await shelter.close();
    }
  });

  it('reports a refusal in each read, and keeps its breaker closed', async () => {
    for (const one of refusals) {
      const clock = manualClock();
      const { provider, state } = store();
      const shelter = sheltered(provider, {
        ...options,
        clock,
        resilience: { attempts: 3, breaker: { failures: 1 } },
      });
      state.error = new ConfigError(one, `the store says ${one}`);
      expect(await clock.until(results(optional(shelter)))).toEqual(each(one));
      expect(await shelter.health()).toMatchObject({ breaker: 'closed' });
      await shelter.close();
    }
  });
});

describe('an interceptor that fails', () => {
  const failures: readonly unknown[] = [
    new Error('cannot reach the policy engine'),
    Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' }),
    undefined,
    ...transient.map((one) => new ConfigError(one, 'the policy engine is down')),
  ];
  const throwing =
    (thrown: unknown): Interceptor =>
    () => {
      throw thrown;
    };
  const places: readonly (readonly [string, (policy: Interceptor) => ConfigProvider])[] = [
    ['optional(intercepted)', (policy) => optional(intercepted(store().provider, policy))],
    ['fallback(intercepted)', (policy) => fallback(intercepted(store().provider, policy), backup())],
    ['scoped', (policy) => optional(scoped(mounted(intercepted(store().provider, policy), 'x'), 'x'))],
    ['unsealed', (policy) => optional(unsealed(intercepted(store().provider, policy)))],
    ['intercepted(sheltered)', (policy) => optional(intercepted(sheltered(store().provider), policy))],
    [
      'intercepted(intercepted)',
      (policy) => optional(intercepted(intercepted(store().provider, policy), pass)),
    ],
    [
      'a nested chain',
      (policy) => optional(new ProviderChain([store().provider], { name: 'in', intercept: [pass, policy] })),
    ],
    [
      'a provider of a nested chain',
      (policy) => optional(new ProviderChain([intercepted(store().provider, policy)], { name: 'in' })),
    ],
  ];

  it.each(places)('%s lets no default win for its own failures', async (_, place) => {
    for (const thrown of failures)
      expect(await results(place(throwing(thrown)), quick)).toEqual(each('policy_violation', quick));
  });

  it.each(places)('%s lets no default win for its refusals', async (_, place) => {
    for (const one of refusals)
      expect(await results(place(throwing(new ConfigError(one, 'not for you'))))).toEqual(each(one));
  });

  it('a policy engine that is a chain, and down, lets no default win', async () => {
    const engine = new ProviderChain([down()], { name: 'policies' });
    const policy: Interceptor = async (_, next) => {
      await engine.require('rules');
      return next();
    };
    for (const [, place] of places)
      expect(await results(place(policy), quick)).toEqual(each('policy_violation', quick));
  });

  it('a policy that decides key by key lets no default win', async () => {
    const failed = new ConfigError('timeout', 'the policy engine is late');
    const byKey: Interceptor = async (operation, next) => {
      const answer = await next();
      if (operation.type !== 'getMany') throw failed;
      return new Map(Array.from(answer as Map<string, unknown>, ([key]) => [key, failed]));
    };
    const many = reads.filter(([name]) => name.startsWith('get'));
    for (const [, place] of places)
      expect(await results(place(byKey), many)).toEqual(each('policy_violation', many));
  });

  it('a chain that is refused as a whole loads nothing', async () => {
    for (const thrown of failures) {
      const chain = new ProviderChain([new MemoryProvider({ a: '1' })], { intercept: throwing(thrown) });
      expect(await outcomes(chain, reads)).toEqual(each('policy_violation'));
    }
  });
});
