// How a chain asks its providers: in order for one key, each once for many keys, or all at the same time.
// Used by chain.ts. Hot: as long as the providers know a key, a read takes no turn of the event loop. Sealed
// text ends here, unless the caller opens it: an error, or a hole in a layer.

import { type Entry, isEntry } from '../entry.ts';
import { abortedBy, ConfigError } from '../errors.ts';
import { lazy } from '../internal/lazy.ts';
import { keyOf } from '../key.ts';
import type { ConfigProvider, Known, ReadOptions, VersionedRead } from '../provider.ts';
import { adopted, getManyFrom, knownIn, type Results, toConfigError } from '../query.ts';
import { holdsSealed, sealedText } from '../sealed.ts';
import type { Key } from '../value.ts';

const absent: Known = Object.freeze({ entry: undefined });
const nothing: Promise<undefined> = Promise.resolve(undefined);
export const loadSealedError = lazy(() => import('./sealed-error.ts'));

/** Whether an entry must not be passed on, because its value is still sealed. */
export const isClosed = (entry: Entry | undefined, options?: ReadOptions): entry is Entry =>
  entry !== undefined && holdsSealed(entry.value) && !options?.[sealedText];

/** Throws the error of an entry that is sealed. */
export const refuse = async (entry: Entry): Promise<never> => (await loadSealedError()).refuse(entry);

/** Refuses to read a version: each provider has versions of its own. */
function refuseVersion(chain: string, { version }: VersionedRead, key?: Key): void {
  if (version === undefined) return;
  throw new ConfigError('invalid_option', `${chain}: a chain has no versions`, {
    ...(key !== undefined && { key }),
    hint: 'Read the version from the provider that has the key',
  });
}

/** Reads a key from the first provider that has it, beginning with number `from`. */
export async function askFirst(
  chain: { readonly name: string },
  providers: readonly ConfigProvider[],
  spelling: Key,
  options: ReadOptions | undefined,
  from = 0,
): Promise<Entry | undefined> {
  const key = keyOf(spelling);
  let { name } = chain;
  if (options?.signal?.aborted) throw abortedBy(name, `reading "${key}"`, { key });
  if (options) refuseVersion(name, options, key);
  try {
    for (let i = from; i < providers.length; i++) {
      const provider = providers[i] as ConfigProvider;
      name = provider.name;
      const known = options === undefined && i > from ? knownIn(provider, key) : undefined;
      const entry = known ? known.entry : await provider.get(key, options);
      if (entry === undefined) continue;
      const own = isEntry(entry) ? entry : await adopted(provider, key, entry);
      return isClosed(own, options) ? await refuse(own) : own;
    }
  } catch (error) {
    throw toConfigError(error, name, key);
  }
  return undefined;
}

/** The same without options, and without waiting for the providers that know the key. */
export function askKnown(
  chain: { readonly name: string },
  providers: readonly ConfigProvider[],
  spelling: Key,
): Promise<Entry | undefined> {
  let { name } = chain;
  let key = spelling;
  try {
    key = keyOf(spelling);
    for (let i = 0; i < providers.length; i++) {
      const provider = providers[i] as ConfigProvider;
      name = provider.name;
      const known = provider.known?.(key);
      if (known && known.entry === undefined) continue;
      // an entry that a provider has made by hand is left to `get`, as in knownIn
      if (!known || !isEntry(known.entry)) return askFirst(chain, providers, key, undefined, i);
      return isClosed(known.entry) ? refuse(known.entry) : Promise.resolve(known.entry);
    }
    return nothing;
  } catch (error) {
    return Promise.reject(toConfigError(error, name, key));
  }
}

/** What providers know of a key together. Looks at all of them before it counts a hit, since `get` would
 *  count again. */
export function knownOf(providers: readonly ConfigProvider[], key: Key, peek: boolean): Known | undefined {
  let found = absent;
  let asked = 0;
  for (const provider of providers) {
    const known = knownIn(provider, key, true);
    if (!known) return undefined;
    found = known;
    asked++;
    if (known.entry) break;
  }
  if (isClosed(found.entry)) return undefined;
  if (!peek) for (let i = 0; i < asked; i++) providers[i]?.known?.(key);
  return found;
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
      if (result instanceof ConfigError) found.set(key, toConfigError(result, provider.name, key));
      else if (isClosed(result, options)) found.set(key, (await loadSealedError()).sealedError(result));
      else found.set(key, result);
  }
  return found;
}
