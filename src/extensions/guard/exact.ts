// Gives loose names their keys before a guard decides. A loose name can mean any key with its letters, so a
// decision about the name itself would say nothing. Called by reads.ts.

import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../../entry.ts';
import { keyFrom } from '../../key.ts';
import { bind } from '../../merge/bind.ts';
import { provenanceOf } from '../../merge/leaf.ts';
import type { Layer, Wanted } from '../../provider.ts';
import type { Key } from '../../value.ts';

/** Layers without loose names: each name is bound to the keys that the merge would bind it to. */
export function exactLayers(
  layers: readonly Layer[],
  prefix: Key,
  wanted: Wanted | undefined,
): readonly Layer[] {
  const isLoose = ({ loose }: Entry | Unreadable): boolean => loose !== undefined;
  if (!layers.some(({ entries, holes }) => entries.some(isLoose) || holes.some(isLoose))) return layers;
  const { keys, prefixes } = wanted ?? { keys: [], prefixes: [''] };
  const bound = bind(layers, { keys, prefixes: prefix === '' ? prefixes : [...prefixes, prefix] });
  return layers.map((layer, i) => {
    const items = (bound[i] ?? []).map(({ item, path }) =>
      isLoose(item) ? exact(item, keyFrom(path)) : item,
    );
    return {
      ...layer,
      entries: items.filter((item): item is Entry => !isUnreadable(item)),
      holes: items.filter(isUnreadable),
    };
  });
}

function exact(item: Entry | Unreadable, key: Key): Entry | Unreadable {
  const { loose: _, ...rest } = item;
  if (isUnreadable(item)) return Object.freeze({ ...(rest as Unreadable), key });
  const { leaf: __, ...entry } = rest as Entry;
  const { origin, secret, openedWith } = provenanceOf(item, key);
  return makeEntry({ ...entry, key, origin, secret, ...(openedWith !== undefined && { openedWith }) });
}
