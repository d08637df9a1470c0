import type { Key } from '../../value.ts';
import type { Document } from '../port.ts';

/** An answer and its life. Times are milliseconds since 1970. */
export class Cached<T = Document | 'absent'> {
  readonly outcome: T;
  /** When it was asked for, and its number among all that was asked. */
  readonly at: number;
  readonly tick: number;
  freshUntil: number;
  /** Never served from then on. */
  readonly endsAt: number;
  /** Replaced, expired by hand or forgotten: what was made of it counts no more. */
  gone = false;
  readonly key: Key;

  constructor(outcome: T, key: Key, at: number, tick: number, freshUntil: number, endsAt: number) {
    this.outcome = outcome;
    this.key = key;
    this.at = at;
    this.tick = tick;
    this.freshUntil = freshUntil;
    this.endsAt = endsAt;
  }

  /** The clock was put back since: nobody knows how old it is. A second is the grace of clocks that are read now and then. */
  isAhead(now: number): boolean {
    return now < this.at - 1_000;
  }
}
