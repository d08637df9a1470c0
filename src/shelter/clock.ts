import type { Check } from '../internal/options.ts';

/** Time as the shelter sees it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, for somebody who waits for it: until then the process stays alive. The answer cancels it. */
  after(ms: number, then: () => void): () => void;
  /** The same for what nobody waits for: it keeps no process alive. @default as `after` */
  later?(ms: number, then: () => void): () => void;
}

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
const soon = setImmediate;
let sampled = 0;
const forget = (): void => {
  sampled = 0;
};

/** The time as of this turn of the event loop: what reading the clock costs is more than what a hit costs. */
export function coarseNow(clock: Clock): number {
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
