// What a snapshot knows of one provider: leaves, each with its own time, and prefixes that were listed
// completely. Used by reads.ts, which records and recalls, and by keeper.ts, which merges it with the file.
// The rules of what may be answered are here.

import { parent, startsWith } from '../../key.ts';
import type { Wanted } from '../../provider.ts';
import type { Key } from '../../value.ts';
import { expiresAt, type Leaf, type ValueLeaf } from './remembered-leaf.ts';

/** What a recall may use. */
export interface Limits {
  readonly now: number;
  /** The time of the system, for values that expire. */
  readonly shown: number;
  /** The maximum age of what is answered. */
  readonly maxAgeMs: number;
}

/** What is known of a key. `undefined`: nothing that may be answered. */
export type Recalled = ValueLeaf | { readonly kind: 'absent'; readonly at: number } | undefined;

/** The answer to a listing: values, and the keys of holes. */
export interface RecalledList {
  readonly values: readonly (readonly [Key, ValueLeaf])[];
  readonly holes: readonly Key[];
}

export class Memory {
  readonly leaves: Map<Key, Leaf>;
  /** By prefix: when it was listed without `wanted`. */
  readonly complete: Map<Key, number>;
  /** The sections above all leaves; undefined after a leaf was removed. */
  #sections: Set<Key> | undefined;

  constructor(leaves = new Map<Key, Leaf>(), complete = new Map<Key, number>()) {
    this.leaves = leaves;
    this.complete = complete;
  }

  copy(): Memory {
    return new Memory(new Map(this.leaves), new Map(this.complete));
  }

  /** How many values are known. */
  get values(): number {
    let count = 0;
    for (const { kind } of this.leaves.values()) if (kind === 'value') count++;
    return count;
  }

