// Keys that a schema does not read: as problems (option `unknown`, strict schemas), and as likely
// misspellings of missing keys.

import type { Problem } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { keyFrom } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import type { Path } from '../schema/dialects/dialect.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import type { Key } from '../value.ts';
import { insideText, isWithin, leafAt, originInside } from './issue-path.ts';
import { unknownKey } from './problems.ts';

/** The problem for a key that a strict schema refuses. */
export function unknownAt(path: Path, placement: Placement, shape: Shape): Problem {
  const leaf = leafAt(path, placement);
  const inside = leaf ? path.slice(leaf.path.length) : [];
  const { leaves, holes } = placement;
  const first = leaf ?? [...leaves, ...holes].find((item) => isWithin(item.path, path));
  const origin = leaf ? originInside(leaf, inside) : first?.item.origin;
  const key = keyFrom(leaf ? leaf.path : path.map(String));
  const problem = unknownKey(key, origin ? String(origin) : '', similarKey(path.map(String), shape));
  return inside.length > 0 ? { ...problem, inside: insideText(inside) } : problem;
}

/** A leaf that the schema does not read. */
export interface Unread {
  /** The path to the first name that the schema does not know. */
  readonly unknown: readonly string[];
  readonly leaf: Placed<Leaf>;
  /** The known key that it is most like. */
  readonly similar: Key | undefined;
}

/** The leaves that the schema does not read, of files and prefixed variables. Other sources are shared: they
 *  may hold keys of other applications. */
export const unreadOwn = ({ leaves }: Placement, shape: Shape): readonly Unread[] =>
  leaves.flatMap((leaf) => {
    const { loose, text } = leaf.item.entry;
    const isOwn = loose === 'always' || (!loose && !text);
    const depth = isOwn ? unknownDepth(leaf.path, shape) : undefined;
    const unknown = leaf.path.slice(0, depth);
    return depth === undefined ? [] : [{ unknown, leaf, similar: similarKey(unknown, shape) }];
  });

/** The problems for keys that the schema does not read: one for a section that it does not know. `similar`:
 *  only those that are like a known key. */
export function unknownKeys(placement: Placement, shape: Shape, only?: 'similar'): Problem[] {
  const problems = new Map<Key, Problem>();
  for (const { unknown, leaf, similar } of unreadOwn(placement, shape)) {
    const key = keyFrom(unknown);
    if (problems.has(key) || (only === 'similar' && similar === undefined)) continue;
    problems.set(key, unknownKey(key, String(leaf.item.origin), similar));
  }
  return [...problems.values()];
}

/** The leaves that the schema certainly does not read. */
export const unreadLeaves = ({ leaves }: Placement, shape: Shape): readonly Placed<Leaf>[] =>
  leaves.filter(({ path }) => unknownDepth(path, shape) !== undefined);

/** The known key of the same section whose name is most like the last step of `path`. */
function similarKey(path: readonly string[], shape: Shape): Key | undefined {
  const section = path.slice(0, -1);
  const name = nearest(String(path.at(-1)), shapeAt(shape, section)?.names.keys() ?? []);
  return name === undefined ? undefined : keyFrom([...section, name]);
}

/** How many steps of a path lead to the first unknown name; undefined if the schema may read the path. */
function unknownDepth(path: readonly string[], shape: Shape): number | undefined {
  for (let depth = 0; depth < path.length; depth++) {
    const section = shapeAt(shape, path.slice(0, depth));
    if (!section?.kinds?.has('section') || section.open || section.rest) return undefined;
    if (!section.names.has(path[depth] as string)) return depth + 1;
  }
  return undefined;
}
