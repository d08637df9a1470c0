import { makeEntry } from '../../../src/entry.ts';
import { keyOf, parent } from '../../../src/key.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { type Broken, entries, leaf, signalless } from './broken.ts';

export const reads: readonly Broken[] = [
  {
    fault: 'returns null for a key that does not exist',
    caughtBy: 'get returns undefined for a key that does not exist',
    spoil: (honest) => ({ get: async (key, options) => (await honest.get(key, options)) ?? (null as never) }),
  },
  {
    fault: 'returns a section as a leaf',
    caughtBy: 'get returns undefined for a section, or rejects with invalid_key and mentions tree',
    spoil: (honest, backend) => ({
      get: async (key, options) => {
        const inside = [...backend.values.keys()].filter((other) => parent(other) === keyOf(key));
        return inside.length > 0
          ? leaf(keyOf(key), Object.freeze(Object.fromEntries(inside.map((one) => [one, 'x']))))
          : honest.get(key, options);
      },
    }),
  },
  {
    fault: 'looks below a leaf',
    caughtBy: 'get returns undefined for a key below a leaf',
    spoil: (honest) => ({
      get: async (key, options) => {
        const above = await honest.get(parent(keyOf(key)) || 'none', options);
        const inside =
          typeof above?.value === 'string'
            ? (above.value as unknown as Record<string, ConfigValue>)[keyOf(key).split('.').at(-1) as string]
            : undefined;
        return inside === undefined ? honest.get(key, options) : leaf(keyOf(key), 'x');
      },
    }),
  },
  {
    fault: 'finds names that every object inherits',
    caughtBy: 'get returns undefined for names that every object inherits',
    spoil: (honest) => ({
      get: async (key, options) =>
        (keyOf(key).split('.').at(-1) as string) in {}
          ? leaf(keyOf(key), 'inherited')
          : honest.get(key, options),
    }),
  },
  {
    fault: 'returns its own default',
    caughtBy: 'get returns undefined when the backend is empty',
    spoil: (honest) => ({
      get: async (key, options) => (await honest.get(key, options)) ?? leaf(keyOf(key), 'a default'),
    }),
  },
  {
    fault: 'returns an entry with a different key',
    caughtBy: 'get returns an entry with the key and the value',
    spoil: (honest) => entries(honest, (entry) => makeEntry({ ...entry, key: `prefix.${entry.key}` })),
  },
  {
    fault: 'names no source',
    caughtBy: 'get returns an origin that names the provider and the source',
    spoil: (honest) =>
      entries(honest, (entry) =>
        makeEntry({ ...entry, origin: makeOrigin({ provider: 'reference', source: '' }) }),
      ),
  },
  {
    fault: 'accepts only one spelling of a key',
    caughtBy: 'get accepts keys with dots and keys with slashes',
    spoil: (honest) => ({
      get: async (key, options) =>
        key.includes('/') && !key.includes('..') ? undefined : honest.get(key, options),
      set: async (key, value, options) =>
        key.includes('/') ? leaf(key, value) : honest.set(key, value, options),
    }),
  },
  {
    fault: 'throws instead of rejecting',
    caughtBy: 'get rejects an invalid key with invalid_key and does not throw',
    spoil: (honest) => ({
      get: (key, options) => honest.get(keyOf(key), options),
      list: (prefix, options) => honest.list(keyOf(prefix ?? ''), options),
    }),
  },
  {
    fault: 'mixes up concurrent callers',
    caughtBy: 'get returns the right value to each of a hundred concurrent callers',
    spoil: (honest) => {
      let last = '';
      return {
        get: async (key, options) => {
          last = keyOf(key);
          await Promise.resolve();
          return honest.get(last, options);
        },
      };
    },
  },
  {
    fault: 'returns each value only once',
    caughtBy: 'get returns the same value again, also for a fresh read',
    spoil: (honest) => {
      const asked = new Set<string>();
      return {
        get: async (key, options) => {
          const again = asked.has(key);
          asked.add(key);
          return again ? undefined : honest.get(key, options);
        },
      };
    },
  },
  {
    fault: 'makes a request before it checks the signal',
    caughtBy: 'get makes no request when its signal is already aborted',
    spoil: (honest) => ({
      get: async (key, options) => {
        await honest.get(key, signalless(options));
        return honest.get(key, options);
      },
    }),
  },
  {
    fault: 'stays aborted after one abort',
    caughtBy: 'get returns the value after the signal of an earlier call is aborted',
    spoil: (honest) => {
      const gone = new Set<AbortSignal>();
      return {
        get: (key, options) => {
          if (options?.signal) gone.add(options.signal);
          const signal = [...gone].find((one) => one.aborted);
          return honest.get(key, signal ? { ...options, signal } : options);
        },
      };
    },
  },
  {
    fault: 'does not mark a password as secret',
    caughtBy: 'get marks a password as secret, and the entry does not print the value',
    spoil: (honest) => entries(honest, (entry) => makeEntry({ ...entry, secret: false })),
  },
];
