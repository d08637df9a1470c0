// The pace of one shelter: a queue in order of arrival, with a limit of concurrent requests and a token
// bucket for starts per second. Used by attempts.ts. `tryEnter` is the hot path; only a full pace creates a
// promise.

import type { Clock } from '../clock.ts';
import type { Limits } from '../port.ts';
import { SharedTurns } from './shared-turns.ts';

interface Waiter {
  readonly start: () => void;
}

/** At most `concurrency` requests at a time and `perSecond` starts per second, in order of arrival. */
export class Pace {
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #queue = new Set<Waiter>();
  readonly #shared: SharedTurns | undefined;
  #running = 0;
  #tokens: number;
  #filledAt = 0;
  #cancel: (() => void) | undefined;

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.concurrency;
    const { shared, perSecond } = limits;
    this.#shared = shared && perSecond ? new SharedTurns(shared, perSecond, clock) : undefined;
  }

  /** Takes a turn when one is free and the queue is empty. */
  tryEnter(): boolean {
    if (this.#queue.size > 0 || !this.#free()) return false;
    this.#take();
    return true;
  }

  /** Waits for a turn and takes it. False: `giveUp` has called `leave`, and the waiter has left the queue. */
  enter(giveUp: (leave: () => void) => () => void): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        start: () => {
          stop();
          this.#take();
          resolve(true);
        },
      };
      const stop = giveUp(() => {
        if (this.#queue.delete(waiter)) resolve(false);
      });
      this.#queue.add(waiter);
      this.#next();
    });
  }

  leave(): void {
    this.#running--;
    if (this.#queue.size > 0) this.#next();
  }

  #take(): void {
    this.#running++;
    if (this.#shared) this.#shared.take();
    else if (this.#limits.perSecond !== undefined) this.#tokens--;
  }

  #free(): boolean {
    if (this.#running >= this.#limits.concurrency) return false;
    const { perSecond, concurrency } = this.#limits;
    if (perSecond === undefined) return true;
    if (this.#shared) return this.#shared.isFree();
    const now = this.#clock.now();
    this.#tokens = Math.min(concurrency, this.#tokens + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    return this.#tokens >= 1 - 1e-9;
  }

  #next(): void {
    for (const waiter of this.#queue) {
      if (!this.#free()) break;
      this.#queue.delete(waiter);
      waiter.start();
    }
    if (
      this.#queue.size === 0 ||
      this.#cancel ||
      this.#limits.perSecond === undefined ||
      this.#running >= this.#limits.concurrency
    )
      return;
    if (this.#shared) {
      const waiting = Math.min(this.#queue.size, this.#limits.concurrency - this.#running);
      this.#shared.request(waiting, () => this.#next());
      return;
    }
    const ms = Math.ceil(((1 - this.#tokens) * 1000) / this.#limits.perSecond);
    this.#cancel = this.#clock.after(Math.max(1, ms), () => {
      this.#cancel = undefined;
      this.#next();
    });
  }
}
