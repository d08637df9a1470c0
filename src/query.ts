import { type Entry, isUnreadable, type Unreadable } from './entry.ts';
import { ConfigError, isConfigError } from './errors.ts';
import type { ConfigProvider, Layer, ListOptions, ReadOptions } from './provider.ts';
import type { Key } from './value.ts';

/** A provider's own answers, one for each provider it is made of. Never throws: a failure stands in its layer. */
export async function layersOf(
  provider: ConfigProvider,
  prefix: Key,
  options?: ListOptions,
): Promise<readonly Layer[]> {
  try {
    if (provider.layers) return await provider.layers(prefix, options);
    return [layerOf(provider.name, await provider.list(prefix, options))];
  } catch (error) {
    return [{ name: provider.name, entries: [], holes: [], error: failure(error, provider.name) }];
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

/** Whatever a provider threw, as an error of ours that names the provider. What is not ours is a fault in it, never tolerated. */
export function failure(error: unknown, provider: string, key?: Key): ConfigError {
  const details = { provider, ...(key !== undefined && { key }) };
  if (!isConfigError(error))
    return new ConfigError('io', `${provider} failed in a way it did not explain`, {
      ...details,
      cause: error,
    });
  return error.provider !== undefined && (key === undefined || error.key !== undefined)
    ? error
    : error.with(details);
}

/** Every place where a key would be looked for, one a line, in each source's own spelling. */
export function whereAll(key: Key, providers: readonly ConfigProvider[]): string {
  const places = providers.map((provider) => provider.where?.(key) ?? provider.name);
  return places.filter((place) => place !== '').join('\n');
}

/** Many leaves, also of a provider that reads one by one; each key succeeds or fails alone. */
export async function getMany(
  provider: ConfigProvider,
  keys: readonly Key[],
  options: ReadOptions,
): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
  const alone = async (key: Key) =>
    [
      key,
      await provider.get(key, options).catch((error: unknown) => failure(error, provider.name, key)),
    ] as const;
  if (!provider.getMany) return new Map(await Promise.all(keys.map(alone)));
  try {
    return await provider.getMany(keys, options);
  } catch (error) {
    return new Map(keys.map((key) => [key, failure(error, provider.name, key)]));
  }
}

/** All of them to the end, then one error for what failed. */
export async function settle(what: string, tasks: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(tasks)).flatMap((task) =>
    task.status === 'rejected' ? [task.reason as ConfigError] : [],
  );
  if (failed.length <= 1) {
    if (failed[0]) throw failed[0];
    return;
  }
  const [first] = failed as [ConfigError];
  throw new ConfigError(
    first.code,
    `${what}: ${failed.length} providers failed: ${failed.map((error) => error.message).join('; ')}`,
    {
      cause: first,
    },
  );
}
