import { rest, segments, startsWith } from '../key.ts';
import type { Key } from '../value.ts';
import type { Hole, Leaf, Merged } from './merged.ts';

/** A leaf or a hole at its place below the configuration's own root. */
export interface Placed<T> {
  readonly path: readonly string[];
  readonly item: T;
}

/** What stands below `at` in a merge. */
export interface Placement {
  readonly leaves: readonly Placed<Leaf>[];
  readonly holes: readonly Placed<Hole>[];
  readonly sections: readonly (readonly string[])[];
}

export function placementOf(merged: Merged, at: Key): Placement {
  const below = (key: Key): readonly string[] => segments(rest(key, at));
  const within = <T extends { readonly key: Key }>(items: Iterable<T>): Placed<T>[] =>
    Array.from(items).flatMap((item) => (startsWith(item.key, at) ? [{ path: below(item.key), item }] : []));
  const above = [...merged.holes.values()].find((hole) => hole.key !== at && startsWith(at, hole.key));
  const holes = within(merged.holes.values());
  return {
    leaves: within(merged.leaves.values()),
    holes: above ? [{ path: [], item: above }, ...holes] : holes,
    sections: [...merged.empty].filter((key) => startsWith(key, at)).map(below),
  };
}
