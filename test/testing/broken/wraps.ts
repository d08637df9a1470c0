import { ProviderChain } from '../../../src/chain/chain.ts';
import { type Entry, isUnreadable, makeEntry } from '../../../src/entry.ts';
import { keyOf } from '../../../src/key.ts';
import { makeOrigin } from '../../../src/origin.ts';
import type { ConfigProvider } from '../../../src/provider.ts';

/** A decorator with one fault, and the sentence that must find it. */
export interface BrokenWrap {
  readonly fault: string;
  readonly caughtBy: string;
  readonly wrap: (provider: ConfigProvider) => ConfigProvider;
}

/** A decorator that adopts what a provider has made by hand: the chain does. */
export const honestWrap = (provider: ConfigProvider): ConfigProvider => new ProviderChain([provider]);

const spoilt =
  (spoil: (honest: ConfigProvider, inner: ConfigProvider) => Partial<ConfigProvider>): BrokenWrap['wrap'] =>
  (inner) => {
    const honest = honestWrap(inner);
    return {
      name: 'spoilt',
      get: (key, options) => honest.get(key, options),
      list: (prefix, options) => honest.list(prefix, options),
      getMany: (keys, options) => honest.getMany!(keys, options),
      ...spoil(honest, inner),
    };
  };

/** Changes the entries that get returns. */
const entries = (change: (entry: Entry, own: Entry | undefined) => Entry | undefined): BrokenWrap['wrap'] =>
  spoilt((honest, inner) => ({
    get: async (key, options) => {
      const entry = await honest.get(key, options);
      return entry && change(entry, await inner.get(key, options));
    },
  }));

export const wraps: readonly BrokenWrap[] = [
  {
    fault: 'passes every answer on unchanged',
    caughtBy: 'get and list reject an answer that is neither an entry nor a list',
    wrap: (inner) => inner,
  },
  {
    fault: 'drops the origin of a plain entry',
    caughtBy: 'get and list return a plain entry like one of makeEntry',
    wrap: entries((entry, own) =>
      entry.key === 'service.plain'
        ? makeEntry({ ...entry, origin: makeOrigin({ provider: 'spoilt', source: `${own?.key}` }) })
        : entry,
    ),
  },
  {
    fault: 'counts a plain entry without secret as public',
    caughtBy: 'a plain entry without secret is marked by its name, and no way of printing shows the value',
    wrap: entries((entry, own) => makeEntry({ ...entry, secret: own?.secret ?? false })),
  },
  {
    fault: 'copies only the surface of a plain entry',
    caughtBy: 'callers cannot change a plain entry',
    wrap: entries((entry, own) => Object.freeze({ ...entry, value: own?.value ?? null })),
  },
  {
    fault: 'fails a list because of one invalid key',
    caughtBy: 'an invalid key in a list does not fail the others',
    wrap: spoilt((honest, inner) => ({
      list: async (prefix, options) => {
        for (const item of await inner.list(prefix, options)) keyOf(item.key);
        return honest.list(prefix, options);
      },
    })),
  },
  {
    fault: 'omits holes',
    caughtBy: 'a hole with an error that is not a ConfigError fails its key alone',
    wrap: spoilt((honest) => ({
      list: async (prefix, options) =>
        (await honest.list(prefix, options)).filter((item) => !isUnreadable(item)),
    })),
  },
  {
    fault: 'returns a date as an empty section',
    caughtBy: 'a circular object, a date and a Map are holes in a list, and get rejects',
    wrap: spoilt((honest, inner) => ({
      get: async (key, options) => {
        const own = await inner.get(key, options);
        return (own?.value as unknown) instanceof Date
          ? makeEntry({ ...(own as Entry), value: {}, secret: false })
          : honest.get(key, options);
      },
    })),
  },
  {
    fault: 'treats each key as absent when getMany returns an object',
    caughtBy: 'getMany returns an error for each key when the answer is not a Map',
    wrap: spoilt((honest, inner) => ({
      getMany: async (keys, options) =>
        (await inner.getMany?.(keys, options)) instanceof Map
          ? honest.getMany!(keys, options)
          : new Map(keys.map((key) => [key, undefined])),
    })),
  },
  {
    fault: 'passes on all keys of getMany',
    caughtBy: 'getMany returns no key that the caller did not ask for',
    wrap: spoilt((honest, inner) => ({
      getMany: async (keys, options) => {
        const found = (await inner.getMany?.(keys, options)) as Map<string, unknown>;
        return honest.getMany!(found instanceof Map ? [...found.keys()] : keys, options);
      },
    })),
  },
  {
    fault: 'treats null as absent',
    caughtBy: 'get and list reject an answer that is neither an entry nor a list',
    wrap: spoilt((honest, inner) => ({
      get: async (key, options) =>
        (await inner.get(key, options)) === null ? undefined : honest.get(key, options),
    })),
  },
];
