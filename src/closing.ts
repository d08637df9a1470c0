// How long closing may take. Used by chains, which load it when they are closed, and by the shelter. A store
// that hangs must not keep a process that ends: its platform would kill it.

import { ConfigError } from './errors.ts';

/** How long `close` waits by default. */
export const closeWithinMs = 2_000;

/** Calls back once, without keeping the process alive. The result cancels it. */
type Timer = (ms: number, then: () => void) => () => void;

const systemTimer: Timer = (ms, then) => {
  const timer = setTimeout(then, ms).unref();
  return () => clearTimeout(timer);
};

/** What is left of the time for closing, whenever it is asked.
 *  @throws ConfigError `invalid_option` for a time that is not one */
export function timeLeft(owner: string, withinMs: number = closeWithinMs): () => number {
  checkWithinMs(owner, withinMs);
  const until = performance.now() + withinMs;
  return () => Math.max(0, Math.ceil(until - performance.now()));
}

/** Whether `closing` has ended within `ms`. Throws its error if it fails in that time. */
export async function endsWithin(
  closing: Promise<unknown>,
  ms: number = closeWithinMs,
  timer: Timer = systemTimer,
): Promise<boolean> {
  let cancel = (): void => undefined;
  const late = new Promise<false>((resolve) => {
    cancel = timer(ms, () => resolve(false));
  });
  closing.catch(() => undefined); // a failure after this time is not unhandled
  try {
    return await Promise.race([closing.then(() => true as const), late]);
  } finally {
    cancel();
  }
}

/** Throws `invalid_option` for a time that is not one. */
export function checkWithinMs(owner: string, withinMs: unknown): void {
  if (withinMs !== undefined && !(typeof withinMs === 'number' && withinMs >= 0))
    throw new ConfigError('invalid_option', `${owner}: withinMs must be a number, at least 0`);
}
