import { type Clock, coarseNow, later, systemClock } from '../clock.ts';

interface Waiting {
  at: number;
  readonly ring: () => void;
}

const { setInterval } = globalThis;
const never = 2 ** 31 - 1;

/** One timer for all that wait for a deadline. It is not put back when a deadline is no longer needed, which is what nearly always
 *  happens: setting and clearing a timer costs as much as the rest of a request. The process stays alive while somebody waits. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #alive: NodeJS.Timeout | undefined;
  #armedAt = Number.POSITIVE_INFINITY;
  #seen = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alive = clock === systemClock ? setInterval(() => {}, never).unref() : undefined;
  }

  /** The answer is to be handed to `delete`. */
  add(at: number, ring: () => void): Waiting {
    const waiting = { at, ring };
    if (this.#waiting.size === 0) this.#alive?.ref();
    if (at < this.#armedAt) this.#arm(at);
    // a clock that leapt, as after a suspension: the timer still counts the time of before
    else if (this.#armedAt <= coarseNow(this.#clock)) this.#arm(this.#armedAt);
    this.#waiting.add(waiting);
    return waiting;
  }

  delete(waiting: Waiting): boolean {
    const was = this.#waiting.delete(waiting);
    if (was && this.#waiting.size === 0) this.#alive?.unref();
    return was;
  }

  #arm(at: number): void {
    this.#cancel?.();
    const now = this.#now();
    this.#armedAt = at;
    this.#cancel = later(this.#clock, Math.min(never, Math.max(0, at - now)), () => this.#ring());
  }

  /** Where the clock was put back since it was last looked at, all deadlines are put back with it. */
  #now(): number {
    const now = this.#clock.now();
    const back = this.#seen - now;
    this.#seen = now;
    if (back > 0) for (const waiting of this.#waiting) waiting.at -= back;
    return now;
  }

  #ring(): void {
    this.#cancel = undefined;
    this.#armedAt = Number.POSITIVE_INFINITY;
    const now = this.#now();
    for (const waiting of [...this.#waiting]) if (waiting.at <= now && this.delete(waiting)) waiting.ring();
    const next = [...this.#waiting].reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
    if (next < this.#armedAt) this.#arm(next);
  }

  /** The end of all waiting. */
  close(): void {
    this.#cancel?.();
    clearInterval(this.#alive);
    this.#alive = undefined;
    for (const waiting of [...this.#waiting]) if (this.delete(waiting)) waiting.ring();
  }
}
