import { ConfigError } from '../../../src/errors.ts';
import type { VersionInfo } from '../../../src/provider.ts';
import { type Broken, signalless } from './broken.ts';

const emptyIf =
  (code: string): Broken['spoil'] =>
  (honest) => ({
    versions: (key, options) =>
      honest.versions(key, options).catch((error) => {
        if (error.code === code) return [];
        throw error;
      }),
  });

export const versions: readonly Broken[] = [
  {
    fault: 'lists the oldest version first',
    caughtBy: 'versions lists the newest version first, which is the one that get returns',
    spoil: (honest) => ({
      versions: async (key, options) => [...(await honest.versions(key, options))].reverse(),
    }),
  },
  {
    fault: 'ignores the option version',
    caughtBy: 'get returns the value of each version that versions lists',
    spoil: (honest) => ({
      get: (key, options) => honest.get(key, { ...options, version: undefined } as never),
    }),
  },
  {
    fault: 'ignores the limit of versions',
    caughtBy: 'versions returns at most as many as its limit, the newest ones',
    spoil: (honest) => ({ versions: (key, options) => honest.versions(key, { ...options, limit: 100 }) }),
  },
  {
    fault: 'accepts any limit of versions',
    caughtBy: 'versions rejects a limit that is not a whole number above 0 with invalid_option',
    spoil: (honest) => ({
      versions: async (key, { limit = 100, ...options } = {}) =>
        (await honest.versions(key, options)).slice(0, limit),
    }),
  },
  {
    fault: 'rejects versions of a key that no document has',
    caughtBy: 'versions is empty while no document has the key',
    spoil: (honest) => ({
      versions: async (key, options) => {
        const found = await honest.versions(key, options);
        if (found.length > 0) return found;
        throw new ConfigError('not_found', `${key} does not exist`, { provider: 'reference' });
      },
    }),
  },
  {
    fault: 'lists versions for one spelling of a key only',
    caughtBy: 'versions accepts a key with slashes, and rejects an invalid one with invalid_key',
    spoil: (honest) => ({
      versions: async (key, options) => (/[/]/.test(key) ? [] : honest.versions(key, options)),
    }),
  },
  {
    fault: 'lists the value of each version',
    caughtBy: 'versions contains no value',
    spoil: (honest, backend) => ({
      versions: async (key, options) =>
        (await honest.versions(key, options)).map((info) => ({ ...info, reason: `${backend.at(key)}` })),
    }),
  },
  {
    fault: 'ignores an aborted signal in versions',
    caughtBy: 'versions rejects with aborted when its signal is already aborted',
    spoil: (honest) => ({ versions: (key, options) => honest.versions(key, signalless(options)) }),
  },
  {
    fault: 'lists no versions when the backend denies access',
    caughtBy: 'versions rejects, and is not empty, when the backend denies access',
    spoil: emptyIf('access_denied'),
  },
  {
    fault: 'lists no versions while the backend is unavailable',
    caughtBy: 'versions rejects, and is not empty, while the backend is unavailable',
    spoil: emptyIf('unavailable'),
  },
  {
    fault: 'caches the list of versions',
    caughtBy: 'set adds a version before the others',
    spoil: (honest) => {
      const cached = new Map<string, Promise<readonly VersionInfo[]>>();
      return {
        versions: (key, options) => {
          const listed = cached.get(key) ?? honest.versions(key, options);
          cached.set(key, listed);
          return listed;
        },
      };
    },
  },
  {
    fault: 'compares before it writes, in two steps',
    caughtBy: 'of two writers with one ifVersion, one is refused with conflict',
    spoil: (honest, backend) => ({
      set: async (key, value, { ifVersion, ...options } = {}) => {
        backend.compare(key, ifVersion);
        return honest.set(key, value, options);
      },
    }),
  },
  {
    fault: 'ignores ifVersion',
    caughtBy: 'a writer whose ifVersion is no longer the newest changes nothing',
    spoil: (honest) => ({
      set: (key, value, { ifVersion: _, ...options } = {}) => honest.set(key, value, options),
      delete: (key, { ifVersion: _, ...options } = {}) => honest.delete(key, options),
    }),
  },
];
