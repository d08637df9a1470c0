// Puts a value into a copy of a document. Used by writes.ts.

import { type ConfigTree, type ConfigValue, isTree } from '../../value.ts';

/** A copy of a document with `value` at the path. Without a value, sections that became empty are removed as
 *  well. `below`: the error for a path that leads through a value. */
export function put(
  at: ConfigValue | undefined,
  path: readonly string[],
  value: ConfigValue | undefined,
  below: () => Error,
): ConfigTree {
  if (at !== undefined && !isTree(at)) throw below();
  const [name, ...inside] = path as [string, ...string[]];
  const here = at && Object.hasOwn(at, name) ? at[name] : undefined;
  const next = inside.length > 0 ? put(here, inside, value, below) : value;
  const copy = new Map(Object.entries(at ?? {}));
  if (next === undefined || (value === undefined && isTree(next) && Object.keys(next).length === 0))
    copy.delete(name);
  else copy.set(name, next);
  return Object.fromEntries(copy);
}