  /** Records a leaf, unless a later one is known. Returns whether it did. */
  put(key: Key, leaf: Leaf): boolean {
    const before = this.leaves.get(key);
    if (before && before.at > leaf.at) return false;
    if (!before && this.#sections) addSections(this.#sections, key);
    this.leaves.set(key, leaf);
    return true;
  }

  /** Whether a leaf is below `key`. */
  isSection(key: Key): boolean {
    if (!this.#sections) {
      this.#sections = new Set();
      for (const leaf of this.leaves.keys()) addSections(this.#sections, leaf);
    }
    return this.#sections.has(key);
  }

  /** Forgets what was known at and below `key` until `at`, so that nothing older is answered there. */
  forget(key: Key, at: number): void {
    if (this.isSection(key)) {
      for (const [below, leaf] of this.leaves)
        if (below !== key && leaf.at <= at && startsWith(below, key)) this.leaves.delete(below);
      this.#sections = undefined;
    }
    this.put(key, { kind: 'unknown', at });
  }

  /** Records that everything below `prefix` was listed. What is known there and was not listed is absent now;
   *  `isListed` also says so of what is below a hole. */
  completed(prefix: Key, at: number, isListed: (key: Key) => boolean): void {
    const before = this.complete.get(prefix);
    if (before !== undefined && before > at) return;
    for (const [key, leaf] of this.leaves)
      if (leaf.kind !== 'absent' && leaf.at <= at && startsWith(key, prefix) && !isListed(key))
        this.leaves.set(key, { kind: 'absent', at });
    this.complete.set(prefix, at);
  }

  /** When the newest complete listing began that includes `key`. */
  completeAt(key: Key): number | undefined {
    if (this.complete.size === 0) return undefined;
    let newest: number | undefined;
    for (let prefix = key; ; prefix = parent(prefix)) {
      const at = this.complete.get(prefix);
      if (at !== undefined && !(at <= (newest as number))) newest = at;
      if (prefix === '') return newest;
    }
  }

  /** When something above `key` became unknown. */
  unknownAbove(key: Key): number | undefined {
    for (let above = key; above !== ''; ) {
      above = parent(above);
      const leaf = this.leaves.get(above);
      if (leaf?.kind === 'unknown') return leaf.at;
    }
    return undefined;
  }

  /** The answer for one key. */
  recall(key: Key, limits: Limits): Recalled {
    const leaf = this.leaves.get(key);
    if (leaf?.kind === 'unknown') return undefined;
    if (leaf && isFresh(leaf, limits)) return leaf;
    if (leaf?.kind === 'value' || this.isSection(key)) return undefined;
    const at = this.completeAt(key);
    if (at === undefined || !isYoung(at, limits) || this.unknownAbove(key) !== undefined) return undefined;
    return { kind: 'absent', at };
  }

  /** The answer to a listing; `undefined` if too little is known. */
  recallList(prefix: Key, wanted: Wanted | undefined, limits: Limits): RecalledList | undefined {
    const isComplete = (part: Key): boolean => {
      const at = this.completeAt(part);
      return at !== undefined && isYoung(at, limits) && this.unknownAbove(part) === undefined;
    };
    const values = new Map<Key, ValueLeaf>();
    const holes = new Set<Key>();
    const addAll = (part: Key): void => {
      for (const [key, leaf] of this.leaves) {
        if (leaf.kind === 'absent' || !startsWith(key, part)) continue;
        if (leaf.kind === 'value' && isFresh(leaf, limits)) values.set(key, leaf);
        else holes.add(key);
      }
    };
    const parts = (wanted?.prefixes ?? [prefix]).flatMap((part) => narrowed(part, prefix));
    let known = 0;
    for (const part of parts) {
      if (isComplete(part)) {
        addAll(part);
        known++;
      } else if (part === prefix) return undefined;
      else holes.add(part);
    }
    for (const asked of wanted?.keys ?? []) {
      const [key] = narrowed(asked, prefix);
      if (key === undefined || parts.some((part) => startsWith(key, part))) continue;
      const found = this.recall(key, limits);
      if (found?.kind === 'value') values.set(key, found);
      else if (!found && this.isSection(key) && !this.leaves.has(key) && isComplete(key)) addAll(key);
      else if (!found) holes.add(key);
      if (!holes.has(key)) known++;
    }
    if (known === 0) return undefined;
    // below a hole nothing is answered
    const isHidden = (key: Key): boolean => {
      for (let at = key; at !== ''; at = parent(at)) if (holes.has(at)) return true;
      return false;
    };
    return {
      values: holes.size === 0 ? [...values] : [...values].filter(([key]) => !isHidden(key)),
      holes: [...holes],
    };
  }

  /** Removes what may not be answered any more. What a younger complete listing had stays unknown: it would
   *  else become absent. */
  prune(maxStaleMs: number, { now, shown }: Pick<Limits, 'now' | 'shown'>): void {
    const limits = { now, shown, maxAgeMs: maxStaleMs };
    for (const [prefix, at] of this.complete) if (!isYoung(at, limits)) this.complete.delete(prefix);
    for (const [key, leaf] of this.leaves) {
      if (leaf.kind === 'value' ? isFresh(leaf, limits) : isYoung(leaf.at, limits)) continue;
      if (isYoung(leaf.at, limits) || (leaf.kind !== 'absent' && this.completeAt(key) !== undefined)) {
        if (leaf.kind === 'value') this.leaves.set(key, { kind: 'unknown', at: leaf.at });
      } else {
        this.leaves.delete(key);
        this.#sections = undefined;
      }
    }
  }

  /** Takes over what `other` knows and this does not, or knows later. */
  merge(other: Memory): void {
    const isNew = this.leaves.size === 0 && this.complete.size === 0;
    // what this knows, as `other` sees it
    for (const [key, leaf] of [...this.leaves])
      if (!other.leaves.has(key)) {
        const newer = verdict(other, key, leaf);
        if (newer !== leaf) this.leaves.set(key, newer);
      }
    for (const [key, leaf] of other.leaves) {
      const own = this.leaves.get(key);
      if (own) {
        if (own.at < leaf.at || (own.at === leaf.at && own.kind === 'value' && leaf.kind !== 'value'))
          this.leaves.set(key, leaf);
      } else this.leaves.set(key, isNew ? leaf : verdict(this, key, leaf));
    }
    for (const [prefix, at] of other.complete)
      if (!((this.complete.get(prefix) ?? Number.NEGATIVE_INFINITY) >= at)) this.complete.set(prefix, at);
    this.#sections = undefined;
  }
}

/** Adds the sections above a key. */
export function addSections(sections: Set<Key>, key: Key): void {
  for (let above = key; above !== ''; ) {
    above = parent(above);
    if (sections.has(above)) break;
    sections.add(above);
  }
}

/** What of another memory's leaf remains in view of a memory that has none at `key`. */
function verdict(memory: Memory, key: Key, leaf: Leaf): Leaf {
  const refusedAt = memory.unknownAbove(key);
  if (refusedAt !== undefined && refusedAt >= leaf.at) return { kind: 'unknown', at: refusedAt };
  const listedAt = leaf.kind === 'absent' ? undefined : memory.completeAt(key);
  return listedAt !== undefined && listedAt > leaf.at ? { kind: 'absent', at: listedAt } : leaf;
}

/** What of `part` a listing of `prefix` includes: the part, the whole listing, or nothing. */
const narrowed = (part: Key, prefix: Key): readonly Key[] =>
  startsWith(part, prefix) ? [part] : startsWith(prefix, part) ? [prefix] : [];

const isYoung = (at: number, { now, maxAgeMs }: Pick<Limits, 'now' | 'maxAgeMs'>): boolean =>
  now - at <= maxAgeMs;

const isFresh = (leaf: Leaf, limits: Limits): boolean =>
  isYoung(leaf.at, limits) && (leaf.kind !== 'value' || expiresAt(leaf) > limits.shown);
