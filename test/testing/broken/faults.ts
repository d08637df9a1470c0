import { isUnreadable } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { Reference } from '../reference.ts';
import { type Broken, leaf, rethrown, signalless } from './broken.ts';

export const faults: readonly Broken[] = [
  {
    fault: 'returns undefined when its backend fails',
    caughtBy: 'get rejects with a transient error when the backend is unavailable',
    spoil: (honest) => ({ get: (key, options) => honest.get(key, options).catch(() => undefined) }),
  },
  {
    fault: 'returns an empty listing when its backend fails',
    caughtBy: 'list rejects, and returns no partial result, when the backend denies access',
    spoil: (honest) => ({ list: (prefix, options) => honest.list(prefix, options).catch(() => []) }),
  },
  {
    fault: 'caches its first rejection',
    caughtBy: 'get and list recover after a failed first request, without a fresh read',
    spoil: (honest) => {
      let connected: Promise<unknown> | undefined;
      const connect = (): Promise<unknown> => (connected ??= honest.get('connect', { maxAgeMs: 0 }));
      return {
        get: async (key, options) => {
          if (!options?.signal) await connect();
          return honest.get(key, options);
        },
        list: async (prefix, options) => {
          if (!options?.signal) await connect();
          return honest.list(prefix, options);
        },
      };
    },
  },
  {
    fault: 'quotes a value in its errors',
    caughtBy: 'errors contain no value when the backend returns garbage',
    spoil: (honest, backend) =>
      rethrown(
        (error) =>
          new ConfigError(
            error.code,
            `cannot parse "${`${[...backend.values.values()][0]}`.slice(0, 10)}…"`,
            {
              provider: 'reference',
              key: error.key ?? '',
            },
          ),
      )(honest),
  },
  {
    fault: 'puts a value in a field of its errors',
    caughtBy: 'errors contain no value when the backend denies access',
    spoil: (honest, backend) =>
      rethrown((error) => Object.assign(error, { response: { body: Object.fromEntries(backend.values) } }))(
        honest,
      ),
  },
  {
    fault: 'passes on the errors of its client',
    caughtBy: 'get rejects with throttled, a transient error when the backend throttles',
    spoil: rethrown(() => new TypeError('fetch failed')),
  },
  {
    fault: 'reports throttling as permanent',
    caughtBy: 'get rejects with throttled, a transient error when the backend throttles',
    spoil: rethrown((error) =>
      error.code === 'throttled' ? new ConfigError('access_denied', 'denied') : error,
    ),
  },
  {
    fault: 'reports denied access as transient',
    caughtBy: 'get rejects with access_denied or a similar permanent error when the backend denies access',
    spoil: rethrown((error) =>
      error.code === 'access_denied' ? new ConfigError('unavailable', 'unavailable') : error,
    ),
  },
  {
    fault: 'reports every failure as an invalid key',
    caughtBy: 'get rejects, and returns neither a value nor undefined, when the backend returns garbage',
    spoil: rethrown(() => new ConfigError('invalid_key', 'something is wrong')),
  },
  {
    fault: 'names neither itself nor the key in its errors',
    caughtBy: 'get rejects with an error that names the provider and the key',
    spoil: rethrown((error) => new ConfigError(error.code, 'it failed')),
  },
  {
    fault: 'ignores an abort',
    caughtBy: 'get rejects at once when its signal is aborted while the backend hangs',
    spoil: (honest) => ({
      get: (key, options) => honest.get(key, signalless(options)),
      list: (prefix, options) => honest.list(prefix, signalless(options)),
      getMany: (keys, options) => honest.getMany(keys, signalless(options)),
      set: (key, value, options) => honest.set(key, value, signalless(options)),
      delete: (key, options) => honest.delete(key, signalless(options)),
    }),
  },
  {
    fault: 'aborts all callers when one aborts',
    caughtBy: 'get keeps waiting for the other callers when one of them aborts',
    spoil: (honest) => {
      let flight: ReturnType<Reference['get']> | undefined;
      return {
        get: (key, options) => {
          if (!options?.signal && !flight) return honest.get(key, options);
          flight ??= honest.get(key, options).finally(() => {
            flight = undefined;
          });
          return flight;
        },
      };
    },
  },
  {
    fault: 'waits forever for a backend that hangs',
    caughtBy: 'get rejects with timeout, a transient error when the backend hangs',
    spoil: (honest, backend) => ({
      get: (key, options) => (backend.fault === 'hang' ? new Promise(() => {}) : honest.get(key, options)),
      list: (prefix, options) =>
        backend.fault === 'hang' ? new Promise(() => {}) : honest.list(prefix, options),
    }),
  },
  {
    fault: 'waits for a backend that hangs when it is closed',
    caughtBy: 'close ends within its time when the backend hangs',
    spoil: (honest, backend) => ({
      close: () => (backend.fault === 'hang' ? new Promise(() => {}) : honest.close()),
    }),
  },
  {
    fault: 'swallows a failure to close its backend',
    caughtBy: 'close rejects when the backend cannot be closed',
    spoil: (honest) => ({ close: () => honest.close().catch(() => {}) }),
  },
  {
    fault: 'returns an empty batch when access is denied',
    caughtBy: 'getMany reports no key as absent when the backend denies access',
    spoil: (honest) => ({
      getMany: (keys, options) =>
        honest.getMany(keys, options).catch(() => new Map(keys.map((key) => [key, undefined]))),
    }),
  },
  {
    fault: 'lists a hole while its backend is unavailable',
    caughtBy: 'list rejects, and returns no partial result, when the backend is unavailable',
    spoil: (honest) => ({
      list: (prefix, options) =>
        honest
          .list(prefix, options)
          .catch((error: ConfigError) => [{ key: '', error, origin: leaf('', null).origin }]),
    }),
  },
  {
    fault: 'omits an unreadable key from its listing',
    caughtBy: 'list returns an unreadable key as a hole, beside all other leaves',
    spoil: (honest) => ({
      list: async (prefix, options) =>
        (await honest.list(prefix, options)).filter((item) => !isUnreadable(item)),
    }),
  },
  {
    fault: 'rejects concurrent callers with different codes',
    caughtBy: 'get rejects a hundred concurrent callers with the same error code',
    spoil: (honest) => {
      let failures = 0;
      return rethrown((error) =>
        failures++ % 2
          ? error
          : new ConfigError('unauthenticated', 'it failed', { provider: 'reference', key: error.key ?? '' }),
      )(honest);
    },
  },
];
