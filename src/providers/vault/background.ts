// Requests that no caller waits for: renewals, revocations. Used by session.ts and leases.ts. Their timers do
// not keep the process alive.

import { endsWithin } from '../../closing.ts';
import { type Clock, later } from '../../shelter/clock.ts';

export const backgroundTimeoutMs = 10_000;

/** Runs work with a timeout of its own. */
export async function background<T>(clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const cancel = later(clock, backgroundTimeoutMs, () => controller.abort());
  try {
    return await work(controller.signal);
  } finally {
    cancel();
  }
}

/** Whether work succeeds within a time. Work that ignores its signal is no longer waited for. */
export async function succeedsWithin(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<boolean>,
): Promise<boolean> {
  const controller = new AbortController();
  const done = work(controller.signal).catch(() => false);
  const ended = await endsWithin(done, ms, (delayMs, then) => later(clock, delayMs, then));
  if (!ended) controller.abort();
  return ended && (await done);
}

/** The end of a token or a lease, for a message. */
export const endsAtText = (endsAt: number): string =>
  Number.isFinite(endsAt) ? `which ends at ${new Date(endsAt).toISOString()}` : 'which does not expire';
