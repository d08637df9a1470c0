// Deadlines of requests, pauses and queued callers: a timer each, so a clock that is put forward or back
// moves none of them. Used by attempts.ts. The process stays alive as long as a deadline is pending.

import { maxTimerMs } from '../../internal/options.ts';
import type { Clock } from '../clock.ts';

export interface Deadline {
  readonly expire: () => void;
  readonly cancel: () => void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #pending = new Set<Deadline>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` at that time, unless the returned deadline is deleted before. */
  add(at: number, expire: () => void): Deadline {
    const ms = Math.min(maxTimerMs, Math.max(0, at - this.#clock.now()));
    const cancel = this.#clock.after(ms, () => {
      if (this.#pending.delete(deadline)) expire();
    });
    const deadline = { expire, cancel };
    this.#pending.add(deadline);
    return deadline;
  }

  /** False: it has expired or was deleted before. */
  delete(deadline: Deadline): boolean {
    if (!this.#pending.delete(deadline)) return false;
    deadline.cancel();
    return true;
  }

  /** Expires all that is pending. */
  close(): void {
    for (const deadline of [...this.#pending]) if (this.delete(deadline)) deadline.expire();
  }
}
