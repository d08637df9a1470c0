// Work in steps, written once and run by two drivers. `inTurns` waits for what takes time, and lets others
// run whenever ten milliseconds have passed. `atOnce` never waits: it is the driver of `loadConfigSync`, and
// of short work. Used by merge/, config/, formats/, local/, decorators/, chain/ and masking.ts.

import { setImmediate as turn } from 'node:timers/promises';
import { ConfigError } from './errors.ts';

/** Something that takes time, in both forms. */
export interface Wait<T> {
  /** What it is, for the error of `loadConfigSync`: the name of a provider. Not needed beside `now`. */
  readonly who?: string | undefined;
  readonly later: () => T | Promise<T>;
  /** The same without waiting. Omitted if it has to be waited for. */
  readonly now?: (() => T) | undefined;
  /** What the caller of `loadConfigSync` can do without it. @default 'Use loadConfig' */
  readonly hint?: string | undefined;
}

/** Work that may be interrupted at each `yield`, and that waits for what it yields. */
export type Steps<T> = Generator<Wait<unknown> | undefined, T, unknown>;

const longestMs = 10;

/** How many keys make a step. To look at the clock takes about as long as one key. */
export const stepLength = 16;

/** Waits for something.
 *  @example
 *  const bytes = yield* wait({ later: () => readFile(path), now: () => readFileSync(path) }); */
export function* wait<T>(what: Wait<T>): Steps<T> {
  return (yield what) as T;
}

/** Work that has nothing to wait for. */
// biome-ignore lint/correctness/useYield: see above
export function* immediate<T>(work: () => T): Steps<T> {
  return work();
}

/** Several works: `inTurns` runs them at the same time, `atOnce` one after the other. */
export function* together<T>(all: readonly Steps<T>[]): Steps<readonly T[]> {
  const [first, ...others] = all;
  if (others.length === 0) return first ? [yield* first] : [];
  return yield* wait({
    later: () => Promise.all(all.map(inTurns)),
    now: () => all.map(atOnce),
  });
}

/** Does the work without waiting.
 *  @throws ConfigError `invalid_option` if something has to be waited for */
export function atOnce<T>(steps: Steps<T>): T {
  for (let step = steps.next(); ; ) {
    if (step.done) return step.value;
    if (!step.value) {
      step = steps.next();
      continue;
    }
    let answer: unknown;
    try {
      answer = answerNow(step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(answer);
  }
}

function answerNow({ who, now, hint = 'Use loadConfig' }: Wait<unknown>): unknown {
  if (now) return now();
  throw new ConfigError('invalid_option', `loadConfigSync cannot wait for ${who}`, { hint });
}

/** Does the work in turns of the event loop. A short one that waits for nothing takes no turn. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  let from = performance.now();
  for (let step = steps.next(); ; ) {
    if (step.done) return step.value;
    let answer: unknown;
    try {
      if (step.value) answer = await step.value.later();
      else if (performance.now() - from >= longestMs) await turn();
      else {
        step = steps.next();
        continue;
      }
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    from = performance.now();
    step = steps.next(answer);
  }
}
