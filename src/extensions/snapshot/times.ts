// The two times of a snapshot. In memory, times are those of a clock that never goes back; the file, entries
// and people have those of the system. Made by remembered.ts, for the files that compare or show times.

import { type SteadyClock, shownNow } from '../../shelter/clock.ts';

/** How far a time may be ahead before it counts as wrong: clocks of machines differ a little. */
export const toleranceMs = 5_000;

export class Times {
  readonly #clock: SteadyClock;

  constructor(clock: SteadyClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** The time now as the system shows it. */
  shown(): number {
    return shownNow(this.#clock);
  }

  /** A time of the system as one of the steady clock. */
  steady(time: number): number {
    return time + this.#clock.aheadMs;
  }

  /** A time of the steady clock as one of the system. */
  system(time: number): number {
    return time - this.#clock.aheadMs;
  }
}
