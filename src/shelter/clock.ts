// The source of time of the whole shelter, and of every provider that has the option `clock`. Durations are
// measured with a SteadyClock, which does not go back when the system's clock is put back.

import type { Check } from '../internal/options.ts';

/** The shelter's source of time. Tests pass `manualClock()`. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once and keeps the process alive until then. The returned function cancels it. */
  after(ms: number, then: () => void): () => void;
  /** The same without keeping the process alive, for background work. @default as `after` */
  later?(ms: number, then: () => void): () => void;
  /** Milliseconds since any moment, by a clock that is never put back. Shows how much time has passed when
   *  `now` was put back. @default none: then no time has passed since the last look */
  elapsed?(): number;
}

/** The clock of the operating system. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
  later: (ms, then) => {
    const timer = setTimeout(then, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A clock whose time never goes back: while the clock inside is put back, its time goes on. */
export interface SteadyClock extends Clock {
  /** By how much it is ahead of the clock inside. Subtract it from a time that people or other processes see,
   *  and add it to one that they made. */
  readonly aheadMs: number;
}

/** How far a clock may fall behind before it counts as put back: clocks are adjusted all the time. */
const toleranceMs = 20;

class Steady implements SteadyClock {
  aheadMs = 0;
  readonly #clock: Clock;
  #last = Number.NEGATIVE_INFINITY;
  /** A moment from which on the time must have passed. */
  #since = { time: Number.NEGATIVE_INFINITY, elapsed: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    const elapsed = this.#clock.elapsed?.() ?? 0;
    const time = this.#clock.now() + this.aheadMs;
    const behind = this.#since.time + elapsed - this.#since.elapsed - time;
    if (behind > 0 && behind <= toleranceMs) {
      if (time > this.#last) this.#last = time;
      return this.#last;
    }
    const back = behind > 0 ? Math.round(behind) : 0;
    this.aheadMs += back;
    this.#last = time + back;
    this.#since.time = this.#last;
    this.#since.elapsed = elapsed;
    return this.#last;
  }

  after(ms: number, then: () => void): () => void {
    return this.#clock.after(ms, then);
  }

  later(ms: number, then: () => void): () => void {
    return later(this.#clock, ms, then);
  }
}

const steadyClocks = new WeakMap<Clock, SteadyClock>();

/** The same for the same clock, so that all who use one agree. */
export function steadied(clock: Clock): SteadyClock {
  if (clock instanceof Steady) return clock;
  const known = steadyClocks.get(clock) ?? new Steady(clock);
  steadyClocks.set(clock, known);
  return known;
}

export const steadySystemClock: SteadyClock = steadied(systemClock);

/** The time now as the clock inside shows it: for people, and for other processes. */
export const shownNow = (clock: SteadyClock): number => clock.now() - clock.aheadMs;

/** Calls back once without keeping the process alive. */
export function later(clock: Clock, ms: number, then: () => void): () => void {
  return clock.later ? clock.later(ms, then) : clock.after(ms, then);
}

const RealDate = Date;
const nextTurn = setImmediate;
let sampled = 0;
const forget = (): void => {
  sampled = 0;
};

/** The time, sampled once per turn of the event loop: reading the clock costs more than a cache hit. */
export function coarseNow(clock: Clock): number {
  if (clock !== steadySystemClock || Date !== RealDate) return clock.now();
  if (sampled === 0) {
    sampled = clock.now();
    nextTurn(forget).unref();
  }
  return sampled;
}

export const aClock: Check = (value) =>
  typeof (value as Clock | null)?.now === 'function' && typeof (value as Clock).after === 'function'
    ? undefined
    : 'an object with now() and after(ms, then)';
