// Values inside values, by key or by path. All of these look at own properties only: `toString` and
// `constructor` are never found.

import { segments } from '../key.ts';
import { type ConfigValue, inside, isTree, type Key } from '../value.ts';

/** The value at a key inside `value`. Lists are leaves: no key leads into one. */
export function dig(value: ConfigValue, key: Key): ConfigValue | undefined {
  return key === '' ? value : digPath(value, segments(key));
}

/** `dig` for a key that is already split into its segments. */
export function digPath(value: ConfigValue, path: readonly string[]): ConfigValue | undefined {
  let found: ConfigValue | undefined = value;
  for (const name of path) {
    if (!isTree(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** The value at the end of a path that may lead into lists, as the path of a schema's issue does. */
export const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(inside, value);
