import type { Entry } from '../../../src/entry.ts';
import { keyOf } from '../../../src/key.ts';
import type { ConfigProvider } from '../../../src/provider.ts';
import { type Broken, leaf } from './broken.ts';

/** Keeps the first answer for each key, and knows it ever after. */
const remembering: Broken['spoil'] = (honest) => {
  const answers = new Map<string, Entry | undefined>();
  const known: ConfigProvider['known'] = (key) =>
    answers.has(key) ? { entry: answers.get(key) } : undefined;
  return {
    known,
    get: async (key, options) => {
      const entry = await honest.get(key, options);
      if (!answers.has(keyOf(key))) answers.set(keyOf(key), entry);
      return entry;
    },
  };
};

export const renewals: readonly Broken[] = [
  {
    fault: 'names another document in each answer',
    caughtBy: 'get and list name the same document for a key',
    spoil: (honest) => ({
      get: async (key, options) => {
        const entry = await honest.get(key, options);
        return entry && leaf(entry.key, entry.value, 'another');
      },
    }),
  },
  {
    fault: 'renews a key that does not exist',
    caughtBy: 'renew returns the value of a key, and undefined for one that does not exist',
    spoil: (honest) => ({
      renew: async (key, options) => (await honest.renew(key, options)) ?? leaf(keyOf(key), 'x'),
    }),
  },
  {
    fault: 'renews without a read',
    caughtBy: 'renew returns a changed value, and so does get afterwards',
    spoil: (honest) => {
      const answers = new Map<string, Promise<Entry | undefined>>();
      const get: ConfigProvider['get'] = (key, options) => {
        if (!answers.has(key)) answers.set(key, honest.get(key, options));
        return answers.get(key) as Promise<Entry | undefined>;
      };
      return { get, renew: get };
    },
  },
  {
    fault: 'gives all concurrent renewals the same answer',
    caughtBy: 'renew returns the right value to each of a hundred concurrent callers',
    spoil: (honest) => {
      let running: Promise<Entry | undefined> | undefined;
      return {
        renew: (key, options) => {
          running ??= honest.renew(key, options).finally(() => {
            running = undefined;
          });
          return running;
        },
      };
    },
  },
  {
    fault: 'returns old values for a renewal that fails',
    caughtBy: 'renew rejects while the backend is unavailable',
    spoil: (honest, backend) => ({
      renew: (key, options) =>
        honest.renew(key, options).catch(() => leaf(keyOf(key), backend.values.get(keyOf(key)) ?? '')),
    }),
  },
  {
    fault: 'renews an unreadable key to nothing',
    caughtBy: 'renew rejects an invalid key, an unreadable one and an aborted call',
    spoil: (honest) => ({ renew: (key, options) => honest.renew(key, options).catch(() => undefined) }),
  },
  {
    fault: 'knows keys that do not exist',
    caughtBy: 'known agrees with get: for values, absent keys and sections',
    spoil: (_, backend) => ({ known: (key) => ({ entry: leaf(key, backend.values.get(key) ?? 'x') }) }),
  },
  {
    fault: 'knows what is no longer so after a refresh',
    caughtBy: 'known agrees with get after a change and a refresh, and for a watching provider',
    spoil: remembering,
  },
  {
    fault: 'knows what was before a write',
    caughtBy: 'known agrees with get after a write',
    spoil: remembering,
  },
  {
    fault: 'knows keys that cannot be read',
    caughtBy: 'known never answers what get rejects',
    spoil: (_, backend) => ({
      known: (key) => ({
        entry: backend.values.has(key) ? leaf(key, backend.values.get(key) as string) : undefined,
      }),
    }),
  },
];
