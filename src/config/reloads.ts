// Runs the loads of a configuration one at a time. Used by `Config` for the first load, for reloads, and
// after changes and polls.

import { thread } from '../operation.ts';
import type { ListOptions } from '../provider.ts';
import { isTraced, type TraceContexts, traced } from '../tracing.ts';
import { atOnce, inTurns, type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';

/** What a load may do. */
export interface LoadMode {
  /** Why it runs. Of several that share a load, the strongest: a call, then a change, then a poll. */
  readonly cause: 'load' | 'reload' | 'change' | 'poll';
  /** The maximum age of cached answers. Infinity: as old as the caches allow. */
  readonly maxAgeMs: number;
  /** May acquire credentials, which creates a lease in the store. */
  readonly acquire: boolean;
  /** Requested by the user: ends a rollback. */
  readonly explicit: boolean;
  /** The keys and sections that may vanish from a store. */
  readonly accept?: readonly Key[];
  /** Reads no source, and validates what an earlier load has read. */
  readonly readsNothing?: boolean;
}

export const loadModes = {
  first: { cause: 'load', maxAgeMs: Number.POSITIVE_INFINITY, acquire: true, explicit: true },
  explicit: { cause: 'reload', maxAgeMs: 0, acquire: true, explicit: true },
  // the source that reported the change has expired what changed; query.ts reads local sources again
  change: { cause: 'change', maxAgeMs: Number.POSITIVE_INFINITY, acquire: true, explicit: false },
  override: {
    cause: 'reload',
    maxAgeMs: Number.POSITIVE_INFINITY,
    acquire: false,
    explicit: true,
    readsNothing: true,
  },
} satisfies Record<string, LoadMode>;

/** A poll accepts answers of half an interval, so that configurations with the same source share requests. */
export const pollMode = (pollMs: number): LoadMode => ({
  cause: 'poll',
  maxAgeMs: pollMs / 2,
  acquire: false,
  explicit: false,
});

/** The options of a load's reads. */
export const readOptions = (
  { acquire, maxAgeMs, cause }: LoadMode,
  operation: string,
  signal: AbortSignal,
  context: unknown,
): ListOptions => ({
  signal,
  context,
  acquire,
  ...(Number.isFinite(maxAgeMs) && { maxAgeMs }),
  [thread]: { operation, cause },
});

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
      const { cause, maxAgeMs, acquire, explicit, accept = [], readsNothing } = this.#waiting.mode;
      const accepted = [...accept, ...(mode.accept ?? [])];
      this.#waiting.mode = {
        cause: strength.indexOf(mode.cause) < strength.indexOf(cause) ? mode.cause : cause,
        maxAgeMs: Math.min(maxAgeMs, mode.maxAgeMs),
        acquire: acquire || mode.acquire,
        explicit: explicit || mode.explicit,
        ...(accepted.length > 0 && { accept: accepted }),
        ...(readsNothing && mode.readsNothing && { readsNothing }),
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

/** Runs a load inside the tracing channel `load`. `generation` returns the number of the current one. */
export function* tracedLoad(
  provider: string,
  { cause }: LoadMode,
  operation: string,
  generation: () => number,
  work: Steps<void>,
): Steps<void> {
  if (!isTraced('load')) return yield* work;
  const context = { provider, type: cause === 'load' ? 'load' : 'reload', cause, operation } as const;
  const succeeded = (_: unknown, ended: TraceContexts['load']): string => {
    ended.generation = generation();
    return 'ok';
  };
  return yield* wait({
    later: () => traced('load', context, () => inTurns(work), { succeeded }),
    // the channel hears of the end a turn later
    now: () => {
      let thrown: { readonly error: unknown } | undefined;
      const done = async (): Promise<void> => {
        try {
          atOnce(work);
        } catch (error) {
          thrown = { error };
          throw error;
        }
      };
      traced('load', context, done, { succeeded }).catch(() => undefined);
      if (thrown) throw (thrown as { readonly error: unknown }).error;
    },
  });
}
