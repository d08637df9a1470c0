// Deadlines of requests, pauses and queued callers, all on one timer. Used by attempts.ts. The timer is not
// cancelled when a deadline is no longer needed, which is nearly always: setting and clearing a timer per
// request costs as much as the rest of the request. The process stays alive as long as a deadline is pending.

import { type Clock, coarseNow, later, steadySystemClock } from '../clock.ts';

export interface Deadline {
  readonly at: number;
  readonly expire: () => void;
}

const { setInterval } = globalThis;
const maxTimerMs = 2 ** 31 - 1;

export class Deadlines {
  readonly #clock: Clock;
  readonly #pending = new Set<Deadline>();
  #alive: NodeJS.Timeout | undefined;
  #armedAt = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alive = clock === steadySystemClock ? setInterval(() => {}, maxTimerMs).unref() : undefined;
  }

  /** Calls `expire` at that time, unless the returned deadline is deleted before. */
  add(at: number, expire: () => void): Deadline {
    const deadline = { at, expire };
    if (this.#pending.size === 0) this.#alive?.ref();
    if (at < this.#armedAt) this.#arm(at);
    // the clock leapt forward, as after a suspension, while the timer counts the time that the process ran
    else if (this.#armedAt <= coarseNow(this.#clock)) this.#arm(this.#armedAt);
    this.#pending.add(deadline);
    return deadline;
  }

  /** False: it has expired or was deleted before. */
  delete(deadline: Deadline): boolean {
    const was = this.#pending.delete(deadline);
    if (was && this.#pending.size === 0) this.#alive?.unref();
    return was;
  }

  #arm(at: number): void {
    this.#cancel?.();
    const now = this.#clock.now();
    this.#armedAt = at;
    this.#cancel = later(this.#clock, Math.min(maxTimerMs, Math.max(0, at - now)), () => this.#expire());
  }

  #expire(): void {
    this.#cancel = undefined;
    this.#armedAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (const deadline of [...this.#pending])
      if (deadline.at <= now && this.delete(deadline)) deadline.expire();
    const next = [...this.#pending].reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
    if (next < this.#armedAt) this.#arm(next);
  }

  /** Expires all that is pending. */
  close(): void {
    this.#cancel?.();
    clearInterval(this.#alive);
    this.#alive = undefined;
    for (const deadline of [...this.#pending]) if (this.delete(deadline)) deadline.expire();
  }
}
