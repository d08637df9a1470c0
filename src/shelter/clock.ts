import type { Check } from '../internal/options.ts';

/** Time as the shelter sees it. Timers must not keep the process alive. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once; the answer cancels it. */
  after(ms: number, then: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const RealDate = Date;
const soon = setImmediate;
let sampled = 0;
const forget = (): void => {
  sampled = 0;
};

/** The time as of this turn of the event loop: what reading the clock costs is more than what a hit costs. */
export function roughly(clock: Clock): number {
  if (clock !== systemClock || Date !== RealDate) return clock.now();
  if (sampled === 0) {
    sampled = Date.now();
    soon(forget).unref();
  }
  return sampled;
}

export const aClock: Check = (value) =>
  typeof (value as Clock | null)?.now === 'function' && typeof (value as Clock).after === 'function'
    ? undefined
    : 'an object with now() and after(ms, then)';
