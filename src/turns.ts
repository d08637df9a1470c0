// Long work in turns of the event loop. A load of many thousand keys takes steps, and lets others run
// whenever ten milliseconds have passed. A short one never waits. Used by merge/, config/ and masking.ts.

import { setImmediate as turn } from 'node:timers/promises';

/** Work that may be interrupted at each `yield`. */
export type Steps<T> = Generator<undefined, T, undefined>;

const longestMs = 10;

/** How many keys make a step. To look at the clock takes about as long as one key. */
export const stepLength = 16;

/** Does the work without an interruption. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The turns of one load. */
export class Turns {
  #from = performance.now();

  get #isLong(): boolean {
    return performance.now() - this.#from >= longestMs;
  }

  /** Lets others run, if the last time was long ago. */
  async rest(): Promise<void> {
    if (!this.#isLong) return;
    await turn();
    this.#from = performance.now();
  }

  async run<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      if (this.#isLong) await this.rest(); // without it, each step would cost a promise
      const step = steps.next();
      if (step.done) return step.value;
    }
  }
}
