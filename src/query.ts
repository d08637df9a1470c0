// Calls any provider in a uniform way, whichever abilities it has. Chains, decorators and the shelter read
// providers through these functions. Errors leave them as a ConfigError that names the provider, and answers
// as entries of this library: border.ts adopts those that a provider has made by hand.

import { type Entry, isEntry } from './entry.ts';
import { ConfigError, isConfigError, ownError } from './errors.ts';
import { keyOf } from './key.ts';
import type { CallOptions } from './operation.ts';
import type {
  ConfigProvider,
  Known,
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
