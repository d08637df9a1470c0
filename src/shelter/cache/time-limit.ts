// How long an operation of a second level may take. Used by guarded-level.ts. Counts the time in which this
// process could have seen an answer: while a machine is busy with the start of many processes, or the process
// with a long turn of its event loop, an answer may be there and is not seen.

import type { Clock } from '../clock.ts';

/** How long one operation of the level may take. */
const limitMs = 25;
const stepMs = 1;
/** What counts of a step that was late, because the process had to wait for its turn. */
const lateStepMs = 2;

/** Calls back once the limit has passed. The result cancels it. */
export function afterLimit(clock: Clock, onLate: () => void): () => void {
  let leftMs = limitMs;
  let ended = false;
  let cancel: () => void;
  const step = (from: number): void => {
    cancel = clock.after(stepMs, () => {
      // an answer that has arrived meanwhile is seen first
      setImmediate(() => {
        if (ended) return;
        const now = clock.now();
        leftMs -= Math.min(now - from, lateStepMs);
        if (leftMs <= 0) onLate();
        else step(now);
      });
    });
  };
  step(clock.now());
  return () => {
    ended = true;
    cancel();
  };
}
