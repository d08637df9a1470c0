// Which leaves are secret, and which are hidden in output. Used by config/ and issue-path.ts.

import type { Leaf } from '../merge/leaf.ts';
import type { Placed } from '../merge/placement.ts';
import { looksSecret } from '../redact.ts';
import type { Path } from '../schema/dialects/dialect.ts';
import { holdsMark, type Shape, shapeAt } from '../schema/shape.ts';

/** Whether a leaf is secret: by its source, or by a mark of the schema on it, on a part of it or on a section
 *  around it. */
export const isSecret = ({ path, item }: Placed<Leaf>, shape: Shape | undefined): boolean =>
  item.secret || isMarked(path, shape);

/** Whether a leaf must be masked: it is secret, or its value looks like a secret. */
export const isHidden = (leaf: Placed<Leaf>, shape: Shape | undefined): boolean =>
  isSecret(leaf, shape) || looksSecret(leaf.item.value);

/** Whether the schema marks a path, something in it or a section around it as secret. */
export const isMarked = (path: Path, shape: Shape | undefined): boolean =>
  holdsMark(shapeAt(shape, path)) ||
  path.some((_, depth) => shapeAt(shape, path.slice(0, depth))?.secret === true);
