// What may be printed of a load. The value of a configuration is what the schema made of the input, and a
// transform may have moved a secret anywhere. So a part of the value is printed only if the same value is at
// the same path of `visibleInput`.

import { keyFrom } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import { isSecretName, looksSecret, MASK } from '../redact.ts';
import { isHidden } from '../report/secrecy.ts';
import type { Shape } from '../schema/shape.ts';
import type { Found } from './found.ts';

type Tree = Record<string, unknown>;

/** The input without its secrets, over the defaults of the schema. */
export function visibleInput({ placement, texts, plan: { shape } }: Found): unknown {
  const defaults = (shape && visibleDefaults(shape, [])) ?? {};
  return overlay(defaults, placement, (leaf) =>
    isHidden(leaf, shape) ? undefined : texts.read(leaf.path, leaf.item.value),
  );
}

/** The input with a mask in place of each secret. */
export function maskedInput({ placement, texts, plan: { shape } }: Found): unknown {
  return overlay({}, placement, (leaf) =>
    isHidden(leaf, shape) ? MASK : texts.read(leaf.path, leaf.item.value),
  );
}

function overlay(
  tree: unknown,
  { leaves, sections }: Placement,
  toValue: (leaf: Placed<Leaf>) => unknown,
): unknown {
  let root = tree;
  const section = (path: readonly string[]): Tree =>
    path.reduce<Tree>((at, name) => {
      const inner = at[name];
      return (typeof inner === 'object' && inner !== null ? inner : (at[name] = {})) as Tree;
    }, root as Tree);
  for (const path of sections) section(path);
  for (const leaf of leaves) {
    const name = leaf.path.at(-1);
    if (name === undefined) root = toValue(leaf);
    else section(leaf.path.slice(0, -1))[name] = toValue(leaf);
  }
  return root;
}

function visibleDefaults(shape: Shape, path: readonly string[], given = shape.default?.value): unknown {
  if (shape.secret || isSecretName(keyFrom(path))) return undefined;
  if (shape.names.size === 0) return isScalar(given) && !looksSecret(given) ? given : undefined;
  const inner = Array.from(shape.names, ([name, one]) => [
    name,
    visibleDefaults(one, [...path, name], (given as Tree | undefined)?.[name] ?? one.default?.value),
  ]);
  return Object.fromEntries(inner);
}

const isScalar = (value: unknown): value is string | number | boolean | bigint | null =>
  typeof value !== 'object' || value === null;
