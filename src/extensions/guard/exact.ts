// Gives loose names their keys before a guard decides. A loose name can mean any key with its letters, so a
// decision about the name itself would say nothing. Called by reads.ts.

import { type Entry, isUnreadable, type Loose, makeEntry, type Unreadable } from '../../entry.ts';
import { lazy } from '../../internal/lazy.ts';
import { keyFrom } from '../../key.ts';
import { bind, gatherLists } from '../../merge/bind.ts';
import { provenanceOf } from '../../merge/leaf.ts';
import type { Layer, Wanted } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Decision } from './policy.ts';

type Item = Entry | Unreadable;

/** What a loose name that means no known key is denied with. A source below may have a key that it means. */
export const undecidable: Decision = Object.freeze({
  allow: false,
  rule: 'a name that may mean several keys: put the guard around the chain, or pass a schema',
});

const loadMerge = lazy(() => import('../../merge/merge.ts'));

/** Layers whose loose names are bound to the keys that the merge would bind them to. `bound` has the items of
 *  those names. Where sources below may add keys, a name that means none stays loose, and `names` has the
 *  others: what is denied must hide those keys, too. */
export function exactLayers(
  layers: readonly Layer[],
  prefix: Key,
  wanted: Wanted | undefined,
): {
  readonly layers: readonly Layer[];
  readonly names: ReadonlyMap<Item, Loose>;
  readonly bound: ReadonlyMap<Item, Loose>;
} {
  const names = new Map<Item, Loose>();
  const bound = new Map<Item, Loose>();
  const isLoose = ({ loose }: Item): boolean => loose !== undefined;
  if (!layers.some(({ entries, holes }) => entries.some(isLoose) || holes.some(isLoose)))
    return { layers, names, bound };
  const { keys, prefixes } = wanted ?? { keys: [], prefixes: [''] };
  const mayGrow = prefixes.length > 0;
  const gathered = layers.map((layer) => withItems(layer, gatherLists([...layer.entries, ...layer.holes])));
  const boundTo = bind(gathered, { keys, prefixes: prefix === '' ? prefixes : [...prefixes, prefix] });
  const exactLayer = (layer: Layer, i: number): Layer => {
    const paths = new Map<Item, (readonly string[])[]>();
    for (const { item, path } of boundTo[i] ?? []) paths.set(item, [...(paths.get(item) ?? []), path]);
    const items = [...layer.entries, ...layer.holes].flatMap((item): readonly Item[] => {
      const own = paths.get(item);
      if (item.loose === undefined) return [item];
      if (!own) return mayGrow ? [item] : [];
      const exacts = own.map((path) => exact(item, keyFrom(path)));
      for (const one of exacts) bound.set(one, item.loose);
      if (mayGrow && exacts.length === 1) names.set(exacts[0] as Item, item.loose);
      return exacts;
    });
    return withItems(layer, items);
  };
  return { layers: gathered.map(exactLayer), names, bound };
}

/** What layers list together, once their loose names are bound. */
export async function mergedItems(
  layers: readonly Layer[],
  prefix: Key,
  wanted: Wanted,
): Promise<readonly Item[]> {
  const { mergeListed } = await loadMerge();
  return mergeListed(layers, prefix, wanted).items();
}

const withItems = (layer: Layer, items: readonly Item[]): Layer => ({
  ...layer,
  entries: items.filter((item): item is Entry => !isUnreadable(item)),
  holes: items.filter(isUnreadable),
});

function exact(item: Entry | Unreadable, key: Key): Entry | Unreadable {
  const { loose: _, ...rest } = item;
  if (isUnreadable(item)) return Object.freeze({ ...(rest as Unreadable), key });
  const { leaf: __, ...entry } = rest as Entry;
  const { origin, secret, openedWith } = provenanceOf(item, key);
  return makeEntry({ ...entry, key, origin, secret, ...(openedWith !== undefined && { openedWith }) });
}
