// Calls any provider in a uniform way, whichever abilities it has. Chains, decorators and `loadConfig` read
// providers through these functions; errors leave them as a ConfigError that names the provider.

import { type Entry, isUnreadable, type Unreadable } from './entry.ts';
import { ConfigError, isConfigError } from './errors.ts';
import type { ConfigProvider, Layer, ListOptions, ReadOptions } from './provider.ts';
import type { Key } from './value.ts';

/** The layers of a provider: one, or one for each provider that it combines. Never throws: the layer holds
 *  the error. */
export async function layersOf(
  provider: ConfigProvider,
  prefix: Key,
  options?: ListOptions,
): Promise<readonly Layer[]> {
  try {
    if (provider.layers) return await provider.layers(prefix, options);
    return [layerOf(provider.name, await provider.list(prefix, options))];
  } catch (error) {
    return [{ name: provider.name, entries: [], holes: [], error: toConfigError(error, provider.name) }];
  }
}

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
  return error.provider !== undefined && (key === undefined || error.key !== undefined)
    ? error
    : error.with(details);
}

/** Every place where the providers look for a key, one per line, in each source's own spelling. */
export function searchedPlaces(key: Key, providers: readonly ConfigProvider[]): string {
  const places = providers.map((provider) => provider.where?.(key) ?? provider.name);
  return places.filter((place) => place !== '').join('\n');
}

/** `getMany` of any provider: one that lacks it is read key by key. Each key succeeds or fails alone. */
export async function getManyFrom(
  provider: ConfigProvider,
  keys: readonly Key[],
  options: ReadOptions,
): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
  const getAlone = async (key: Key): Promise<readonly [Key, Entry | undefined | ConfigError]> => {
    try {
      return [key, await provider.get(key, options)];
    } catch (error) {
      return [key, toConfigError(error, provider.name, key)];
    }
  };
  if (!provider.getMany) return new Map(await Promise.all(keys.map(getAlone)));
  try {
    return await provider.getMany(keys, options);
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
