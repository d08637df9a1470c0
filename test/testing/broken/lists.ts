import { type Entry, makeEntry } from '../../../src/entry.ts';
import { ConfigError } from '../../../src/errors.ts';
import { keyOf, parent, startsWith } from '../../../src/key.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigTree, ConfigValue } from '../../../src/value.ts';
import type { Reference } from '../reference.ts';
import { type Broken, entries, leaf } from './broken.ts';

export const lists: readonly Broken[] = [
  {
    fault: 'loses the case of its keys',
    caughtBy: 'keeps the case and the words of a key when it lists it',
    spoil: (honest) => entries(honest, (entry) => makeEntry({ ...entry, key: entry.key.toLowerCase() })),
  },
  {
    fault: 'answers one list to all, for everyone to change',
    caughtBy: 'lists entries that nobody can change',
    spoil: (honest) => {
      const answers = new Map<string | undefined, ReturnType<Reference['list']>>();
      return {
        list: (prefix, options) => {
          if (options?.signal || options?.maxAgeMs === 0) return honest.list(prefix, options);
          const answer = answers.get(prefix) ?? honest.list(prefix).then((items) => [...items]);
          answers.set(prefix, answer);
          return answer;
        },
      };
    },
  },
  {
    fault: 'lists one page alone',
    caughtBy: 'lists more leaves than a page or a batch holds',
    spoil: (honest) => ({
      list: async (prefix, options) => (await honest.list(prefix, options)).slice(0, 10),
    }),
  },
  {
    fault: 'lists nothing at all',
    caughtBy: 'lists every leaf with its value, each once, and nothing else',
    spoil: () => ({ list: async () => [] }),
  },
  {
    fault: 'lists the same leaf twice',
    caughtBy: 'lists every leaf with its value, each once, and nothing else',
    spoil: (honest) => ({
      list: async (prefix, options) => {
        const items = await honest.list(prefix, options);
        return [...items, ...items.slice(0, 1)];
      },
    }),
  },
  {
    fault: 'lists a key that was never there',
    caughtBy: 'lists nothing when the backend is empty',
    spoil: (honest) => ({
      list: async (prefix, options) => [...(await honest.list(prefix, options)), leaf('stray', 'dog')],
    }),
  },
  {
    fault: 'lists what only begins like the prefix',
    caughtBy: 'lists what stands below a prefix, and not what only begins alike',
    spoil: (honest) => ({
      list: async (prefix = '', options) =>
        (await honest.list('', options)).filter((item) => item.key.startsWith(keyOf(prefix))),
    }),
  },
  {
    fault: 'lists a leaf only below its parent',
    caughtBy: 'lists a leaf alone when the prefix is its key',
    spoil: (honest) => ({
      list: async (prefix = '', options) =>
        (await honest.list(prefix, options)).filter((item) => item.key !== keyOf(prefix)),
    }),
  },
  {
    fault: 'lists everything whatever the prefix',
    caughtBy: 'lists nothing below what is not there',
    spoil: (honest) => ({ list: (_, options) => honest.list('', options) }),
  },
  {
    fault: 'takes a prefix for one word',
    caughtBy: 'finds a prefix of several words',
    spoil: (honest) => ({
      list: async (prefix = '', options) => honest.list(prefix.replace(/[A-Z].*/, ''), options),
    }),
  },
  {
    fault: 'lists less than what is wanted',
    caughtBy: 'lists at least what is wanted',
    spoil: (honest) => ({
      list: async (prefix, options) =>
        (await honest.list(prefix, options)).filter(
          (item) => !options?.wanted || options.wanted.prefixes.some((open) => startsWith(item.key, open)),
        ),
    }),
  },
  {
    fault: 'lists another value than it answers',
    caughtBy: 'reads back each key that it lists, with the same value and taint',
    spoil: (honest) => ({
      list: entries(honest, (entry) => makeEntry({ ...entry, value: `${entry.value} ` }))
        .list as Reference['list'],
    }),
  },
  {
    fault: 'lists trees that do not tell their secrets',
    caughtBy: 'prints no secret of a listing',
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
    fault: 'lists without a word on who said it',
    caughtBy: 'tells for each leaf who said it',
    spoil: (honest) =>
      entries(honest, (entry) => makeEntry({ ...entry, origin: makeOrigin({ provider: '', source: '' }) })),
  },
  {
    fault: 'leaves missing keys out of a batch',
    caughtBy: 'answers each key that was asked, undefined where there is none',
    spoil: (honest) => ({
      getMany: async (keys, options) =>
        new Map([...(await honest.getMany(keys, options))].filter(([, answer]) => answer !== undefined)),
    }),
  },
  {
    fault: 'reads one batch and drops the rest',
    caughtBy: 'answers more keys than a backend takes in one call, the missing ones among them',
    spoil: (honest) => ({ getMany: (keys, options) => honest.getMany(keys.slice(0, 10), options) }),
  },
  {
    fault: 'answers a batch otherwise than a single read',
    caughtBy: 'answers what get answers',
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
    fault: 'refuses an empty batch',
    caughtBy: 'answers one key asked twice, and no keys at all',
    spoil: (honest) => ({
      getMany: async (keys, options) => {
        if (keys.length === 0) throw new ConfigError('invalid_option', 'no keys');
        return honest.getMany(keys, options);
      },
    }),
  },
  {
    fault: 'fails a whole batch, list and all, for one unreadable key',
    caughtBy: 'lets one unreadable key fail alone',
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
