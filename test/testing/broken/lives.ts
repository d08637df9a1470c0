import { inspect } from 'node:util';
import type { Entry } from '../../../src/entry.ts';
import type { Broken } from './broken.ts';

export const lives: readonly Broken[] = [
  {
    fault: 'prints its values',
    caughtBy: 'prints no secret that it has read',
    spoil: (_, backend) => ({ [inspect.custom]: () => inspect(backend.values) }) as never,
  },
  {
    fault: 'changes its name',
    caughtBy: 'has a name that never changes',
    spoil: () => ({
      get name() {
        return `reference ${names++}`;
      },
    }),
  },
  {
    fault: 'cannot be closed twice or before its first use',
    caughtBy: 'can be closed several times, also concurrently',
    spoil: (honest) => {
      let open = 0;
      return {
        get: async (key, options) => {
          const entry = await honest.get(key, options);
          open = 1;
          return entry;
        },
        close: async () => {
          if (open-- <= 0) throw new TypeError('not open');
        },
      };
    },
  },
  {
    fault: 'makes a request to find a place, and returns the same one for every key',
    caughtBy: 'where returns the place of a key without a request',
    spoil: (_, backend) => ({
      where: () => {
        backend.requests++;
        return 'somewhere';
      },
    }),
  },
  {
    fault: 'names a place other than the origin',
    caughtBy: 'where returns the place that the origin of the entry names',
    spoil: () => ({ where: (key) => `elsewhere ${key}` }),
  },
  {
    fault: 'loses its values on refresh',
    caughtBy: 'refresh loses no values',
    spoil: (_, backend) => ({ refresh: async () => backend.values.clear() }),
  },
  {
    fault: 'caches values forever',
    caughtBy: 'get and list return changed values after a refresh',
    spoil: (honest) => {
      const known = new Map<string, Entry | undefined>();
      return {
        get: async (key, options) => {
          if (!known.has(key)) known.set(key, await honest.get(key, options));
          return known.get(key);
        },
      };
    },
  },
  {
    fault: 'reports degraded health while it works',
    caughtBy: 'health returns ok and the time of the check while the backend works',
    spoil: () => ({ health: async () => ({ status: 'degraded', checkedAt: Number.NaN }) }),
  },
  {
    fault: 'reports good health during an outage',
    caughtBy: 'health returns a reason and does not throw while the backend is unavailable',
    spoil: () => ({ health: async () => ({ status: 'ok', checkedAt: 1 }) }),
  },
];

let names = 0;
