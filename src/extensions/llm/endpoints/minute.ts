// What was used in the last sixty seconds, of requests or of tokens. Used by limits.ts. It counts exactly: no
// window of a minute has more than the limit, wherever it begins. The pace of the shelter has no amounts.

import type { Clock } from '../../../shelter/clock.ts';

const minuteMs = 60_000;

/** Something that was used. `amount` may be corrected while it counts. */
interface Use {
  readonly at: number;
  amount: number;
}

/** A limit per minute. */
export class Minute {
  readonly #clock: Clock;
  #uses: Use[] = [];
  #first = 0;
  #sum = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long until `amount` more is allowed; 0: now. An amount above the limit waits for an empty minute. */
  waitMs(limit: number, amount: number): number {
    const now = this.#clock.now();
    this.#forget(now);
    let over = this.#sum + Math.min(amount, limit) - limit;
    if (over <= 0) return 0;
    for (let n = this.#first; n < this.#uses.length; n++) {
      const use = this.#uses[n] as Use;
      over -= use.amount;
      if (over <= 0) return Math.max(1, use.at + minuteMs - now);
    }
    return minuteMs;
  }

  /** Uses an amount. The result corrects it, once the amount is known. */
  take(amount: number): (actual: number) => void {
    const use: Use = { at: this.#clock.now(), amount };
    this.#uses.push(use);
    this.#sum += amount;
    return (actual) => {
      if (use.amount < 0) return;
      this.#sum += actual - use.amount;
      use.amount = actual;
    };
  }

  #forget(now: number): void {
    for (; this.#first < this.#uses.length; this.#first++) {
      const use = this.#uses[this.#first] as Use;
      if (use.at + minuteMs > now) break;
      this.#sum -= use.amount;
      use.amount = -1; // a late correction changes nothing
    }
    if (this.#first > 1_000 && this.#first * 2 > this.#uses.length) {
      this.#uses = this.#uses.slice(this.#first);
      this.#first = 0;
    }
  }
}
