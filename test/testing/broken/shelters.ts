import type { Entry } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { ConfigProvider, ReadOptions } from '../../../src/provider.ts';
import { type ShelterOptions, sheltered } from '../../../src/shelter/index.ts';
import type { Given } from '../../../src/testing/index.ts';
import type { BackendSource } from '../source.ts';

/** A shelter with one fault, and the sentence that must find it. */
export interface BrokenShelter {
  readonly fault: string;
  readonly caughtBy: string;
  readonly around: (source: BackendSource, options: Given) => ConfigProvider;
}

const set = (change: ShelterOptions) => (source: BackendSource, given: Given) =>
  sheltered(source, { ...given, ...change });
const cache = (change: ShelterOptions['cache']) => (source: BackendSource, given: Given) =>
  sheltered(source, { ...given, cache: { ...given.cache, ...change } });
const resilience =
  (change: Exclude<ShelterOptions['resilience'], false>) => (source: BackendSource, given: Given) =>
    sheltered(source, { ...given, resilience: { ...given.resilience, ...change } });

/** Changes methods of the source. */
const source =
  (change: (honest: BackendSource) => Partial<BackendSource>) => (honest: BackendSource, given: Given) =>
    sheltered(Object.assign(Object.create(honest), change(honest)), given);

/** Changes the reads of the provider. */
const reads =
  (
    change: (
      get: ConfigProvider['get'],
      key: string,
      options: ReadOptions,
    ) => ReturnType<ConfigProvider['get']>,
  ) =>
  (honest: BackendSource, given: Given): ConfigProvider => {
    const provider = sheltered(honest, given);
    const get: ConfigProvider['get'] = (key, options) => provider.get(key, options);
    return Object.assign(Object.create(provider), {
      get: (key: string, options: ReadOptions = {}) => change(get, key, options),
      refresh: () => provider.refresh(),
      close: () => provider.close(),
    });
  };

const denialsThatPass = source((honest) => ({
  read: (documents, call) =>
    honest.read(documents, call).catch((error: ConfigError) => {
      throw error.code === 'access_denied' ? new ConfigError('unavailable', 'unavailable') : error;
    }),
}));

