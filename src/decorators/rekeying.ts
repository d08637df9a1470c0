// How a rekeyed provider reads and writes. Loaded by rekeyed.ts at the first call. Translates keys inwards in
// requests, and outwards in entries, holes and errors. `loose` keys also match where only the letters agree,
// because the inner provider may hold environment variables.

import { below } from '../conventional-name.ts';
import { type Entry, isEntry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { abortedBy, ConfigError, isConfigError } from '../errors.ts';
import { keyOf, segments } from '../key.ts';
import { layersOfSteps, listFromSteps } from '../listing.ts';
import type {
  ComparingProvider,
  ConfigProvider,
  Known,
  Layer,
  Listings,
  ListOptions,
  ReadOptions,
  VersionedProvider,
} from '../provider.ts';
import { adopted, knownIn, manyFrom, type Notice, renewIn, setIn, versionsFrom } from '../query.ts';
import { inTurns, type Steps } from '../turns.ts';
import type { Key } from '../value.ts';

/** Translates between the keys of callers and those of the inner provider. */
export interface KeyMap {
  /** The prefix that is removed from the keys of the inner provider, if one is. */
  readonly removed?: Key;
  /** The inner key of a leaf, or `undefined` if the inner provider cannot hold it. */
  innerKey(key: Key, loose: boolean): Key | undefined;
  /** The inner prefix of everything below an outer prefix. */
  innerPrefix(prefix: Key): Key | undefined;
  /** The outer key of an inner one, or `undefined` if callers cannot see it. */
  outerKey(key: Key, loose: boolean): Key | undefined;
}

/** The methods that read and write, whether or not the inner provider has them. */
export type Rekeying = Required<
  Pick<
    ComparingProvider & VersionedProvider,
    'get' | 'known' | 'renew' | 'list' | 'getMany' | 'layers' | 'set' | 'delete' | 'versions'
  >
> & { readonly inSteps: Listings };

const absent: Known = Object.freeze({ entry: undefined });

export function rekeying(inner: ConfigProvider, name: string, map: KeyMap, notice: Notice): Rekeying {
  const writable = inner as ComparingProvider;

  /** A conventional name is cut at its words. */
  const outerName = (name: Key): Key | undefined =>
    map.removed === undefined ? map.outerKey(name, true) : below(name, segments(map.removed)) || undefined;
  /** Of a conventional name, secrecy is asked by whole keys. */
  const outerLeaf = ({ loose, leaf }: Entry): Pick<Entry, 'leaf'> =>
    loose === 'words' && leaf ? { leaf: (key) => leaf(map.innerKey(key, true) ?? key) } : {};
  const outerItem = <T extends Entry | Unreadable>(found: T): T[] => {
    const key =
      found.loose === 'words' ? outerName(found.key) : map.outerKey(found.key, found.loose !== undefined);
    if (key === undefined) return [];
    const item = isUnreadable(found)
      ? Object.freeze<Unreadable>({ ...found, key, error: found.error.rekeyed(key) })
      : makeEntry({ ...(found as Entry), key, ...outerLeaf(found as Entry) });
    return [item as T];
  };
  const outerError = (error: unknown, requested: Key): unknown => {
    if (!isConfigError(error)) return error;
    return error.rekeyed(error.key === undefined ? requested : (map.outerKey(error.key, true) ?? requested));
  };
  const outerLayerError = (error: ConfigError): ConfigError =>
    error.key === undefined ? error : (outerError(error, error.key) as ConfigError);
  const withOuterErrors = <T>(requested: Key, result: Promise<T>): Promise<T> =>
    result.catch((error: unknown) => Promise.reject(outerError(error, requested)));
  const outerLayer = (layer: Layer): Layer => ({
    ...layer,
    name: layer.name === inner.name ? name : `${layer.name} in ${name}`,
    entries: layer.entries.flatMap(outerItem),
    holes: layer.holes.flatMap(outerItem),
    ...(layer.error && { error: outerLayerError(layer.error) }),
    ...(layer.tolerated && { tolerated: outerLayerError(layer.tolerated) }),
  });
  const innerOptions = (options: ListOptions | undefined): ListOptions | undefined =>
    options?.wanted && {
      ...options,
      wanted: {
        keys: options.wanted.keys.flatMap((key) => map.innerKey(key, true) ?? []),
        prefixes: options.wanted.prefixes.flatMap((key) => map.innerPrefix(key) ?? []),
      },
    };
  const outerEntries = new WeakMap<Entry, Entry>();
  /** An entry that was found because only the letters of its key agree counts only if its name is loose. */
  const outerEntry = (found: Entry | undefined, key: Key): Entry | undefined => {
    if (!found || (found.loose === undefined && map.innerKey(key, false) === undefined)) return undefined;
    let outer = outerEntries.get(found);
    if (outer?.key !== key) outerEntries.set(found, (outer = makeEntry({ ...found, key })));
    return outer;
  };
  const keyToWrite = (key: Key): Key => {
    const innerKey = map.innerKey(keyOf(key), false);
    if (innerKey === undefined)
      throw new ConfigError('invalid_key', `${name}: cannot write "${key}", which is outside its prefix`, {
        key,
        provider: name,
      });
    return innerKey;
  };

  /** Honours an aborted signal even when the inner provider would not be called. */
  const checkAborted = (options: ReadOptions | undefined): void => {
    if (options?.signal?.aborted) throw abortedBy(name);
  };

  const read = async (
    spelling: Key,
    options: ReadOptions | undefined,
    ask: (innerKey: Key) => Promise<Entry | undefined>,
  ): Promise<Entry | undefined> => {
    checkAborted(options);
    const key = keyOf(spelling);
    const innerKey = map.innerKey(key, true);
    if (innerKey === undefined) return undefined;
    try {
      const entry = await ask(innerKey);
      return outerEntry(
        entry === undefined || isEntry(entry) ? entry : await adopted(inner, innerKey, entry),
        key,
      );
    } catch (error) {
      throw outerError(error, key);
    }
  };

  function* list(spelling: Key = '', options?: ListOptions): Steps<readonly (Entry | Unreadable)[]> {
    checkAborted(options);
    const prefix = keyOf(spelling);
    const innerPrefix = map.innerPrefix(prefix);
    if (innerPrefix === undefined) return [];
    try {
      const found = yield* listFromSteps(inner, innerPrefix, innerOptions(options) ?? options, notice);
      return found.flatMap(outerItem);
    } catch (error) {
      throw outerError(error, prefix);
    }
  }

  function* layers(prefix: Key = '', options?: ListOptions): Steps<readonly Layer[]> {
    checkAborted(options);
    const innerPrefix = map.innerPrefix(keyOf(prefix));
    if (innerPrefix === undefined) return [];
    const found = yield* layersOfSteps(inner, innerPrefix, innerOptions(options) ?? options, notice);
    return found.map(outerLayer);
  }

  return {
    get: (key, options) => read(key, options, (innerKey) => inner.get(innerKey, options)),
    renew: (key, options) => read(key, options, (innerKey) => renewIn(inner, innerKey, options)),
    known(key, peek) {
      const innerKey = map.innerKey(key, true);
      if (innerKey === undefined) return absent;
      const known = knownIn(inner, innerKey, peek);
      return known?.entry ? { entry: outerEntry(known.entry, key) } : known;
    },
    list: (prefix, options) => inTurns(list(prefix, options)),
    layers: (prefix, options) => inTurns(layers(prefix, options)),
    inSteps: { list, layers },
    async getMany(keys, options) {
      checkAborted(options);
      const pairs = keys.map((key) => [keyOf(key), map.innerKey(keyOf(key), true)] as const);
      const found = await manyFrom(
        inner,
        pairs.flatMap(([, innerKey]) => innerKey ?? []),
        options,
      );
      return new Map(
        pairs.map(([key, innerKey]) => {
          const result = innerKey === undefined ? undefined : found.get(innerKey);
          return [key, isConfigError(result) ? result.rekeyed(key) : outerEntry(result, key)];
        }),
      );
    },
    set: async (key, value, options) =>
      makeEntry({
        ...(await withOuterErrors(keyOf(key), setIn(writable, keyToWrite(key), value, options))),
        key: keyOf(key),
      }),
    delete: async (key, options) => withOuterErrors(keyOf(key), writable.delete(keyToWrite(key), options)),
    async versions(spelling, options) {
      checkAborted(options);
      const key = keyOf(spelling);
      const innerKey = map.innerKey(key, false);
      return innerKey === undefined ? [] : withOuterErrors(key, versionsFrom(inner, innerKey, options));
    },
  };
}
