// Documents that end. While the provider is watched, a timer per document renews leases before their end and
// reports the end of other documents. Used by changes.ts.

import { maxTimerMs } from '../../internal/options.ts';
import { sameValue } from '../../value.ts';
import { type Clock, later } from '../clock.ts';
import type { Document, Place } from '../port.ts';
import { Cached } from './cached.ts';
import type { Documents } from './documents.ts';

interface Ending {
  readonly place: Place;
  readonly cached: Cached<Document>;
  cancel?: () => void;
}

const maxPauseMs = 60_000;

export class Renewals {
  readonly #documents: Documents;
  readonly #clock: Clock;
  readonly #changed: (place: Place, rotated: boolean) => void;
  readonly #endings = new Map<string, Ending>();
  #watched = false;

  constructor(documents: Documents, clock: Clock, changed: (place: Place, rotated: boolean) => void) {
    this.#documents = documents;
    this.#clock = clock;
    this.#changed = changed;
    documents.onEnding = (id, place, cached) => {
      if (id !== place.document) return;
      this.#endings.get(id)?.cancel?.();
      const ending: Ending = { place, cached };
      this.#endings.set(id, ending);
      if (this.#watched) this.#arm(ending, 0);
    };
  }

  /** When the first of the documents that are in use ends. */
  firstEnd(now: number): number | undefined {
    let first: number | undefined;
    for (const { cached } of this.#endings.values())
      if (!cached.invalidated && !cached.endsBy(now)) first = Math.min(first ?? cached.endsAt, cached.endsAt);
    return first;
  }

  watched(on: boolean): void {
    if (on === this.#watched) return;
    this.#watched = on;
    for (const ending of this.#endings.values()) {
      ending.cancel?.();
      if (on) this.#arm(ending, 0);
    }
  }

  #arm(ending: Ending, failures: number): void {
    const { place, cached } = ending;
    const now = this.#clock.now();
    const due = place.leased
      ? failures === 0
        ? cached.freshUntil
        : now + Math.min(maxPauseMs, 1_000 * 2 ** (failures - 1))
      : cached.endsAt;
    const waitMs = Math.max(0, Math.min(maxTimerMs, Math.min(due, cached.endsAt) - now));
    ending.cancel = later(this.#clock, waitMs, () => void this.#due(ending, failures));
  }

  async #due(ending: Ending, failures: number): Promise<void> {
    const { place, cached } = ending;
    if (this.#documents.peek(place.document) !== cached) return this.#drop(ending);
    const now = this.#clock.now();
    if (cached.isServable(now, 0)) return this.#arm(ending, failures);
    if (cached.endsBy(now)) {
      this.#drop(ending);
      this.#documents.invalidate([place.document], true);
      return this.#changed(place, false);
    }
    const result = await this.#documents.read(place, {});
    if (result instanceof Cached && result !== cached)
      this.#changed(place, isChanged(cached.outcome, result.outcome));
    else if (this.#watched && this.#endings.get(place.document) === ending) this.#arm(ending, failures + 1);
  }

  #drop(ending: Ending): void {
    if (this.#endings.get(ending.place.document) === ending) this.#endings.delete(ending.place.document);
  }
}

/** Whether the value is another one. A renewed lease has the same value and a later end. */
export function isChanged(before: Document | 'absent', now: Document | 'absent'): boolean {
  if (before === 'absent' || now === 'absent') return before !== now;
  return now.version === undefined ? !sameValue(before.value, now.value) : now.version !== before.version;
}
