import type { Clock } from '../shelter/clock.ts';

/** Time that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves time on and calls back whom it passes, in order, what they start in between included. */
  advance(ms: number): Promise<void>;
  /** Moves time on until `answer` is there, by a step each millisecond, so that what happens in real time is not overtaken.
   *  After 20,000 steps it gives up. @default stepMs 50 */
  until<T>(answer: PromiseLike<T>, stepMs?: number): Promise<T>;
}

// taken before anyone installs fake timers
const { setImmediate, setTimeout } = globalThis;
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));
const pause = (): Promise<void> => new Promise((done) => void setTimeout(done, 1));

/** Half a minute of real time: who asked has given up long since. */
const maxSteps = 20_000;

/** A clock for tests: `new VaultProvider({ clock, … })`, then `await clock.until(provider.get('a.key'))`. @default startMs 1_700_000_000_000 */
export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let time = startMs;
  const waiting = new Set<{ readonly at: number; readonly then: () => void }>();
  const next = () =>
    [...waiting].reduce<{ at: number; then: () => void } | undefined>(
      (a, b) => (a && a.at <= b.at ? a : b),
      undefined,
    );
  const advance = async (ms: number): Promise<void> => {
    const end = time + ms;
    await turn();
    for (let timer = next(); timer && timer.at <= end; timer = next()) {
      waiting.delete(timer);
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
      waiting.add(timer);
      return () => void waiting.delete(timer);
    },
    advance,
    async until(answer, stepMs = 50) {
      let done = false;
      const settled = Promise.resolve(answer).finally(() => {
        done = true;
      });
      settled.catch(() => {});
      for (let step = 0; step < maxSteps; step++) {
        await pause();
        if (done) return settled;
        await advance(stepMs);
      }
      throw new Error(
        `manualClock: there was no answer within ${maxSteps} steps of ${stepMs} ms; does it wait for another clock?`,
      );
    },
  };
}
