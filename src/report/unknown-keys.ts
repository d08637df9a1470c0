// Keys that a schema does not read: as problems (option `unknown`, strict schemas), and as likely
// misspellings of missing keys.

import type { Entry } from '../entry.ts';
import type { Problem } from '../errors.ts';
import { Spelling } from '../internal/nearest.ts';
import { keyFrom } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import { placeIn } from '../origin.ts';
import type { Path } from '../schema/dialects/dialect.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import type { Key } from '../value.ts';
import { insideText, type Located, originInside } from './issue-path.ts';
import { unknownKey } from './problems.ts';

/** The problem for a key that a strict schema refuses. */
export function unknownAt(path: Path, located: Located, shape: Shape): Problem {
  const leaf = located.leafAt(path);
  const inside = leaf ? path.slice(leaf.path.length) : [];
  const first = leaf ?? located.firstInside(path);
  const origin = leaf ? originInside(leaf, inside) : first?.item.origin;
  const key = keyFrom(leaf ? leaf.path : path.map(String));
  const problem = unknownKey(
    key,
    origin ? String(origin) : '',
    similarKey(path.map(String), shape, located.spelling),
  );
  return inside.length > 0 ? { ...problem, inside: insideText(inside) } : problem;
}

/** A leaf of a file or of a prefixed variable that the schema does not read. */
export interface OwnUnread {
  readonly leaf: Placed<Leaf>;
  /** The path to the first name that the schema does not know. */
  readonly unknown: readonly string[];
}

/** The leaves that the schema does not read, of files and prefixed variables. Other sources are shared: they
 *  may hold keys of other applications. */
export const ownUnread = ({ leaves }: Placement, shape: Shape): readonly OwnUnread[] =>
  leaves.flatMap((leaf) => {
    const { entry } = leaf.item;
    const { loose, text } = entry;
    const isOwn = loose === 'always' || (!loose && (!text || hasReferences(entry)));
    const depth = isOwn ? unknownDepth(leaf.path, shape) : undefined;
    return depth === undefined ? [] : [{ leaf, unknown: leaf.path.slice(0, depth) }];
  });

/** Whether a text is that of a reference in a file, and not of a shared source. */
const hasReferences = ({ origin }: Entry): boolean => placeIn(origin)?.quoted?.keepsReferences === false;

/** Comparisons for `only: 'similar'`, which each load makes: 20 milliseconds at most. */
const briefly = 10_000;

/** The problems for keys that the schema does not read: one for a section that it does not know. With `only`,
 *  those that are like a known key. */
export function unknownKeys(placement: Placement, shape: Shape, only?: 'similar'): Problem[] {
  const problems = new Map<Key, Problem | undefined>();
  const spelling = new Spelling(only === 'similar' ? briefly : undefined);
  for (const { leaf, unknown } of ownUnread(placement, shape)) {
    const key = keyFrom(unknown);
    if (problems.has(key)) continue;
    const similar = similarKey(unknown, shape, spelling);
    const isLeftOut = only === 'similar' && similar === undefined;
    problems.set(key, isLeftOut ? undefined : unknownKey(key, String(leaf.item.origin), similar));
  }
  return [...problems.values()].filter((problem) => problem !== undefined);
}

/** A leaf that the schema certainly does not read. */
export interface UnreadLeaf {
  readonly key: Key;
  readonly origin: string;
}

/** Finds, for a missing key, the unread leaf that is most like it. */
export function misspellings({ leaves }: Placement, shape: Shape): (key: Key) => UnreadLeaf | undefined {
  const spelling = new Spelling();
  let unread: ReadonlyMap<Key, Leaf> | undefined;
  return (key) => {
    unread ??= new Map(
      leaves
        .filter(({ path }) => unknownDepth(path, shape) !== undefined)
        .map(({ path, item }) => [keyFrom(path), item]),
    );
    const near = spelling.nearest(key, unread);
    return near === undefined ? undefined : { key: near, origin: String(unread.get(near)?.origin) };
  };
}

/** The known key of the same section whose name is most like the last step of `path`. */
export function similarKey(path: readonly string[], shape: Shape, spelling: Spelling): Key | undefined {
  const section = path.slice(0, -1);
  const names = shapeAt(shape, section)?.names;
  const name = names && spelling.nearest(String(path.at(-1)), names);
  return name === undefined ? undefined : keyFrom([...section, name]);
}

/** Whether a schema may read a path. */
export const mayRead = (path: readonly string[], shape: Shape): boolean =>
  unknownDepth(path, shape) === undefined;

/** How many steps of a path lead to the first unknown name; undefined if the schema may read the path. */
export function unknownDepth(path: readonly string[], shape: Shape): number | undefined {
  for (let depth = 0; depth < path.length; depth++) {
    const section = shapeAt(shape, path.slice(0, depth));
    if (!section?.kinds?.has('section') || section.open || section.rest) return undefined;
    if (!section.names.has(path[depth] as string)) return depth + 1;
  }
  return undefined;
}
