// Runs the loads of a configuration one at a time. Used by `Config` for the first load, for reloads, and
// after changes and polls.

/** What a load may do. */
export interface LoadMode {
  /** Why it runs. Of several that share a load, the strongest: a call, then a change, then a poll. */
  readonly cause: 'load' | 'reload' | 'change' | 'poll';
  /** Bypasses all caches. */
  readonly fresh: boolean;
  /** May acquire credentials, which creates a lease in the store. */
  readonly acquire: boolean;
  /** Requested by the user: ends a rollback. */
  readonly explicit: boolean;
}

export const loadModes = {
  first: { cause: 'load', fresh: false, acquire: true, explicit: true },
  explicit: { cause: 'reload', fresh: true, acquire: true, explicit: true },
  change: { cause: 'change', fresh: true, acquire: true, explicit: false },
  poll: { cause: 'poll', fresh: true, acquire: false, explicit: false },
} satisfies Record<string, LoadMode>;

const strength: readonly LoadMode['cause'][] = ['load', 'reload', 'change', 'poll'];

/** Runs one load at a time. Requests during a load share the next one, which does all that any of them asked
 *  for: each caller sees what was in the sources after its call. */
export class Reloads {
  readonly #load: (mode: LoadMode) => Promise<void>;
  #running: Promise<void> | undefined;
  #waiting: { mode: LoadMode; readonly done: Promise<void> } | undefined;

  constructor(load: (mode: LoadMode) => Promise<void>) {
    this.#load = load;
  }

  run(mode: LoadMode): Promise<void> {
    if (!this.#running) return this.#start(mode);
    if (this.#waiting) {
      const { cause, fresh, acquire, explicit } = this.#waiting.mode;
      this.#waiting.mode = {
        cause: strength.indexOf(mode.cause) < strength.indexOf(cause) ? mode.cause : cause,
        fresh: fresh || mode.fresh,
        acquire: acquire || mode.acquire,
        explicit: explicit || mode.explicit,
      };
      return this.#waiting.done;
    }
    const done = this.#running
      .catch(() => undefined)
      .then(() => {
        const next = this.#waiting?.mode ?? mode;
        this.#waiting = undefined;
        return this.#start(next);
      });
    this.#waiting = { mode, done };
    return done;
  }

  #start(mode: LoadMode): Promise<void> {
    const running = this.#load(mode).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
