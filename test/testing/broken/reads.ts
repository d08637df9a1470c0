import { makeEntry } from '../../../src/entry.ts';
import { keyOf, parent } from '../../../src/key.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { type Broken, entries, leaf, signalless } from './broken.ts';

export const reads: readonly Broken[] = [
  {
    fault: 'answers null for what is not there',
    caughtBy: 'answers undefined, and nothing else, for what is not there',
    spoil: (honest) => ({ get: async (key, options) => (await honest.get(key, options)) ?? (null as never) }),
  },
  {
    fault: 'answers a section as if it were a leaf',
    caughtBy: 'never answers a section: undefined, or invalid_key that names tree',
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
    caughtBy: 'answers undefined below a leaf',
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
    fault: 'finds what every object inherits',
    caughtBy: 'answers undefined for names that every object has',
    spoil: (honest) => ({
      get: async (key, options) =>
        (keyOf(key).split('.').at(-1) as string) in {}
          ? leaf(keyOf(key), 'inherited')
          : honest.get(key, options),
    }),
  },
  {
    fault: 'answers a default of its own',
    caughtBy: 'answers undefined when the backend is empty',
    spoil: (honest) => ({
      get: async (key, options) => (await honest.get(key, options)) ?? leaf(keyOf(key), 'a default'),
    }),
  },
  {
    fault: 'answers under another key and value',
    caughtBy: 'answers a leaf with its key and its value',
    spoil: (honest) => entries(honest, (entry) => makeEntry({ ...entry, key: `prefix.${entry.key}` })),
  },
  {
    fault: 'names no source',
    caughtBy: 'tells who said a value, in the words of the source',
    spoil: (honest) =>
      entries(honest, (entry) =>
        makeEntry({ ...entry, origin: makeOrigin({ provider: 'reference', source: '' }) }),
      ),
  },
  {
    fault: 'knows one spelling of a key alone',
    caughtBy: 'takes a key in any spelling: with dots or with slashes',
    spoil: (honest) => ({
      get: async (key, options) =>
        key.includes('/') && !key.includes('..') ? undefined : honest.get(key, options),
      set: async (key, value, options) =>
        key.includes('/') ? leaf(key, value) : honest.set(key, value, options),
    }),
  },
  {
    fault: 'throws where it has to reject',
    caughtBy: 'refuses what is no key with invalid_key, as a rejection',
    spoil: (honest) => ({
      get: (key, options) => honest.get(keyOf(key), options),
      list: (prefix, options) => honest.list(keyOf(prefix ?? ''), options),
    }),
  },
  {
    fault: 'mixes up callers that ask at the same time',
    caughtBy: 'answers a hundred callers at once, each the same',
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
    fault: 'answers once',
    caughtBy: 'answers the same twice, and the same to a caller who wants it fresh',
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
    fault: 'asks first and looks for an abort later',
    caughtBy: 'asks nobody when the caller had aborted before it began',
    spoil: (honest) => ({
      get: async (key, options) => {
        await honest.get(key, signalless(options));
        return honest.get(key, options);
      },
    }),
  },
  {
    fault: 'stays aborted for good',
    caughtBy: 'does not mind an abort that comes after the answer',
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
    fault: 'takes a password for nothing special',
    caughtBy: 'knows a password for a secret, and never prints it',
    spoil: (honest) => entries(honest, (entry) => makeEntry({ ...entry, secret: false })),
  },
];
