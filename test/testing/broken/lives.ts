import { inspect } from 'node:util';
import type { Entry } from '../../../src/entry.ts';
import type { Broken } from './broken.ts';

export const lives: readonly Broken[] = [
  {
    fault: 'can be printed with all that it holds',
    caughtBy: 'prints no secret that it has read',
    spoil: (_, backend) => ({ [inspect.custom]: () => inspect(backend.values) }) as never,
  },
  {
    fault: 'changes its name',
    caughtBy: 'has a name, which stays',
    spoil: () => ({
      get name() {
        return `reference ${names++}`;
      },
    }),
  },
  {
    fault: 'cannot be closed twice, nor unused',
    caughtBy: 'closes, and closes again, also at once',
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
    fault: 'knows no place, and asks for it',
    caughtBy: 'tells where a key would be looked for, and asks nobody',
    spoil: (_, backend) => ({
      where: () => {
        backend.requests++;
        return 'somewhere';
      },
    }),
  },
  {
    fault: 'names a place where it does not look',
    caughtBy: 'names the place that the entry then names',
    spoil: () => ({ where: (key) => `elsewhere ${key}` }),
  },
  {
    fault: 'forgets by a refresh',
    caughtBy: 'loses nothing by a refresh',
    spoil: (_, backend) => ({ refresh: async () => backend.values.clear() }),
  },
  {
    fault: 'answers for ever what it has once read',
    caughtBy: 'reads what has changed after a refresh',
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
    fault: 'is ill when it is well',
    caughtBy: 'is ok when all is well, and says when that was',
    spoil: () => ({ health: async () => ({ status: 'degraded', checkedAt: Number.NaN }) }),
  },
  {
    fault: 'is well when it is ill',
    caughtBy: 'is not ok when the backend is out of reach, says why, and does not throw',
    spoil: () => ({ health: async () => ({ status: 'ok', checkedAt: 1 }) }),
  },
];

let names = 0;
