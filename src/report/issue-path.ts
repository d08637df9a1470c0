// From the path of an issue to the leaf that it concerns. A path may lead into a leaf: a list is one leaf,
// and a text may have been read as a list or a section.

import { keyFrom, rest, segments } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import type { Origin } from '../origin.ts';
import type { Path } from '../schema/dialects/dialect.ts';

/** Whether `path` is `outer` or inside it. */
export const isWithin = (path: Path, outer: Path): boolean =>
  outer.every((step, at) => String(step) === String(path[at]));

/** The leaf at a path or around it. */
export const leafAt = (path: Path, { leaves }: Placement): Placed<Leaf> | undefined =>
  leaves.find((leaf) => isWithin(path, leaf.path));

/** The origin of a part of a leaf: a file knows the line of each item of a list. */
export function originInside({ item: { entry, key, origin } }: Placed<Leaf>, inside: Path): Origin {
  if (inside.length === 0 || entry.loose) return origin;
  const at = entry.leaf?.(keyFrom([...segments(rest(key, entry.key)), ...inside.map(String)])).origin;
  return at?.line === undefined ? origin : at;
}

/** A path inside a leaf as text: `[0].host`. */
export const insideText = (inside: Path): string =>
  inside.map((step) => (/^\d+$/.test(String(step)) ? `[${String(step)}]` : `.${String(step)}`)).join('');
