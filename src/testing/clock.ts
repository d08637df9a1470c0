// A clock for tests: time passes only when a test advances it. Used by the conformance suites and by
// applications in place of fake timers. Every provider with a `clock` option accepts it.

import type { Clock } from '../shelter/clock.ts';

/** A clock that does not move by itself.
 *  @example
 *  const clock = manualClock();
 *  const config = sheltered(store, { clock });
 *  const entry = await clock.until(config.get('service.host')); // backs off without a sleep */
export interface ManualClock extends Clock {
  /** Advances the time and runs the timers that become due, in order. Timers that they start on the
   *  way run as well. */
  advance(ms: number): Promise<void>;
  /** Advances the time until `promise` settles, one step per millisecond of real time. The pause lets
   *  real I/O finish before time passes.
   *  @throws Error after 20,000 steps: the promise probably depends on another clock.
   *  @default stepMs 50 */
  until<T>(promise: PromiseLike<T>, stepMs?: number): Promise<T>;
}

// captured before a test installs fake timers
const { setImmediate, setTimeout } = globalThis;
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));
const pause = (): Promise<void> => new Promise((done) => void setTimeout(done, 1));

/** At least 20 seconds of real time, by which a test runner has timed out. */
const maxSteps = 20_000;

/** Creates a clock that a test advances.
 *  @default startMs 1_700_000_000_000
 *  @example
 *  const clock = manualClock();
 *  const provider = new VaultProvider({ address, auth, clock });
 *  await provider.get('llm.apiKey');
 *  await clock.advance(60_000); // a minute passes, without a sleep
 *  @see ManualClock.until waits for a promise that depends on the clock. */
export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let time = startMs;
  const timers = new Set<{ readonly at: number; readonly then: () => void }>();
  const next = () =>
    [...timers].reduce<{ at: number; then: () => void } | undefined>(
      (a, b) => (a && a.at <= b.at ? a : b),
      undefined,
    );
  const advance = async (ms: number): Promise<void> => {
    const end = time + ms;
    await turn();
    for (let timer = next(); timer && timer.at <= end; timer = next()) {
      timers.delete(timer);
      time = Math.max(time, timer.at);
      timer.then();
      await turn();
    }
    time = end;
  };
  return {
    now: () => time,
    after(ms, then) {
      const timer = { at: time + Math.max(0, ms), then };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance,
    async until(promise, stepMs = 50) {
      let done = false;
      const settled = Promise.resolve(promise).finally(() => {
        done = true;
      });
      settled.catch(() => {});
      for (let step = 0; step < maxSteps; step++) {
        await pause();
        if (done) return settled;
        await advance(stepMs);
      }
      throw new Error(
        `manualClock: the promise did not settle within ${maxSteps} steps of ${stepMs} ms. ` +
          'Check that the code under test uses this clock',
      );
    },
  };
}