export const shelters: readonly BrokenShelter[] = [
  {
    fault: 'makes one request for each caller',
    caughtBy: 'get makes no more requests for a hundred concurrent callers than for one',
    around: (honest, given) => {
      const provider = sheltered(honest, given);
      return {
        name: 'reference',
        get: async (key, options) => {
          await provider.get(key, { ...options, maxAgeMs: 0 });
          return honest.backend.request(options, key, () => provider.get(key, options));
        },
        list: (prefix, options) => provider.list(prefix, options),
      };
    },
  },
  {
    fault: 'caches nothing',
    caughtBy: 'get makes no request until the cached value expires, and then reads it again',
    around: set({ cache: false }),
  },
  {
    fault: 'caches forever',
    caughtBy: 'get makes no request until the cached value expires, and then reads it again',
    around: cache({ ttlMs: 1e9, absentTtlMs: 1e9 }),
  },
  {
    fault: 'does not cache absence',
    caughtBy: 'get caches that a key is absent, and finds a value added later',
    around: cache({ absentTtlMs: 0 }),
  },
  {
    fault: 'does not cache the result of a fresh read',
    caughtBy: 'a fresh read bypasses the cache, and its result is cached for other callers',
    around: (honest, given) => {
      const [fresh, held] = [sheltered(honest, given), sheltered(honest, given)];
      return {
        name: 'reference',
        get: (key, options) => (options?.maxAgeMs === 0 ? fresh : held).get(key, options),
        list: (prefix, options) => held.list(prefix, options),
        refresh: () => held.refresh(),
      };
    },
  },
  {
    fault: 'aborts all callers when one aborts',
    caughtBy: 'get serves the other waiting callers when one of them aborts',
    around: (honest, given) => {
      const provider = sheltered(honest, given);
      const flights = new Map<string, ReturnType<ConfigProvider['get']>>();
      return {
        name: 'reference',
        get: (key, options) => {
          const flight = flights.get(key) ?? provider.get(key, options).finally(() => flights.delete(key));
          flights.set(key, flight);
          return flight;
        },
        list: (prefix, options) => provider.list(prefix, options),
        refresh: () => provider.refresh(),
      };
    },
  },
  {
    fault: 'ignores the requested version',
    caughtBy: 'get caches each version separately',
    around: reads((get, key, options) => get(key, { ...options, version: undefined } as ReadOptions)),
  },
  {
    fault: 'ignores the expiry of values',
    caughtBy: 'get never returns a value past its expiry, even where stale values are allowed',
    around: source((honest) => ({
      outcome: (key, version) => {
        const outcome = honest.outcome(key, version);
        return typeof outcome === 'object' && 'value' in outcome
          ? { ...outcome, expiresAt: Number.MAX_SAFE_INTEGER }
          : outcome;
      },
    })),
  },
  {
    fault: 'does not retry',
    caughtBy: 'get retries a throttled request',
    around: resilience({ attempts: 1 }),
  },
  {
    fault: 'retries a denied request',
    caughtBy: 'get does not retry a denied request, and asks again after a second',
    around: denialsThatPass,
  },
  {
    fault: 'never returns stale values',
    caughtBy: 'get returns stale values for staleIfErrorMs during an outage, and then rejects',
    around: cache({ staleIfErrorMs: 0 }),
  },
  {
    fault: 'returns stale values for too long',
    caughtBy: 'get returns stale values for staleIfErrorMs during an outage, and then rejects',
    around: cache({ staleIfErrorMs: 3_600_000 }),
  },
  {
    fault: 'returns stale values when access is denied',
    caughtBy: 'get returns no stale value when the backend denies access',
    around: denialsThatPass,
  },
  {
    fault: 'drops its cache when a fresh read fails',
    caughtBy: 'a failed fresh read or a refresh during an outage keeps the cached values',
    around: (honest, given) => {
      let provider = sheltered(honest, given);
      return {
        name: 'reference',
        get: (key, options) =>
          provider.get(key, options).catch((error) => {
            if (options?.maxAgeMs === 0) provider = sheltered(honest, given);
            throw error;
          }),
        list: (prefix, options) => provider.list(prefix, options),
        refresh: () => provider.refresh(),
      };
    },
  },
  {
    fault: 'has no circuit breaker',
    caughtBy: 'the breaker blocks requests to a failing backend for a minute, then probes',
    around: resilience({ breaker: false }),
  },
  {
    fault: 'never closes its circuit breaker',
    caughtBy: 'the breaker blocks requests to a failing backend for a minute, then probes',
    around: resilience({ breaker: { failures: 5, resetMs: 1e9 } }),
  },
  {
    fault: 'waits forever',
    caughtBy: 'get rejects fifty concurrent callers with timeout while the backend hangs, and recovers',
    around: (honest, given) =>
      reads((get, key, options) =>
        honest.backend.fault === 'hang' ? new Promise(() => {}) : get(key, options),
      )(honest, given),
  },
  {
    fault: 'renews once for each caller',
    caughtBy: 'renew reads a cached value again, once for a hundred concurrent callers',
    around: (honest, given) => {
      const provider = sheltered(honest, given);
      return {
        name: 'reference',
        get: (key, options) => provider.get(key, options),
        list: (prefix, options) => provider.list(prefix, options),
        renew: async (key, options) =>
          honest.backend.request(options, key, () => provider.get(key, { maxAgeMs: 60_000 })),
      };
    },
  },
  {
    fault: 'knows a value past its end',
    caughtBy: 'known agrees with get after a value has expired',
    around: (honest, given) => {
      const provider = sheltered(honest, given);
      const answers = new Map<string, Entry | undefined>();
      return {
        name: 'reference',
        get: async (key, options) => {
          const entry = await provider.get(key, options);
          if (!answers.has(key)) answers.set(key, entry);
          return entry;
        },
        known: (key) => (answers.has(key) ? { entry: answers.get(key) } : undefined),
        list: (prefix, options) => provider.list(prefix, options),
      };
    },
  },
];
