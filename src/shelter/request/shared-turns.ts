// The turns of a pace that several processes keep together, taken a few at a time. Used by pace.ts. If the
// shared pace is late or fails, this process goes on with its share, a second at a time: what a late answer
// grants then is not used, so nothing is spent twice.

import type { Clock } from '../clock.ts';
import type { SharedPace } from '../shared-pace.ts';

/** How much of the limit is taken at once. */
const leaseMs = 50;
/** Turns that are not used in this time are lost, because others would spend them too. */
const lifeMs = 2 * leaseMs;
/** How late an answer may be. */
const patienceMs = 100;
const aloneMs = 1_000;

export class SharedTurns {
  readonly #shared: SharedPace;
  readonly #perSecond: number;
  readonly #clock: Clock;
  #left = 0;
  #startsAt = 0;
  #taken = 0;
  /** How many turns this process uses of a lease. */
  #usual = 1;
  #isAsking = false;
  #aloneUntil = Number.NEGATIVE_INFINITY;
  /** When the next turn of its own is. */
  #ownAt = 0;
  #cancel: (() => void) | undefined;

  constructor(shared: SharedPace, perSecond: number, clock: Clock) {
    this.#shared = shared;
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  isFree(): boolean {
    const now = this.#clock.now();
    if (this.#isAlone(now)) return now >= this.#ownAt;
    if (this.#left > 0 && now >= this.#startsAt + lifeMs) {
      this.#usual = Math.max(1, this.#taken - this.#left);
      this.#left = 0;
    }
    return this.#left > 0 && now >= this.#startsAt;
  }

  take(): void {
    const now = this.#clock.now();
    if (this.#isAlone(now)) this.#ownAt = Math.max(this.#ownAt, now) + this.#ownMs();
    else if (--this.#left === 0) this.#usual = Math.min(this.#most, 2 * this.#usual);
  }

  /** Calls `look` when a turn may be free. `waiting`: the requests that could start. */
  request(waiting: number, look: () => void): void {
    const now = this.#clock.now();
    if (this.#isAsking || this.#cancel) return;
    if (this.#isAlone(now)) this.#later(this.#ownAt - now, look);
    else if (this.#left > 0) this.#later(this.#startsAt - now, look);
    else void this.#ask(waiting, look);
  }

  #isAlone(now: number): boolean {
    return now < this.#aloneUntil;
  }

  get #most(): number {
    return Math.max(1, Math.floor((this.#perSecond * leaseMs) / 1_000));
  }

  #ownMs(): number {
    return (1_000 * Math.max(1, this.#shared.processes)) / this.#perSecond;
  }

  #later(ms: number, look: () => void): void {
    this.#cancel = this.#clock.after(Math.max(1, Math.ceil(ms)), () => {
      this.#cancel = undefined;
      look();
    });
  }

  async #ask(waiting: number, look: () => void): Promise<void> {
    this.#isAsking = true;
    const wanted = Math.max(this.#usual, Math.min(this.#most, waiting));
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(patienceMs, () => reject(new Error('late')));
    });
    try {
      const { turns, waitMs } = await Promise.race([this.#shared.take(wanted, this.#perSecond), late]);
      const now = this.#clock.now();
      this.#left = this.#taken = Math.max(0, Math.min(wanted, Math.floor(turns) || 0));
      this.#startsAt = now + Math.max(0, waitMs || 0);
      if (this.#left === 0) this.#later(Math.min(aloneMs, Math.max(leaseMs, waitMs || 0)), look);
    } catch {
      const now = this.#clock.now();
      this.#aloneUntil = now + aloneMs;
      // the lease before may have been used just now
      this.#ownAt = Math.max(this.#ownAt, now + this.#ownMs());
    } finally {
      cancel?.();
      this.#isAsking = false;
    }
    look();
  }
}
