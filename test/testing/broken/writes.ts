import { makeEntry } from '../../../src/entry.ts';
import { keyOf } from '../../../src/key.ts';
import type { Change } from '../../../src/provider.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { type Broken, entries, leaf } from './broken.ts';

export const writes: readonly Broken[] = [
  {
    fault: 'takes what is no key for absent, and writes to it',
    caughtBy: 'refuses to write to what is no key, and writes nothing',
    spoil: (honest, backend) => ({
      get: async (key, options) => (/\.\.|__proto__/.test(key) ? undefined : honest.get(key, options)),
      list: async (prefix, options) =>
        /\.\.|__proto__/.test(prefix ?? '') ? [] : honest.list(prefix, options),
      set: async (key, value, options) => {
        if (!/\.\.|__proto__/.test(key)) return honest.set(key, value, options);
        backend.values.set('polluted', value);
        return leaf('polluted', value);
      },
    }),
  },
  {
    fault: 'answers a write before it is done, and reads its own copy',
    caughtBy: 'reads back what was written, by get and by list',
    spoil: () => ({ set: async (key, value) => leaf(keyOf(key), Object.freeze(value)) }),
  },
  {
    fault: 'replaces the whole document with what it writes',
    caughtBy: 'replaces a value and leaves its neighbours alone',
    spoil: (honest, backend) => ({
      set: async (key, value, options) => {
        keyOf(key);
        if (!options?.signal?.aborted && !backend.fault) backend.values.clear();
        return honest.set(key, value, options);
      },
    }),
  },
  {
    fault: 'deletes the whole document, and always says it did',
    caughtBy: 'deletes a key, tells whether there was one, and leaves its neighbours alone',
    spoil: (_, backend) => ({
      delete: async () => {
        backend.values.clear();
        return true;
      },
    }),
  },
  {
    fault: 'never writes again what was deleted',
    caughtBy: 'writes again what was deleted',
    spoil: (honest) => {
      const gone = new Set<string>();
      return {
        delete: (key, options) => honest.delete(key, options).finally(() => gone.add(key)),
        set: async (key, value, options) =>
          gone.has(key) ? leaf(key, value) : honest.set(key, value, options),
      };
    },
  },
  {
    fault: 'writes what is true alone, and as a text',
    caughtBy: 'writes an empty text, which is a value',
    spoil: (honest) => ({
      set: async (key, value, options) => honest.set(key, value ? `${value}` : 'none', options),
    }),
  },
  {
    fault: 'keeps the object that it was given to write',
    caughtBy: 'does not change with an object that was written',
    spoil: (honest, backend) => ({
      set: async (key, value, options) => {
        const entry = await honest.set(key, value, options);
        backend.values.set(keyOf(key), value);
        return entry;
      },
      get: async (key, options) => {
        const entry = await honest.get(key, options);
        return entry && makeEntry({ ...entry, value: backend.values.get(entry.key) as ConfigValue });
      },
    }),
  },
  {
    fault: 'reads, changes and writes without a lock',
    caughtBy: 'loses none of twenty writes at once',
    spoil: (honest, backend) => ({
      set: async (key, value, options) => {
        const before = new Map(backend.values);
        await Promise.resolve();
        const entry = await honest.set(key, value, options);
        backend.values.clear();
        for (const [name, old] of [...before, [entry.key, entry.value] as const])
          backend.values.set(name, old);
        return entry;
      },
    }),
  },
  {
    fault: 'says nothing when a write is refused',
    caughtBy: 'says so when a write was refused, and keeps what stood',
    spoil: (honest) => ({
      set: (key, value, options) =>
        honest
          .set(key, value, options)
          .catch((error) => (error.code === 'access_denied' ? leaf(key, value) : Promise.reject(error))),
    }),
  },
  {
    fault: 'changes answers that it has given',
    caughtBy: 'does not change an answer that it has given',
    spoil: (honest, backend) =>
      entries(honest, (entry) =>
        Object.freeze({
          ...entry,
          get value() {
            return backend.values.get(entry.key) as ConfigValue;
          },
        }),
      ),
  },
  {
    fault: 'never tells of a change',
    caughtBy: 'tells of a change, and a read then shows it',
    spoil: () => ({ watch: () => ({ [Symbol.dispose]() {} }) }),
  },
  {
    fault: 'tells of what changes, not of what comes and goes',
    caughtBy: 'tells of a key that came and of one that went',
    spoil: (honest, backend) => {
      const known = new Set(backend.values.keys());
      return {
        watch: (listener) =>
          honest.watch(
            (change) =>
              change.keys?.every((key) => known.has(key) && backend.values.has(key)) && listener(change),
          ),
      };
    },
  },
  {
    fault: 'tells the new value along with the change',
    caughtBy: 'tells who has changed, when, and in which keys; never a value',
    spoil: (honest, backend) => ({
      watch: (listener) =>
        honest.watch((change) =>
          listener({ ...change, values: change.keys?.map((key) => backend.values.get(key)) } as Change),
        ),
    }),
  },
  {
    fault: 'goes on telling who no longer listens',
    caughtBy: 'stops telling who has stopped listening, and goes on telling the others',
    spoil: (honest) => ({
      watch: (listener) => {
        honest.watch(listener);
        return { [Symbol.dispose]() {} };
      },
      close: async () => {},
    }),
  },
  {
    fault: 'lets one listener spoil it for the others',
    caughtBy: 'tells the others when one listener throws',
    spoil: (_, backend) => {
      let spoilt = false;
      return {
        watch: (listener) => {
          const safe = (key: string): void => {
            if (spoilt) return;
            try {
              listener({ provider: 'reference', keys: [key], time: 1 });
            } catch {
              spoilt = true;
            }
          };
          backend.listeners.add(safe);
          return { [Symbol.dispose]: () => void backend.listeners.delete(safe) };
        },
      };
    },
  },
];
