// Finished results by key, so that a hit costs one look-up in a Map. Used by the provider's `get`, the
// hottest path of the shelter, and filled by keys/. Two halves: when the newer one is full, the older one is
// dropped.

import type { Entry } from '../../entry.ts';
import type { Key } from '../../value.ts';
import { type Clock, coarseNow } from '../clock.ts';
import type { Cached } from './cached.ts';

/** A key's result, valid while everything it was derived from is. */
export interface Hit {
  readonly entry: Entry | undefined;
  readonly promise: Promise<Entry | undefined>;
  readonly parts: readonly Cached[];
  readonly until: number;
  /** A part has an end, so the clock is read to the millisecond. */
  readonly exact: boolean;
}

/** How many results a half holds, whatever the cache's limit. A result takes about 250 bytes. */
const least = 2_048;
const most = 16_384;

export class Hits {
  readonly #clock: Clock;
  readonly #half: number;
  #young = new Map<Key, Hit>();
  #old = new Map<Key, Hit>();

  /** `max`: how many documents the cache holds. */
  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#half = Math.min(most, Math.max(least, max));
  }

  get(key: Key): Hit | undefined {
    let hit = this.#young.get(key);
    if (hit === undefined) {
      hit = this.#old.get(key);
      if (hit === undefined) return undefined;
      this.#add(key, hit);
    }
    const now = hit.exact ? this.#clock.now() : coarseNow(this.#clock);
    if (now >= hit.until) return undefined;
    for (const part of hit.parts) if (part.invalidated) return undefined;
    return hit;
  }

  set(key: Key, entry: Entry | undefined, parts: readonly Cached[], until: number): void {
    const exact = parts.some((part) => part.endsAt < Number.POSITIVE_INFINITY);
    this.#add(key, { entry, promise: Promise.resolve(entry), parts, until, exact });
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  #add(key: Key, hit: Hit): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, hit);
  }
}
