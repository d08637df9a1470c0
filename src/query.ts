// Calls any provider in a uniform way, whichever abilities it has. Chains, decorators and the shelter read
// providers through these functions. Errors leave them as a ConfigError that names the provider, and answers
// as entries of this library: border.ts adopts those that a provider has made by hand.

import { type Entry, isEntry, isSound, isUnreadable, type Unreadable } from './entry.ts';
import { ConfigError, isConfigError, ownError } from './errors.ts';
import { keyOf } from './key.ts';
import { type CallOptions, thread } from './operation.ts';
import type {
  ConfigProvider,
  Known,
  Layer,
  ListOptions,
  ReadOptions,
  VersionedProvider,
  VersionInfo,
  VersionsOptions,
  WritableProvider,
  WriteOptions,
} from './provider.ts';
import type { ConfigValue, Key } from './value.ts';

/** Receives a message about what a provider answered and this library left out. */
export type Notice = (message: string) => void;

/** Loads what adopts foreign answers. */
export const loadBorder = (): Promise<typeof import('./border.ts')> => import('./border.ts');

/** Reads one leaf. */
export async function getFrom(
  provider: ConfigProvider,
  key: Key,
  options?: ReadOptions,
): Promise<Entry | undefined> {
  const entry = await provider.get(key, options);
  return entry === undefined || isEntry(entry) ? entry : adopted(provider, key, entry);
}

/** What a provider knows without waiting. An entry that it has made by hand is left to `get`.
 *  @see ConfigProvider.known */
export function knownIn(provider: ConfigProvider, key: Key, peek?: boolean): Known | undefined {
  const known = provider.known?.(key, peek);
  return known === undefined || known.entry === undefined || isEntry(known.entry) ? known : undefined;
}

/** Renews the document of a key. Reads past the cache where a provider cannot renew. */
export async function renewIn(
  provider: ConfigProvider,
  key: Key,
  options?: ReadOptions,
): Promise<Entry | undefined> {
  if (!provider.renew) return getFrom(provider, key, { ...options, maxAgeMs: 0 });
  const entry = await provider.renew(key, options);
  return entry === undefined || isEntry(entry) ? entry : adopted(provider, key, entry);
}

/** The entry of ours for one that a provider has made by hand. */
export async function adopted(provider: ConfigProvider, key: Key, entry: unknown): Promise<Entry> {
  return (await loadBorder()).adoptEntry(entry, key, { name: provider.name });
}

/** Whether a list has only items for which `isOne` is true. The holes of a sparse list count as items. */
function all<T>(list: unknown, isOne: (item: unknown) => item is T): list is readonly T[] {
  try {
    if (!Array.isArray(list)) return false;
    for (const item of list) if (!isOne(item)) return false;
    return true;
  } catch {
    return false; // a Proxy that throws
  }
}

/** Lists everything at or below `prefix`. */
export async function listFrom(
  provider: ConfigProvider,
  prefix: Key,
  options?: ListOptions,
  notice?: Notice,
): Promise<readonly (Entry | Unreadable)[]> {
  const items: unknown = await provider.list(prefix, options);
  return all(items, isSound)
    ? items
    : (await loadBorder()).adoptItems(items, { name: provider.name, notice });
}

/** Writes one leaf. */
export async function setIn(
  provider: WritableProvider,
  key: Key,
  value: ConfigValue,
  options?: WriteOptions,
): Promise<Entry> {
  const entry = await provider.set(key, value, options);
  return isEntry(entry) ? entry : (await loadBorder()).adoptEntry(entry, key, { name: provider.name }, 'set');
}

/** The versions of the document that holds a key, of a provider that has `versions`. */
export async function versionsFrom(
  provider: ConfigProvider,
  key: Key,
  options?: VersionsOptions,
): Promise<readonly VersionInfo[]> {
  const versions: unknown = await (provider as VersionedProvider).versions(key, options);
  return (await loadBorder()).adoptVersions(versions, { name: provider.name });
}

/** The layers of a provider: one, or one for each provider that it combines. Never throws: the layer holds
 *  the error. */
export async function layersOf(
  provider: ConfigProvider,
  prefix: Key,
  given?: ListOptions,
  notice?: Notice,
): Promise<readonly Layer[]> {
  const options = rereading(provider, given);
  try {
    if (!provider.layers) {
      const layer = layerOf(provider.name, await listFrom(provider, prefix, options, notice));
      return [provider.local === true ? { ...layer, local: true } : layer];
    }
    const layers: unknown = await provider.layers(prefix, options);
    return all(layers, isOurs)
      ? layers
      : (await loadBorder()).adoptLayers(layers, { name: provider.name, notice });
  } catch (error) {
    return [{ name: provider.name, entries: [], holes: [], error: toConfigError(error, provider.name) }];
  }
}

