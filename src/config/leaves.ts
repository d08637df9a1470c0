// The values that a configuration reads, as their sources have them. For the command line, which shows a
// configuration and passes it on.

import { keyFrom } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed } from '../merge/placement.ts';
import { isHidden } from '../report/secrecy.ts';
import { mayRead } from '../report/unknown-keys.ts';
import { keysIn } from '../schema/keys.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { LoadedFrom } from './load.ts';
import type { Plan } from './plan.ts';

/** A value that a configuration reads. */
export interface LoadedLeaf {
  readonly key: Key;
  /** As the source has it, before the schema changes it. */
  readonly value: ConfigValue;
  readonly secret: boolean;
  /** `undefined`: a default of the schema. */
  readonly origin: string | undefined;
}

/** The values that a configuration reads, in the order of its schema, defaults included. Values that the
 *  schema does not read are left out. */
export function leavesOf({ found, plan: { schema, shape } }: LoadedFrom): readonly LoadedLeaf[] {
  const { placement } = found();
  const set = new Map(
    placement.leaves
      .filter(({ path }) => !shape || mayRead(path, shape))
      .map((leaf) => [keyFrom(leaf.path), foundLeaf(leaf, shape)]),
  );
  const known = schema ? keysIn(schema).keys : [];
  const inOrder = known.flatMap(({ key, secret, ...rest }): LoadedLeaf[] => {
    const leaf = set.get(key);
    set.delete(key);
    if (leaf) return [leaf];
    const value = rest.default as ConfigValue | undefined;
    return value === undefined ? [] : [{ key, value, secret, origin: undefined }];
  });
  return [...inOrder, ...set.values()];
}

const foundLeaf = (leaf: Placed<Leaf>, shape: Plan['shape']): LoadedLeaf => ({
  key: keyFrom(leaf.path),
  value: leaf.item.value,
  secret: isHidden(leaf, shape),
  origin: String(leaf.item.origin),
});
