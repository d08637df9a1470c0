import { isUnreadable } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { Reference } from '../reference.ts';
import { type Broken, leaf, rethrown, signalless } from './broken.ts';

export const faults: readonly Broken[] = [
  {
    fault: 'answers undefined when its backend fails',
    caughtBy: 'a backend out of reach is an error for which asking again may help; nothing is absent',
    spoil: (honest) => ({ get: (key, options) => honest.get(key, options).catch(() => undefined) }),
  },
  {
    fault: 'lists nothing when its backend fails',
    caughtBy: 'a backend that denies fails a list, which is neither empty nor cut short',
    spoil: (honest) => ({ list: (prefix, options) => honest.list(prefix, options).catch(() => []) }),
  },
  {
    fault: 'remembers its first rejection',
    caughtBy: 'recovers when its very first request failed, without a fresh read being asked for',
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
    caughtBy: 'a backend that answers garbage brings no value into any error',
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
    fault: 'hides a value in a field of its errors',
    caughtBy: 'a backend that denies brings no value into any error',
    spoil: (honest, backend) =>
      rethrown((error) => Object.assign(error, { response: { body: Object.fromEntries(backend.values) } }))(
        honest,
      ),
  },
  {
    fault: 'passes on the errors of its client',
    caughtBy: 'a backend that throttles is throttled, for which asking again will help; nothing is absent',
    spoil: rethrown(() => new TypeError('fetch failed')),
  },
  {
    fault: 'says that throttling is final',
    caughtBy: 'a backend that throttles is throttled, for which asking again will help; nothing is absent',
    spoil: rethrown((error) =>
      error.code === 'throttled' ? new ConfigError('access_denied', 'denied') : error,
    ),
  },
  {
    fault: 'says that being denied passes by itself',
    caughtBy:
      'a backend that denies is access_denied or its like, for which asking again is no help; nothing is absent',
    spoil: rethrown((error) =>
      error.code === 'access_denied' ? new ConfigError('unavailable', 'unavailable') : error,
    ),
  },
  {
    fault: 'calls every failure an invalid key',
    caughtBy: 'a backend that answers garbage is an error, never a value and never absent; nothing is absent',
    spoil: rethrown(() => new ConfigError('invalid_key', 'something is wrong')),
  },
  {
    fault: 'says neither who failed nor where',
    caughtBy: 'says which provider and which key failed',
    spoil: rethrown((error) => new ConfigError(error.code, 'it failed')),
  },
  {
    fault: 'ignores an abort',
    caughtBy: 'ends at once when its caller aborts, while the backend hangs',
    spoil: (honest) => ({
      get: (key, options) => honest.get(key, signalless(options)),
      list: (prefix, options) => honest.list(prefix, signalless(options)),
      getMany: (keys, options) => honest.getMany(keys, signalless(options)),
      set: (key, value, options) => honest.set(key, value, signalless(options)),
      delete: (key, options) => honest.delete(key, signalless(options)),
    }),
  },
  {
    fault: 'lets one caller’s abort end the others',
    caughtBy: 'lets the others wait on when one caller aborts',
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
    fault: 'never gives up on a backend that hangs',
    caughtBy: 'a backend that hangs is a timeout; nothing is absent',
    spoil: (honest, backend) => ({
      get: (key, options) => (backend.fault === 'hang' ? new Promise(() => {}) : honest.get(key, options)),
      list: (prefix, options) =>
        backend.fault === 'hang' ? new Promise(() => {}) : honest.list(prefix, options),
    }),
  },
  {
    fault: 'swallows that its backend could not be closed',
    caughtBy: 'does not swallow that the backend could not be closed',
    spoil: (honest) => ({ close: () => honest.close().catch(() => {}) }),
  },
  {
    fault: 'calls a denied batch empty',
    caughtBy: 'leaves no key absent when the backend denies all of them',
    spoil: (honest) => ({
      getMany: (keys, options) =>
        honest.getMany(keys, options).catch(() => new Map(keys.map((key) => [key, undefined]))),
    }),
  },
  {
    fault: 'lists a hole while its backend is out of reach',
    caughtBy: 'a backend out of reach fails a list, which is neither empty nor cut short',
    spoil: (honest) => ({
      list: (prefix, options) =>
        honest
          .list(prefix, options)
          .catch((error: ConfigError) => [{ key: '', error, origin: leaf('', null).origin }]),
    }),
  },
  {
    fault: 'leaves an unreadable key out of its list',
    caughtBy: 'lists an unreadable key as a hole, beside all the others',
    spoil: (honest) => ({
      list: async (prefix, options) =>
        (await honest.list(prefix, options)).filter((item) => !isUnreadable(item)),
    }),
  },
  {
    fault: 'fails each caller in a way of its own',
    caughtBy: 'fails a hundred callers at once, each with an error of the same kind',
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
