// Replaces the sealed texts of entries. Used by sealing/, which opens them, and by chain/, which refuses
// them. Loaded with the first sealed text.

import { type Entry, isUnreadable, type Loose, makeEntry, type Unreadable } from './entry.ts';
import { ConfigError, isConfigError } from './errors.ts';
import { append, keyFrom } from './key.ts';
import type { Origin } from './origin.ts';
import type { Layer } from './provider.ts';
import { isSealed } from './sealed.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from './value.ts';

type Item = Entry | Unreadable;

/** An opened value, and the name of the key that has opened it. */
export interface Opened {
  readonly value: ConfigValue;
  readonly openedWith?: string;
}

/** Opens a text that has the marker. A rejection makes a hole of its value. */
export type Open = (text: string, key: Key, origin: Origin, loose?: Loose) => Promise<Opened>;

/** Opens the sealed texts of a leaf, also inside lists. Returns the same entry if there are none. */
export async function openLeaf(entry: Entry, open: Open): Promise<Entry> {
  if (!hasMarker(entry.value)) return entry;
  const { key, origin, loose } = entry;
  const { value, openedWith } = await openValue(entry.value, (text) => open(text, key, origin, loose));
  return makeEntry({ ...entry, value: frozen(value), secret: true, ...(openedWith && { openedWith }) });
}

/** Opens the sealed texts of a list of items. Those that cannot be opened become holes. */
export async function openItems(items: readonly Item[], open: Open): Promise<Item[]> {
  const opened = items.map(async (item): Promise<Item[]> => {
    if (isUnreadable(item)) return [item];
    if (isTree(item.value)) return openSection(item, item.value, open);
    return [
      await openLeaf(item, open).catch((error: unknown) => hole(item.key, item.origin, error, item.loose)),
    ];
  });
  return (await Promise.all(opened)).flat();
}

/** Opens the sealed texts of a layer. */
export async function openLayer(layer: Layer, open: Open): Promise<Layer> {
  try {
    const items = await openItems([...layer.entries, ...layer.holes], open);
    return {
      ...layer,
      entries: items.filter((item): item is Entry => !isUnreadable(item)),
      holes: items.filter(isUnreadable),
    };
  } catch (error) {
    return { ...layer, entries: [], holes: [], error: asConfigError(error) };
  }
}

const hasMarker = (value: ConfigValue): boolean =>
  isSealed(value) || (typeof value === 'object' && value !== null && Object.values(value).some(hasMarker));

async function openValue(value: ConfigValue, open: (text: string) => Promise<Opened>): Promise<Opened> {
  const names = new Set<string>();
  const walk = async (at: ConfigValue): Promise<ConfigValue> => {
    if (isSealed(at)) {
      const opened = await open(at);
      if (opened.openedWith !== undefined) names.add(opened.openedWith);
      return opened.value;
    }
    if (typeof at !== 'object' || at === null || !hasMarker(at)) return at;
    if (Array.isArray(at)) return Promise.all(at.map(walk));
    const members = Object.entries(at).map(async ([name, inner]) => [name, await walk(inner)] as const);
    return Object.fromEntries(await Promise.all(members));
  };
  const opened = await walk(value);
  return { value: opened, ...(names.size > 0 && { openedWith: [...names].join(', ') }) };
}

/** Opens the sealed texts of a section. Those that cannot be opened are removed and returned as holes. */
async function openSection(entry: Entry, tree: ConfigTree, open: Open): Promise<Item[]> {
  if (!hasMarker(tree)) return [entry];
  const inner = entry.leaf ?? (() => ({ origin: entry.origin, secret: entry.secret }));
  const sealed = new Map<Key, { readonly secret: true; readonly openedWith?: string }>();
  const holes: Unreadable[] = [];
  const walk = async (at: ConfigTree, path: readonly string[]): Promise<ConfigTree> => {
    const members = Object.entries(at).map(async ([name, value]) => {
      const here = [...path, name];
      if (isTree(value)) return [[name, await walk(value, here)]] as const;
      if (!hasMarker(value)) return [[name, value]] as const;
      const inside = keyFrom(here);
      const key = append(entry.key, inside);
      const { origin } = inner(inside);
      try {
        const { value: opened, ...by } = await openValue(value, (text) => open(text, key, origin));
        sealed.set(inside, { secret: true, ...by });
        return [[name, opened]] as const;
      } catch (error) {
        holes.push(hole(key, origin, error, entry.loose));
        return [];
      }
    });
    return Object.fromEntries((await Promise.all(members)).flat()) as ConfigTree;
  };
  const value = frozen(await walk(tree, []));
  const leaf = (inside: Key) => ({ ...inner(inside), ...sealed.get(inside) });
  return [makeEntry({ ...entry, value, leaf }), ...holes];
}

function hole(key: Key, origin: Origin, error: unknown, loose: Entry['loose']): Unreadable {
  const known = asConfigError(error);
  // the source of the key is unreachable, which is not a property of the value
  if (known.transient) throw known;
  return Object.freeze({ key, origin, error: known, ...(loose && { loose }) });
}

/** The error of a key source. The message of a foreign one may quote a key. */
export function asConfigError(error: unknown): ConfigError {
  return isConfigError(error)
    ? error
    : new ConfigError('crypto', 'a sealed value could not be opened', {
        cause: error,
        hint: 'Check the option keys',
      });
}
