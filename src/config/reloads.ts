// Runs the loads of a configuration one at a time. Used by `Config` for the first load, for reloads, and
// after changes and polls.

import { thread } from '../operation.ts';
import type { ListOptions } from '../provider.ts';
import { isTraced, type TraceContexts, traced } from '../tracing.ts';
import { atOnce, inTurns, type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Patch } from './overrides.ts';

/** What a load may do. */
export interface LoadMode {
  /** Why it runs. Of several that share a load, the strongest: a call, then a change, then a poll. */
  readonly cause: 'load' | 'reload' | 'change' | 'poll';
  /** The maximum age of cached answers. Infinity: as old as the caches allow. */
  readonly maxAgeMs: number;
  /** May acquire credentials, which creates a lease in the store. */
  readonly acquire: boolean;
  /** A caller waits for it, and hears why it fails. */
  readonly isCalled: boolean;
  /** Ends a rollback, and tries again what has failed its trial. */
  readonly unpins: boolean;
  /** The keys and sections that may vanish from a store. */
  readonly accept?: readonly Key[];
  /** Reads no source, and validates what an earlier load has read. */
  readonly readsNothing?: boolean;
  /** What the history shows in place of the cause. */
  readonly reason?: string;
  /** Values that are put above the sources, if the load succeeds. Such a load shares with no other. */
  readonly patch?: Patch;
}

const anyAge = Number.POSITIVE_INFINITY;

export const loadModes = {
  first: { cause: 'load', maxAgeMs: anyAge, acquire: true, isCalled: true, unpins: true },
  explicit: { cause: 'reload', maxAgeMs: 0, acquire: true, isCalled: true, unpins: true },
  // the source that reported the change has expired what changed; query.ts reads local sources again
  change: { cause: 'change', maxAgeMs: anyAge, acquire: true, isCalled: false, unpins: false },
  candidate: { cause: 'reload', maxAgeMs: anyAge, acquire: true, isCalled: true, unpins: false },
  override: {
    cause: 'reload',
    maxAgeMs: anyAge,
    acquire: false,
    isCalled: true,
    unpins: false,
    readsNothing: true,
    reason: 'override',
  },
} satisfies Record<string, LoadMode>;

/** A poll accepts answers of half an interval, so that configurations with the same source share requests. */
export const pollMode = (pollMs: number): LoadMode => ({
  cause: 'poll',
  maxAgeMs: pollMs / 2,
  acquire: false,
  isCalled: false,
  unpins: false,
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

/** A load that has not begun. */
interface Waiting {
  mode: LoadMode;
  readonly done: Promise<void>;
}

/** Runs one load at a time. Requests during a load share the next one, which does all that any of them asked
 *  for: each caller sees what was in the sources after its call. */
export class Reloads {
  readonly #load: (mode: LoadMode) => Promise<void>;
  /** The last one that was asked for, until it has ended. */
  #last: Promise<void> | undefined;
  /** The last one, while it can be shared. */
  #waiting: Waiting | undefined;

  constructor(load: (mode: LoadMode) => Promise<void>) {
    this.#load = load;
  }

  run(mode: LoadMode): Promise<void> {
    if (this.#waiting && !mode.patch) {
      this.#waiting.mode = both(this.#waiting.mode, mode);
      return this.#waiting.done;
    }
    const own = { mode } as Waiting;
    const begin = (): Promise<void> => {
      if (this.#waiting === own) this.#waiting = undefined;
      return this.#load(own.mode);
    };
    const done = (this.#last ? this.#last.catch(() => undefined).then(begin) : begin()).finally(() => {
      if (this.#last === done) this.#last = undefined;
    });
    this.#waiting = this.#last && !mode.patch ? Object.assign(own, { done }) : undefined;
    this.#last = done;
    return done;
  }
}

/** What two requests for a load ask for together. */
function both(a: LoadMode, b: LoadMode): LoadMode {
  const accept = [...(a.accept ?? []), ...(b.accept ?? [])];
  const reason = a.reason === b.reason ? a.reason : undefined;
  return {
    cause: strength.indexOf(b.cause) < strength.indexOf(a.cause) ? b.cause : a.cause,
    maxAgeMs: Math.min(a.maxAgeMs, b.maxAgeMs),
    acquire: a.acquire || b.acquire,
    isCalled: a.isCalled || b.isCalled,
    unpins: a.unpins || b.unpins,
    ...(accept.length > 0 && { accept }),
    ...(reason !== undefined && { reason }),
    ...(a.readsNothing && b.readsNothing && { readsNothing: true }),
  };
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
