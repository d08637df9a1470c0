// How a chain asks its providers: many keys, each provider once; or all providers at the same time. Used by
// chain.ts.

import { abortedBy, ConfigError } from '../errors.ts';
import { thread } from '../operation.ts';
import type { ConfigProvider, Layer, ListOptions, ReadOptions, VersionedRead } from '../provider.ts';
import { getManyFrom, layersOf, type Notice, type Results, toConfigError } from '../query.ts';
import type { Key } from '../value.ts';

/** Refuses to read a version: each provider has versions of its own. */
export function refuseVersion(chain: string, { version }: VersionedRead, key?: Key): void {
  if (version === undefined) return;
  throw new ConfigError('invalid_option', `${chain}: a chain has no versions`, {
    ...(key !== undefined && { key }),
    hint: 'Read the version from the provider that has the key',
  });
}

/** Asks each provider once, for the keys that are still absent. */
export async function askMany(
  chain: string,
  providers: readonly ConfigProvider[],
  keys: readonly Key[],
  options: ReadOptions,
): Promise<Results> {
  const found = new Map<Key, Results extends ReadonlyMap<Key, infer R> ? R : never>(
    keys.map((key) => [key, undefined]),
  );
  refuseVersion(chain, options);
  for (const provider of providers) {
    const pending = [...found].flatMap(([key, entry]) => (entry === undefined ? [key] : []));
    if (pending.length === 0) break;
    for (const [key, result] of await getManyFrom(provider, pending, options))
      found.set(key, result instanceof ConfigError ? toConfigError(result, provider.name, key) : result);
  }
  return found;
}

/** The layers of all providers, asked in parallel; for a hint, of those that make no network request. */
export async function askLayers(
  chain: string,
  providers: readonly ConfigProvider[],
  prefix: Key,
  options: ListOptions,
  notice: Notice,
): Promise<readonly Layer[]> {
  if (options.signal?.aborted) throw abortedBy(chain, `listing "${prefix}"`, { key: prefix });
  const asked = options[thread]?.cause === 'hint' ? providers.filter(mayHint) : providers;
  return (await Promise.all(asked.map((provider) => layersOf(provider, prefix, options, notice)))).flat();
}

/** A nested chain asks those of its own providers that can suggest a spelling. */
const mayHint = (provider: ConfigProvider): boolean => provider.local === true || 'hints' in provider;
