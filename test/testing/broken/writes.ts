import { makeEntry } from '../../../src/entry.ts';
import { keyOf } from '../../../src/key.ts';
import type { Change } from '../../../src/provider.ts';
import type { ConfigValue } from '../../../src/value.ts';
import { type Broken, entries, leaf } from './broken.ts';

export const writes: readonly Broken[] = [
  {
    fault: 'accepts an invalid key',
    caughtBy: 'set and delete reject an invalid key with invalid_key and write nothing',
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
    fault: 'returns from set without writing',
    caughtBy: 'get and list return a value that set has written',
    spoil: () => ({ set: async (key, value) => leaf(keyOf(key), Object.freeze(value)) }),
  },
  {
    fault: 'replaces the whole document on set',
    caughtBy: 'set replaces one value and leaves the others unchanged',
    spoil: (honest, backend) => ({
      set: async (key, value, options) => {
        keyOf(key);
        if (!options?.signal?.aborted && !backend.fault) backend.values.clear();
        return honest.set(key, value, options);
      },
    }),
  },
  {
    fault: 'deletes the whole document and always returns true',
    caughtBy: 'delete removes one key only, and returns whether the key existed',
    spoil: (_, backend) => ({
      delete: async () => {
        backend.values.clear();
        return true;
      },
    }),
  },
  {
    fault: 'cannot write a key that was deleted',
    caughtBy: 'set can write a key that was deleted',
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
    fault: 'writes only truthy values, as strings',
    caughtBy: 'set writes an empty string',
    spoil: (honest) => ({
      set: async (key, value, options) => honest.set(key, value ? `${value}` : 'none', options),
    }),
  },
  {
    fault: 'shares the object that was written',
    caughtBy: 'set is not affected by later changes to the written object',
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
    fault: 'writes without a lock',
    caughtBy: 'set loses none of twenty concurrent writes',
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
    fault: 'swallows a denied write',
    caughtBy: 'set and delete reject when the backend denies access, and change nothing',
    spoil: (honest) => ({
      set: (key, value, options) =>
        honest
          .set(key, value, options)
          .catch((error) => (error.code === 'access_denied' ? leaf(key, value) : Promise.reject(error))),
    }),
  },
  {
    fault: 'changes entries after returning them',
    caughtBy: 'an entry that was returned does not change with the backend',
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
    fault: 'never reports a change',
    caughtBy: 'watch reports a change, and the next read returns the new value',
    spoil: () => ({ watch: () => ({ [Symbol.dispose]() {} }) }),
  },
  {
    fault: 'reports changed keys, but no added or removed ones',
    caughtBy: 'watch reports added and removed keys',
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
    fault: 'reports the new value with a change',
    caughtBy: 'watch reports the provider, the time and the keys of a change, but no value',
    spoil: (honest, backend) => ({
      watch: (listener) =>
        honest.watch((change) =>
          listener({ ...change, values: change.keys?.map((key) => backend.values.get(key)) } as Change),
        ),
    }),
  },
  {
    fault: 'keeps calling a disposed listener',
    caughtBy: 'watch stops calling a listener that was disposed, and still calls the others',
    spoil: (honest) => ({
      watch: (listener) => {
        honest.watch(listener);
        return { [Symbol.dispose]() {} };
      },
      close: async () => {},
    }),
  },
  {
    fault: 'stops calling all listeners when one throws',
    caughtBy: 'watch calls the other listeners when one throws',
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
