// One cached result, and the names of cached things. Used by all files of this folder, and by keys/ to
// decide what may be served.

import type { ConfigError } from '../../errors.ts';
import type { Key } from '../../value.ts';
import type { Document, Place } from '../port.ts';

/** What a store returns of a document, other than an error. */
export type Definite = Document | 'absent';

/** A result and its life. All rules of freshness are here. Times are those of the shelter's steady clock. */
export class Cached<T = Definite> {
  readonly outcome: T;
  readonly key: Key;
  /** When the request started. */
  readonly at: number;
  /** The request's number among all requests of the shelter. */
  readonly ticket: number;
  freshUntil: number;
  /** Never served from then on. */
  readonly endsAt: number;
  /** Replaced, expired or removed: anything derived from it must be dropped. */
  invalidated = false;
  /** What was there before it vanished, if that is served for a while. */
  held: Cached<T> | undefined;
  /** By how much the steady clock was ahead of the system's. */
  readonly #aheadMs: number;

  constructor(
    outcome: T,
    key: Key,
    at: number,
    ticket: number,
    freshUntil: number,
    endsAt: number,
    aheadMs: number,
  ) {
    this.outcome = outcome;
    this.key = key;
    this.at = at;
    this.ticket = ticket;
    this.freshUntil = freshUntil;
    this.endsAt = endsAt;
    this.#aheadMs = aheadMs;
  }

  /** When the request started, as the system's clock showed it. Milliseconds since 1970. Computed, because a
   *  time takes 16 bytes more than the difference, which is a small number. */
  get readAt(): number {
    return this.at - this.#aheadMs;
  }

  /** Whether it may be served without asking again. */
  isFresh(now: number): boolean {
    return !this.invalidated && now < this.freshUntil && now < this.endsAt;
  }

  /** Whether it may be served up to `graceMs` past its fresh life. Also true for invalidated results: they
   *  serve outages. */
  isServable(now: number, graceMs: number): boolean {
    return now < this.endsAt && now < this.freshUntil + graceMs;
  }

  /** Whether its life is over, even for an outage. */
  endsBy(now: number): boolean {
    return now >= this.endsAt;
  }
}

/** A place that a listing holds; `read`: the outcome that came with the page. */
export interface Listed {
  readonly place: Place;
  readonly read?: Cached | ConfigError;
}
