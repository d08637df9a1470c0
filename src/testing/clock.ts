import type { Clock } from '../shelter/clock.ts';

/** Time that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves time on and calls back whom it passes, in order, what they start in between included. */
  advance(ms: number): Promise<void>;
}

const { setImmediate } = globalThis;
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));

/** A clock for tests: `new VaultProvider({ clock, … })`, then `await clock.advance(60_000)`. @default startMs 1_700_000_000_000 */
export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let time = startMs;
  const waiting = new Set<{ readonly at: number; readonly then: () => void }>();
  const next = () => [...waiting].reduce<{ at: number; then: () => void } | undefined>((a, b) => (a && a.at <= b.at ? a : b), undefined);
  return {
    now: () => time,
    after(ms, then) {
      const timer = { at: time + Math.max(0, ms), then };
      waiting.add(timer);
      return () => void waiting.delete(timer);
    },
    async advance(ms) {
      const end = time + ms;
      await turn();
      for (let timer = next(); timer && timer.at <= end; timer = next()) {
        waiting.delete(timer);
        time = Math.max(time, timer.at);
        timer.then();
        await turn();
      }
      time = end;
    },
  };
}
