// A limit per minute that several processes keep together, over a pace that they share. Used by backends.ts.
// If the shared pace is late or fails, this process goes on with its share for a second: a limit is never the
// reason that a call fails.

import type { SteadyClock } from '../../../shelter/clock.ts';
import type { SharedLedger } from '../../../shelter/shared-ledger.ts';
import type { SharedPace } from '../../../shelter/shared-pace.ts';

/** What several processes share, such as `shared` of `llm-config-manager/redis`. */
export interface SharedPaces {
  pace(name: string): SharedPace;
  /** With it, processes share the budgets too. */
  ledger?(name: string): SharedLedger;
}

/** How far calls may be ahead of an even pace. */
const aheadMs = 6_000;
/** An even pace plus what is ahead of it is the limit, in each minute. */
const secondsOfLimit = 60 + aheadMs / 1_000;
const patienceMs = 100;
const aloneMs = 1_000;

export class SharedMinute {
  readonly #pace: SharedPace;
  readonly #clock: SteadyClock;
  #fullUntil = Number.NEGATIVE_INFINITY;
  /** What is granted from then on. */
  #reserved = 0;
  #last: Promise<unknown> = Promise.resolve();
  #aloneUntil = Number.NEGATIVE_INFINITY;

  constructor(pace: SharedPace, clock: SteadyClock) {
    this.#pace = pace;
    this.#clock = clock;
  }

  /** The part of the limit that this process may use by itself: all of it while the pace is shared. */
  get share(): number {
    return this.#clock.now() < this.#aloneUntil ? 1 / Math.max(1, this.#pace.processes) : 1;
  }

  /** How long the limit is known to be used up. */
  get waitMs(): number {
    return Math.max(0, this.#fullUntil - this.#clock.now());
  }

  /** Uses an amount. Returns how long the limit is used up; 0: it is granted. */
  take(amount: number, perMinute: number): Promise<number> {
    // one after the other: what is full for the first is full for all that wait behind it
    const taken = this.#last.then(() => this.#take(Math.min(amount, perMinute), perMinute));
    this.#last = taken;
    return taken;
  }

  /** Uses an amount that is known afterwards. */
  report(amount: number, perMinute: number): void {
    if (amount <= 0) return;
    const taken = async (): Promise<unknown> => this.#pace.take(amount, perMinute / secondsOfLimit);
    taken().catch(() => undefined); // the next call finds out by itself
  }

  async #take(amount: number, perMinute: number): Promise<number> {
    const now = this.#clock.now();
    if (now < this.#aloneUntil || amount <= 0) return 0;
    if (now < this.#fullUntil) return this.#fullUntil - now;
    const isReserved = this.#reserved >= amount && now < this.#fullUntil + aheadMs;
    this.#reserved = isReserved ? this.#reserved - amount : 0;
    if (isReserved) return 0;
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(patienceMs, () => reject(new Error('late')));
    });
    try {
      const { turns, waitMs } = await Promise.race([
        this.#pace.take(amount, perMinute / secondsOfLimit),
        late,
      ]);
      if (turns >= amount && waitMs <= aheadMs) return 0;
      const forMs = Math.max(1, Math.ceil(waitMs - aheadMs));
      this.#fullUntil = this.#clock.now() + forMs;
      this.#reserved = turns;
      return forMs;
    } catch {
      this.#aloneUntil = this.#clock.now() + aloneMs;
      return 0;
    } finally {
      cancel?.();
    }
  }
}
