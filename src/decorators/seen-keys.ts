// The keys that a provider is known to have. `optional` and `fallback` ask it during an outage: a key that
// the provider has returned before must fail, not become absent.

import type { Entry } from '../entry.ts';
import { append, keyFrom, startsWith } from '../key.ts';
import type { Origin } from '../origin.ts';
import type { Layer, ListOptions } from '../provider.ts';
import { type ConfigTree, isTree, type Key } from '../value.ts';

interface SeenLeaf {
  readonly origin: Origin;
  readonly layer: string;
  readonly readAt: number | undefined;
}

/** The leaves that a provider has returned. A leaf is forgotten when the provider itself reports it as
 *  absent. */
export class SeenKeys {
  readonly #leaves = new Map<Key, SeenLeaf>();

  has(key: Key): boolean {
    return this.#leaves.has(key);
  }

  /** Records the result of a `get`. Returns whether it is new, not repeated from a cache. */
  record(key: Key, entry: Entry | undefined): boolean {
    if (entry) return this.#add(key, entry, entry.origin.provider);
    this.#leaves.delete(key);
    return false;
  }

  /** Records a listing, and forgets the leaves below `prefix` that it no longer has. Returns whether any
   *  is new. */
  recordLayer(prefix: Key, { wanted }: ListOptions = {}, { name, entries, holes }: Layer): boolean {
    const listed = leavesOf(entries);
    let isNew = false;
    for (const [key, entry] of listed) if (this.#add(key, entry, name)) isNew = true;
    const wantedKeys = wanted && new Set(wanted.keys);
    for (const [key, { layer }] of this.#leaves) {
      const isGone =
        layer === name && startsWith(key, prefix) && (wantedKeys?.has(key) ?? true) && !listed.has(key);
      if (isGone && !holes.some((hole) => startsWith(key, hole.key))) this.#leaves.delete(key);
    }
    return isNew;
  }

  /** The leaves at or below `prefix` from layers for which `isLost` is true. */
  lostBelow(prefix: Key, isLost: (layer: string) => boolean): (readonly [Key, Origin])[] {
    return [...this.#leaves].flatMap(([key, { origin, layer }]) =>
      startsWith(key, prefix) && isLost(layer) ? [[key, origin] as const] : [],
    );
  }

  #add(key: Key, { origin, readAt }: Entry, layer: string): boolean {
    const before = this.#leaves.get(key);
    this.#leaves.set(key, { origin, layer, readAt });
    return readAt === undefined || before?.readAt !== readAt;
  }
}

/** The leaves of entries, trees taken apart. */
export function leavesOf(entries: readonly Entry[]): Map<Key, Entry> {
  const leaves = new Map<Key, Entry>();
  const add = (key: Key, value: unknown, entry: Entry): void => {
    if (!isTree(value)) leaves.set(key, entry);
    else
      for (const [name, inner] of Object.entries(value as ConfigTree))
        add(append(key, keyFrom([name])), inner, entry);
  };
  for (const entry of entries) add(entry.key, entry.value, entry);
  return leaves;
}
