import type { Entry } from '../entry.ts';
import { append, keyFrom, startsWith } from '../key.ts';
import type { Origin } from '../origin.ts';
import type { Layer, ListOptions } from '../provider.ts';
import { type ConfigTree, isTree, type Key } from '../value.ts';

interface Good {
  readonly origin: Origin;
  readonly layer: string;
  readonly readAt: number | undefined;
}

/** The keys that a provider has answered, until it says itself that one is gone. */
export class SeenKeys {
  readonly #leaves = new Map<Key, Good>();

  has(key: Key): boolean {
    return this.#leaves.has(key);
  }

  /** Whether the answer is a new one, not what a cache still had. */
  heard(key: Key, entry: Entry | undefined): boolean {
    if (entry) return this.#add(key, entry, entry.origin.provider);
    this.#leaves.delete(key);
    return false;
  }

  /** The same for a whole layer. */
  listed(prefix: Key, { wanted }: ListOptions = {}, { name, entries, holes }: Layer): boolean {
    const now = leavesOf(entries);
    let news = false;
    for (const [key, entry] of now) if (this.#add(key, entry, name)) news = true;
    const asked = wanted && new Set(wanted.keys);
    for (const [key, { layer }] of this.#leaves) {
      const gone = layer === name && startsWith(key, prefix) && (asked?.has(key) ?? true) && !now.has(key);
      if (gone && !holes.some((hole) => startsWith(key, hole.key))) this.#leaves.delete(key);
    }
    return news;
  }

  /** Those at or below a prefix that came from such a layer. */
  within(prefix: Key, from: (layer: string) => boolean): (readonly [Key, Origin])[] {
    return [...this.#leaves].flatMap(([key, { origin, layer }]) =>
      startsWith(key, prefix) && from(layer) ? [[key, origin] as const] : [],
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
      for (const [name, inside] of Object.entries(value as ConfigTree))
        add(append(key, keyFrom([name])), inside, entry);
  };
  for (const entry of entries) add(entry.key, entry.value, entry);
  return leaves;
}
