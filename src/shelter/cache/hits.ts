import type { Entry } from '../../entry.ts';
import type { Key } from '../../value.ts';
import { type Clock, coarseNow } from '../clock.ts';
import type { Cached } from './cached.ts';

/** A key's answer, ready to be handed out, while everything it was made of stands. */
export interface Hit {
  readonly entry: Entry | undefined;
  readonly promise: Promise<Entry | undefined>;
  readonly parts: readonly Cached[];
  readonly until: number;
  /** Something in it ends by itself: the clock is read to the millisecond. */
  readonly exact: boolean;
}

const half = 2_048;

/** The answers that were asked for lately, so that a hit costs a Map's look-up: two halves, the older one is dropped. */
export class Hits {
  readonly #clock: Clock;
  #young = new Map<Key, Hit>();
  #old = new Map<Key, Hit>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: Key): Hit | undefined {
    let answer = this.#young.get(key);
    if (answer === undefined) {
      answer = this.#old.get(key);
      if (answer === undefined) return undefined;
      this.#add(key, answer);
    }
    const now = answer.exact ? this.#clock.now() : coarseNow(this.#clock);
    if (now >= answer.until) return undefined;
    for (const part of answer.parts) if (part.gone || part.isAhead(now)) return undefined;
    return answer;
  }

  set(key: Key, entry: Entry | undefined, parts: readonly Cached[], until: number): void {
    const exact = parts.some((part) => part.endsAt < Number.POSITIVE_INFINITY);
    this.#add(key, { entry, promise: Promise.resolve(entry), parts, until, exact });
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  #add(key: Key, answer: Hit): void {
    if (this.#young.size >= half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, answer);
  }
}
