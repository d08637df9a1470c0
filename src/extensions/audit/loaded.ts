// The secrets that a load, a list or a tree has brought into memory, by provider and version, shadowed
// ones too. Used by audited.ts. Reads keys and secrecy, and keeps no value.

import { type Entry, isUnreadable, type Unreadable } from '../../entry.ts';
import type { ConfigError } from '../../errors.ts';
import { append, keyFrom } from '../../key.ts';
import type { Layer } from '../../provider.ts';
import { MASK } from '../../redact.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key } from '../../value.ts';
import type { LoadedSecrets } from './entry.ts';

/** A secret of a load, or what a load could not read. */
interface Found {
  readonly provider?: string;
  readonly version?: string | undefined;
  readonly key: Key;
}
export interface Refused {
  readonly provider: string;
  readonly key?: Key;
  readonly error: ConfigError;
}

/** What is in layers, or in the items of a list. */
export function inLayers(layers: readonly Layer[]): { secrets: LoadedSecrets[]; refused: Refused[] } {
  const refused: Refused[] = [];
  const found: Found[] = [];
  for (const { name, entries, holes, error } of layers) {
    if (error) refused.push({ provider: name, error });
    for (const hole of holes) refused.push({ provider: name, key: hole.key, error: hole.error });
    for (const entry of entries) found.push(...secretsOf(entry));
  }
  return { secrets: grouped(found), refused };
}

export function inItems(items: readonly (Entry | Unreadable)[]): ReturnType<typeof inLayers> {
  const entries = items.filter((item): item is Entry => !isUnreadable(item));
  const secrets = grouped(entries.flatMap((entry) => [...secretsOf(entry)]));
  const refused = items
    .filter(isUnreadable)
    .map(({ key, origin, error }) => ({ provider: origin.provider, key, error }));
  return { secrets, refused };
}

/** The secrets of a section: what printing it masks. It does not say where they come from. */
export function inTree(tree: ConfigTree | undefined, prefix: Key): LoadedSecrets[] {
  const shown: unknown = JSON.parse(JSON.stringify(tree ?? null));
  const keys: Key[] = [];
  const walk = (value: ConfigValue, printed: unknown, key: Key): void => {
    if (isTree(value) && isTree(printed as ConfigValue))
      for (const [name, inner] of Object.entries(value))
        walk(inner, (printed as ConfigTree)[name], append(key, keyFrom([name])));
    else if (printed === MASK || JSON.stringify(printed)?.includes(MASK)) keys.push(key);
  };
  if (tree) walk(tree, shown, prefix);
  return keys.length > 0 ? [{ keys }] : [];
}

function* secretsOf(entry: Entry, value = entry.value, inside: Key = ''): Generator<Found> {
  if (isTree(value)) {
    for (const [name, inner] of Object.entries(value))
      yield* secretsOf(entry, inner, append(inside, keyFrom([name])));
    return;
  }
  const own = isTree(entry.value) ? entry.leaf?.(inside) : undefined;
  const { secret, origin } = own ?? entry;
  if (!secret && !entry.secret) return;
  yield { provider: origin.provider, version: entry.version, key: append(entry.key, inside) };
}

function grouped(found: readonly Found[]): LoadedSecrets[] {
  const groups = new Map<string, { provider?: string; version?: string; keys: Key[] }>();
  for (const { key, version, ...of } of found) {
    const id = `${of.provider}\0${version}`;
    const group = groups.get(id) ?? { ...of, ...(version !== undefined && { version }), keys: [] };
    group.keys.push(key);
    groups.set(id, group);
  }
  return [...groups.values()];
}

const maxKeys = 1_000;

/** Parts of at most 1,000 keys: one line each. At least one. */
export function inParts(secrets: readonly LoadedSecrets[]): LoadedSecrets[][] {
  const parts: LoadedSecrets[][] = [[]];
  let room = maxKeys;
  for (const { keys, ...of } of secrets)
    for (let at = 0; at < keys.length; ) {
      if (room === 0) {
        parts.push([]);
        room = maxKeys;
      }
      const some = keys.slice(at, at + room);
      parts.at(-1)?.push({ ...of, keys: some });
      at += some.length;
      room -= some.length;
    }
  return parts;
}
