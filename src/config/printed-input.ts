// What may be printed of the input of a schema: of the values of all sources, and of the schema's defaults.
// Used by generation.ts, and by printed-output.ts for the value that the schema made.

import { keyFrom } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import { isSecretName, looksSecret, MASK } from '../redact.ts';
import { isHidden } from '../report/secrecy.ts';
import type { Shape } from '../schema/shape.ts';
import { type ConfigValue, isPlain, type Key } from '../value.ts';
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
  if (hidesDefault(shape, path)) return undefined;
  if (shape.names.size === 0) return isData(given) && !looksSecret(given) ? given : undefined;
  const inner = Array.from(shape.names, ([name, one]) => [
    name,
    visibleDefaults(one, [...path, name], defaultOf(given, name, one)),
  ]);
  return Object.fromEntries(inner);
}

/** The defaults of a schema that are secret, for keys that are not in `present`. */
export function* secretDefaults(
  shape: Shape | undefined,
  present: ReadonlySet<Key>,
  path: readonly string[] = [],
  given = shape?.default?.value,
): Generator<unknown> {
  if (!shape || present.has(keyFrom(path))) return;
  if (hidesDefault(shape, path) || looksSecret(given as ConfigValue)) {
    yield given;
    return;
  }
  for (const [name, one] of shape.names)
    yield* secretDefaults(one, present, [...path, name], defaultOf(given, name, one));
}

/** Whether a default is secret: by a mark of the schema, or by its name unless the schema marks it as
 *  public. */
const hidesDefault = (shape: Shape, path: readonly string[]): boolean =>
  shape.secret || (!shape.public && isSecretName(keyFrom(path)));

const defaultOf = (given: unknown, name: string, shape: Shape): unknown =>
  (given as Tree | undefined)?.[name] ?? shape.default?.value;

/** Whether a default is a value as a source may hold one. */
const isData = (value: unknown, depth = 0): value is ConfigValue =>
  typeof value === 'object' && value !== null
    ? (Array.isArray(value) || isPlain(value)) &&
      depth < 32 &&
      Object.values(value).every((inner) => isData(inner, depth + 1))
    : typeof value !== 'function' && typeof value !== 'symbol';
