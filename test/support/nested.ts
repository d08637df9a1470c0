import { segments } from '../../src/key.ts';
import type { ConfigTree, ConfigValue } from '../../src/value.ts';

/** Builds a tree from leaves by key. */
export function nested(values: Readonly<Record<string, ConfigValue>>): ConfigTree {
  const tree: Record<string, ConfigValue> = {};
  for (const [key, value] of Object.entries(values)) {
    const path = segments(key);
    let at = tree;
    for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Record<string, ConfigValue>;
    at[path.at(-1) as string] = value;
  }
  return tree;
}
