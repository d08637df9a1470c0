import { type Entry, makeEntry } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import { keyOf, parent, startsWith } from '../../../src/key.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigTree, ConfigValue } from '../../../src/value.ts';
import type { Reference } from '../reference.ts';
import { type Broken, entries, leaf } from './broken.ts';

export const lists: readonly Broken[] = [
  {
    fault: 'lists keys in lower case',
    caughtBy: 'list keeps the spelling of each key',
    spoil: (honest) => entries(honest, (entry) => makeEntry({ ...entry, key: entry.key.toLowerCase() })),
  },
  {
    fault: 'returns one mutable listing to all callers',
    caughtBy: 'list returns entries that callers cannot change',
    spoil: (honest) => {
      const listings = new Map<string | undefined, ReturnType<Reference['list']>>();
      return {
        list: (prefix, options) => {
          if (options?.signal || options?.maxAgeMs === 0) return honest.list(prefix, options);
          const listing = listings.get(prefix) ?? honest.list(prefix).then((items) => [...items]);
          listings.set(prefix, listing);
          return listing;
        },
      };
    },
  },
  {
    fault: 'lists only the first page',
    caughtBy: 'list returns more leaves than fit in one page',
    spoil: (honest) => ({
      list: async (prefix, options) => (await honest.list(prefix, options)).slice(0, 10),
    }),
  },
  {
    fault: 'lists nothing',
    caughtBy: 'list returns every leaf with its value exactly once, and nothing else',
    spoil: () => ({ list: async () => [] }),
  },
  {
    fault: 'lists the same leaf twice',
    caughtBy: 'list returns every leaf with its value exactly once, and nothing else',
    spoil: (honest) => ({
      list: async (prefix, options) => {
        const items = await honest.list(prefix, options);
        return [...items, ...items.slice(0, 1)];
      },
    }),
  },
  {
    fault: 'lists a key that does not exist',
    caughtBy: 'list returns nothing when the backend is empty',
    spoil: (honest) => ({
      list: async (prefix, options) => [...(await honest.list(prefix, options)), leaf('stray', 'dog')],
    }),
  },
  {
    fault: 'matches a prefix by its letters',
    caughtBy: 'list matches a prefix by whole segments',
    spoil: (honest) => ({
      list: async (prefix = '', options) =>
        (await honest.list('', options)).filter((item) => item.key.startsWith(keyOf(prefix))),
    }),
  },
  {
    fault: 'lists nothing for a prefix that is a leaf',
    caughtBy: 'list returns a single leaf when the prefix is its key',
    spoil: (honest) => ({
      list: async (prefix = '', options) =>
        (await honest.list(prefix, options)).filter((item) => item.key !== keyOf(prefix)),
    }),
  },
  {
    fault: 'ignores the prefix',
    caughtBy: 'list returns nothing below a key that does not exist',
    spoil: (honest) => ({ list: (_, options) => honest.list('', options) }),
  },
  {
    fault: 'cuts a prefix to its first word',
    caughtBy: 'list accepts a prefix of several words',
    spoil: (honest) => ({
      list: async (prefix = '', options) => honest.list(prefix.replace(/[A-Z].*/, ''), options),
    }),
  },
  {
    fault: 'lists fewer keys than wanted',
    caughtBy: 'list returns at least the wanted keys',
    spoil: (honest) => ({
      list: async (prefix, options) =>
        (await honest.list(prefix, options)).filter(
          (item) => !options?.wanted || options.wanted.prefixes.some((above) => startsWith(item.key, above)),
        ),
    }),
  },
  {
    fault: 'lists other values than get returns',
    caughtBy: 'get returns the same value and taint for each key that list returns',
    spoil: (honest) => ({
      list: entries(honest, (entry) => makeEntry({ ...entry, value: `${entry.value} ` }))
        .list as Reference['list'],
    }),
  },
  {
    fault: 'lists trees that do not mark secrets',
    caughtBy: 'list marks secrets, and the listing does not print them',
    spoil: (honest, backend) => ({
      list: async (prefix, options) => {
        const items = await honest.list(prefix, options);
        if (
          items.length === 0 ||
          items.some((item) => item.key === 'database.host' || startsWith(item.key, 'many'))
        )
          return items;
        const tree: Record<string, Record<string, ConfigValue>> = {};
        for (const [key, value] of backend.values)
          (tree[parent(key)] ??= {})[key.slice(parent(key).length + 1)] = value;
        return [leaf('', Object.freeze(tree) as ConfigTree)];
      },
    }),
  },
  {
    fault: 'lists entries without an origin',
    caughtBy: 'list returns an origin for each leaf',
    spoil: (honest) =>
      entries(honest, (entry) => makeEntry({ ...entry, origin: makeOrigin({ provider: '', source: '' }) })),
  },
  {
    fault: 'omits missing keys from a batch',
    caughtBy: 'getMany returns a result for each key: undefined for one that does not exist',
    spoil: (honest) => ({
      getMany: async (keys, options) =>
        new Map([...(await honest.getMany(keys, options))].filter(([, answer]) => answer !== undefined)),
    }),
  },
  {
    fault: 'reads only the first batch',
    caughtBy: 'getMany reads more keys than fit in one request, including missing ones',
    spoil: (honest) => ({ getMany: (keys, options) => honest.getMany(keys.slice(0, 10), options) }),
  },
  {
    fault: 'returns other values in a batch than get',
    caughtBy: 'getMany returns the same entries as get',
    spoil: (honest) => ({
      getMany: async (keys, options) =>
        new Map(
          [...(await honest.getMany(keys, options))].map(([key, answer]) => [
            key,
            answer && ({ ...answer, value: 'mixed up' } as Entry),
          ]),
        ),
    }),
  },
  {
    fault: 'rejects an empty batch',
    caughtBy: 'getMany accepts the same key twice and an empty list',
    spoil: (honest) => ({
      getMany: async (keys, options) => {
        if (keys.length === 0) throw new ConfigError('invalid_option', 'no keys');
        return honest.getMany(keys, options);
      },
    }),
  },
  {
    fault: 'fails every read because of one unreadable key',
    caughtBy: 'getMany returns an error for an unreadable key, and the entries of the others',
    spoil: (honest, backend) => {
      const whole = async (): Promise<void> => {
        for (const key of backend.damaged) await honest.get(key);
      };
      return {
        get: async (key, options) => {
          await whole();
          return honest.get(key, options);
        },
        list: async (prefix, options) => {
          await whole();
          return honest.list(prefix, options);
        },
        getMany: async (keys, options) => {
          await whole();
          return honest.getMany(keys, options);
        },
      };
    },
  },
];
