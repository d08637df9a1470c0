import { ConfigError } from '../../../src/errors.ts';
import type { ConfigProvider, ReadOptions } from '../../../src/provider.ts';
import { type ShelterOptions, sheltered } from '../../../src/shelter/index.ts';
import type { Given } from '../../../src/testing/index.ts';
import type { BackendSource } from '../source.ts';

/** A shelter with one fault, and the sentence that is there to find it. */
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

/** A source whose documents are answered otherwise. */
const source =
  (change: (honest: BackendSource) => Partial<BackendSource>) => (honest: BackendSource, given: Given) =>
    sheltered(Object.assign(Object.create(honest), change(honest)), given);

/** A provider whose reads are answered otherwise. */
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
    fault: 'asks for each caller by himself',
    caughtBy: 'costs no more for a hundred callers at once than for one',
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
    fault: 'remembers nothing',
    caughtBy: 'asks nobody again while an answer lives, and asks again when its life is over',
    around: set({ cache: false }),
  },
  {
    fault: 'remembers for ever',
    caughtBy: 'asks nobody again while an answer lives, and asks again when its life is over',
    around: cache({ ttlMs: 1e9, absentTtlMs: 1e9 }),
  },
  {
    fault: 'asks each time for what is not there',
    caughtBy: 'remembers for a while that there is none, and notices when there is one',
    around: cache({ absentTtlMs: 0 }),
  },
  {
    fault: 'keeps a fresh answer from the others',
    caughtBy: 'asks again for who wants it fresh, and remembers that answer for the others',
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
    fault: 'ends the others with the one who aborts',
    caughtBy: 'answers the others when one of those who wait aborts',
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
    fault: 'answers one version for another',
    caughtBy: 'keeps versions apart, however often they are asked for',
    around: reads((get, key, options) => get(key, { ...options, version: undefined } as ReadOptions)),
  },
  {
    fault: 'does not know that values end',
    caughtBy: 'never serves what has ended, whatever else is allowed',
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
    fault: 'tries once',
    caughtBy: 'asks again, a little later, what was throttled',
    around: resilience({ attempts: 1 }),
  },
  {
    fault: 'tries again what was denied',
    caughtBy: 'does not ask again what was denied, and does not remember it',
    around: denialsThatPass,
  },
  {
    fault: 'serves nothing stale',
    caughtBy: 'serves what it has, as old as it is allowed to be, while its backend is down; then it fails',
    around: cache({ staleIfErrorMs: 0 }),
  },
  {
    fault: 'serves what it has for as long as anyone allows at all',
    caughtBy: 'serves what it has, as old as it is allowed to be, while its backend is down; then it fails',
    around: cache({ staleIfErrorMs: 3_600_000 }),
  },
  {
    fault: 'serves old answers to who is denied',
    caughtBy: 'serves nothing old once it is denied',
    around: denialsThatPass,
  },
  {
    fault: 'throws away what it has when a fresh read fails',
    caughtBy: 'keeps what it has when a fresh read fails, and when it is refreshed during an outage',
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
    fault: 'never leaves a backend in peace',
    caughtBy: 'leaves a backend that is down in peace for a minute, and then probes it once',
    around: resilience({ breaker: false }),
  },
  {
    fault: 'leaves a backend in peace for good',
    caughtBy: 'leaves a backend that is down in peace for a minute, and then probes it once',
    around: resilience({ breaker: { failures: 5, resetMs: 1e9 } }),
  },
  {
    fault: 'waits for ever',
    caughtBy: 'tells fifty callers in good time that its backend hangs, and recovers',
    around: (honest, given) =>
      reads((get, key, options) =>
        honest.backend.fault === 'hang' ? new Promise(() => {}) : get(key, options),
      )(honest, given),
  },
];
