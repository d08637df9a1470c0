// A merge as seen from `at`, the section that a configuration loads. Used by config/ and report/.

import { rest, segments, startsWith } from '../key.ts';
import { atOnce, type Steps, stepLength } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Hole } from './hole.ts';
import type { Leaf } from './leaf.ts';
import type { Merged } from './merged.ts';

/** A leaf or a hole, with its path below the configuration's root. */
export interface Placed<T> {
  readonly path: readonly string[];
  readonly item: T;
}

/** The part of a merge that a configuration reads: everything below `at`. */
export interface Placement {
  readonly leaves: readonly Placed<Leaf>[];
  readonly holes: readonly Placed<Hole>[];
  /** Sections that a source has and that hold nothing. */
  readonly sections: readonly (readonly string[])[];
}

export const placementOf = (merged: Merged, at: Key): Placement => atOnce(placementSteps(merged, at));

/** The placement, in steps. */
export function* placementSteps(merged: Merged, at: Key): Steps<Placement> {
  yield* merged.steps();
  const below = (key: Key): readonly string[] => segments(rest(key, at));
  const within = <T extends { readonly key: Key }>(items: Iterable<T>): Placed<T>[] =>
    Array.from(items).flatMap((item) => (startsWith(item.key, at) ? [{ path: below(item.key), item }] : []));
  // a hole above `at` hides everything below it
  const above = [...merged.holes.values()].find((hole) => hole.key !== at && startsWith(at, hole.key));
  const holes = within(merged.holes.values());
  const leaves: Placed<Leaf>[] = [];
  for (const leaf of merged.leaves.values()) {
    if (!startsWith(leaf.key, at)) continue;
    if (leaves.push({ path: below(leaf.key), item: leaf }) % stepLength === 0) yield;
  }
  return {
    leaves,
    holes: above ? [{ path: [], item: above }, ...holes] : holes,
    sections: [...merged.empty].filter((key) => startsWith(key, at)).map(below),
  };
}