/** The options of a load. After a change, a local source is read again: an ordinary read returns its last
 *  good content, which would hide that a file is broken. Other sources have expired what changed. */
const rereading = ({ local }: ConfigProvider, options: ListOptions | undefined): ListOptions | undefined =>
  local === true && options?.[thread]?.cause === 'change' ? { ...options, maxAgeMs: 0 } : options;

/** Whether a layer needs no adoption. */
const isOurs = (layer: unknown): layer is Layer => {
  const { name, entries, holes, error, tolerated } = (layer ?? {}) as Partial<Layer>;
  return (
    typeof name === 'string' &&
    all(entries, (item): item is Entry => isSound(item) && !isUnreadable(item)) &&
    all(holes, (item): item is Unreadable => isSound(item) && isUnreadable(item)) &&
    [error, tolerated].every((one) => one === undefined || one instanceof ConfigError)
  );
};

export function layerOf(name: string, items: readonly (Entry | Unreadable)[]): Layer {
  const entries: Entry[] = [];
  const holes: Unreadable[] = [];
  for (const item of items) {
    if (isUnreadable(item)) holes.push(item);
    else entries.push(item);
  }
  return { name, entries, holes };
}

/** Adds the provider and the key to an error that a provider has thrown. Any other error than a
 *  ConfigError is a bug of the provider: it becomes `io`, which no decorator tolerates. */
export function toConfigError(error: unknown, provider: string, key?: Key): ConfigError {
  const details = { provider, ...(key !== undefined && { key }) };
  if (!isConfigError(error))
    return new ConfigError('io', `${provider}: the provider threw an error that is not a ConfigError`, {
      ...details,
      cause: error,
    });
  const own = ownError(error);
  return own.provider !== undefined && (key === undefined || own.key !== undefined) ? own : own.with(details);
}

/** Every place where the providers look for a key, one per line, in each source's own spelling. */
export function searchedPlaces(
  key: Key,
  providers: readonly ConfigProvider[],
  options?: CallOptions,
): string {
  const places = providers.map((provider) => provider.where?.(key, options) ?? provider.name);
  return places.filter((place) => place !== '').join('\n');
}

export type Results = ReadonlyMap<Key, Entry | undefined | ConfigError>;

/** Reads many leaves of a provider that has `getMany`. */
export async function manyFrom(
  provider: ConfigProvider,
  keys: readonly Key[],
  options?: ReadOptions,
): Promise<Results> {
  const asked = keys.map(keyOf);
  const found: unknown = await provider.getMany?.(asked, options);
  return ownResults(found, asked) ?? (await loadBorder()).adoptMany(found, asked, { name: provider.name });
}

/** The results in a Map, if all are ours. */
function ownResults(found: unknown, keys: readonly Key[]): Results | undefined {
  const isOurs = (result: unknown): boolean =>
    result === undefined || isEntry(result) || result instanceof ConfigError;
  try {
    if (!(found instanceof Map)) return undefined;
    const results = new Map(keys.map((key) => [key, found.get(key)]));
    return [...results.values()].every(isOurs) ? results : undefined;
  } catch {
    return undefined; // a Map that throws
  }
}

/** `getMany` of any provider: one that lacks it is read key by key. Each key succeeds or fails alone. */
export async function getManyFrom(
  provider: ConfigProvider,
  keys: readonly Key[],
  options: ReadOptions,
): Promise<Results> {
  const getAlone = async (key: Key): Promise<readonly [Key, Entry | undefined | ConfigError]> => {
    try {
      return [key, await getFrom(provider, key, options)];
    } catch (error) {
      return [key, toConfigError(error, provider.name, key)];
    }
  };
  if (!provider.getMany) return new Map(await Promise.all(keys.map(getAlone)));
  try {
    return await manyFrom(provider, keys, options);
  } catch (error) {
    return new Map(keys.map((key) => [key, toConfigError(error, provider.name, key)]));
  }
}

/** Calls all providers, waits for all of them, then throws one combined error. `owner` begins its message. */
export async function callEach(
  owner: string,
  providers: readonly ConfigProvider[],
  call: (provider: ConfigProvider) => Promise<void> | undefined,
): Promise<void> {
  const failureOf = async (provider: ConfigProvider): Promise<ConfigError | undefined> => {
    try {
      await call(provider);
      return undefined;
    } catch (error) {
      return toConfigError(error, provider.name);
    }
  };
  const failed = (await Promise.all(providers.map(failureOf))).filter((error) => error !== undefined);
  const [first] = failed;
  if (failed.length <= 1) {
    if (first) throw first;
    return;
  }
  throw new ConfigError(
    (first as ConfigError).code,
    `${owner}: ${failed.length} providers failed: ${failed.map((error) => error.message).join('; ')}`,
    { cause: first },
  );
}
