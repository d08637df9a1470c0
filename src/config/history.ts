// The history of a configuration: what `config.history()` returns. Loaded on first use. Computed from the
// generations that are kept, so that a history costs nothing until something asks for it.

import { keyFrom } from '../key.ts';
import { inTurns } from '../turns.ts';
import type { Key } from '../value.ts';
import { changedSteps } from './generation.ts';
import type { Generations } from './generations.ts';

/** A generation that is in force, or that `rollback` can reach. Has no values. */
export interface HistoryEntry {
  readonly number: number;
  /** When it was put in force, in milliseconds since 1970. */
  readonly time: number;
  /** Why: `load`, `reload`, `change`, `poll`, `override`, the reason of a candidate, or what it went back
   *  from. */
  readonly reason: string;
  /** The keys that it changed. Absent for the first generation, and for the oldest one if that is no longer
   *  known. */
  readonly keys?: readonly Key[];
  /** Where the value of each of these keys comes from. A key that it removed is missing. */
  readonly winners: Readonly<Record<Key, string>>;
}

/** The generations that are kept, the newest first: `rollback(n)` goes back to the one at n. */
export function historyOf<T>({ kept }: Generations<T>): Promise<readonly HistoryEntry[]> {
  return Promise.all(
    kept.map(async ({ generation, time, reason, keys: known }, number): Promise<HistoryEntry> => {
      const { load } = generation;
      const before = kept[number + 1]?.generation.load;
      const keys = known ?? (before && (await inTurns(changedSteps(before, load))));
      const origins = new Map(
        load.placement.leaves.map(({ path, item }) => [keyFrom(path), String(item.origin)]),
      );
      const winners = (keys ?? []).flatMap((key) => {
        const origin = origins.get(key);
        return origin === undefined ? [] : [[key, origin] as const];
      });
      return Object.freeze({
        number: generation.info.number,
        time,
        reason,
        ...(keys && { keys: Object.freeze([...keys]) }),
        winners: Object.freeze(Object.fromEntries(winners)),
      });
    }),
  );
}
