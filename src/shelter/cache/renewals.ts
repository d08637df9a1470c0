import { sameValue } from '../../value.ts';
import { type Clock, later } from '../clock.ts';
import type { Document, Place } from '../port.ts';
import { Cached } from './cached.ts';
import type { Documents } from './documents.ts';

interface Timed {
  readonly place: Place;
  readonly held: Cached<Document>;
  cancel?: () => void;
}

const longest = 2 ** 31 - 1;

/** While somebody watches, leases are renewed before they end, and what ends says so. */
export class Renewals {
  readonly #documents: Documents;
  readonly #clock: Clock;
  readonly #happened: (place: Place, rotated: boolean) => void;
  readonly #timed = new Map<string, Timed>();
  #watched = false;

  constructor(documents: Documents, clock: Clock, happened: (place: Place, rotated: boolean) => void) {
    this.#documents = documents;
    this.#clock = clock;
    this.#happened = happened;
    documents.onTimed = (id, place, held) => {
      if (id !== place.document) return;
      this.#timed.get(id)?.cancel?.();
      const timed: Timed = { place, held };
      this.#timed.set(id, timed);
      if (this.#watched) this.#arm(timed, 0);
    };
  }

  watched(on: boolean): void {
    if (on === this.#watched) return;
    this.#watched = on;
    for (const timed of this.#timed.values()) {
      timed.cancel?.();
      if (on) this.#arm(timed, 0);
    }
  }

  #arm(timed: Timed, failures: number): void {
    const { place, held } = timed;
    const now = this.#clock.now();
    const due = place.leased
      ? failures === 0
        ? held.freshUntil
        : now + Math.min(60_000, 1_000 * 2 ** (failures - 1))
      : held.endsAt;
    timed.cancel = later(
      this.#clock,
      Math.max(0, Math.min(longest, Math.min(due, held.endsAt) - now)),
      () => void this.#due(timed, failures),
    );
  }

  async #due(timed: Timed, failures: number): Promise<void> {
    const { place, held } = timed;
    if (this.#documents.peek(place) !== held) return this.#drop(timed);
    const now = this.#clock.now();
    if (now < Math.min(held.freshUntil, held.endsAt)) return this.#arm(timed, failures);
    if (now >= held.endsAt) {
      this.#drop(timed);
      this.#documents.invalidate([place.document], true);
      return this.#happened(place, false);
    }
    const answer = await this.#documents.read(place, {});
    if (answer instanceof Cached && answer !== held)
      this.#happened(place, isOther(held.outcome, answer.outcome));
    else if (this.#watched && this.#timed.get(place.document) === timed) this.#arm(timed, failures + 1);
  }

  #drop(timed: Timed): void {
    if (this.#timed.get(timed.place.document) === timed) this.#timed.delete(timed.place.document);
  }
}

/** Whether it is another value; a lease that was renewed is the same one, and ends later. */
function isOther(before: Document, now: Document | 'absent'): boolean {
  if (now === 'absent') return true;
  return now.version === undefined ? !sameValue(before.value, now.value) : now.version !== before.version;
}
