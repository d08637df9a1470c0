// The source of time of the whole shelter, and of every provider that has the option `clock`.

import type { Check } from '../internal/options.ts';

/** The shelter's source of time. Tests pass `manualClock()`. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once and keeps the process alive until then. The returned function cancels it. */
  after(ms: number, then: () => void): () => void;
  /** The same without keeping the process alive, for background work. @default as `after` */
  later?(ms: number, then: () => void): () => void;
}

/** The clock of the operating system. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
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
  if (clock !== systemClock || Date !== RealDate) return clock.now();
  if (sampled === 0) {
    sampled = Date.now();
    nextTurn(forget).unref();
  }
  return sampled;
}

export const aClock: Check = (value) =>
  typeof (value as Clock | null)?.now === 'function' && typeof (value as Clock).after === 'function'
    ? undefined
    : 'an object with now() and after(ms, then)';
