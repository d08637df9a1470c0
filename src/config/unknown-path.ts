// The error of reading a path that a configuration cannot have. Used by `Config`, for each path at which the
// value has nothing: an optional key is absent, and a misspelled one is an error.

import { ConfigError } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { keyFrom } from '../key.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import { isPlain } from '../value.ts';
import type { Generation } from './generation.ts';

type Value = Pick<Generation<unknown>, 'at' | 'load'>;

/** Throws `invalid_key` for a path that the configuration cannot have. */
export function refuseUnknown(path: readonly string[], generation: Value): void {
  const error = unknownPath(path, generation);
  if (error) throw error;
}

/** The error of a path, unless the schema knows it or may read any name on the way to it. */
export function unknownPath(path: readonly string[], generation: Value): ConfigError | undefined {
  const { shape } = generation.load.plan;
  // a configuration may be a single value
  if (!takes(shape, 'section')) return undefined;
  for (let depth = 0; depth < path.length; depth++) {
    const outer = path.slice(0, depth);
    const name = path[depth] as string;
    const around = shapeAt(shape, outer);
    const value = generation.at(outer);
    const isMade = typeof value === 'object' && !takes(around, Array.isArray(value) ? 'list' : 'section');
    if (!around?.kinds || around.open || around.rest || isMade) return undefined;
    if (typeof value === 'object' && value !== null && (!isPlain(value) || Object.hasOwn(value, name)))
      continue;
    const isItem = /^\d+$/.test(name) && (around.items !== undefined || around.tuple !== undefined);
    if (!isItem && !around.names.has(name)) return notThere(path, outer, around, value);
  }
  return undefined;
}

/** Whether a schema takes such a value. If not, a transform has made it. */
const takes = (shape: Shape | undefined, kind: 'list' | 'section'): shape is Shape =>
  shape?.kinds?.has(kind) === true;

function notThere(
  path: readonly string[],
  outer: readonly string[],
  around: Shape,
  value: unknown,
): ConfigError {
  const names = new Set([...around.names.keys(), ...Object.keys(isPlain(value) ? value : {})]);
  const name = path[outer.length] as string;
  const near = nearest(name, names);
  const key = keyFrom(path);
  const where = outer.length === 0 ? '' : ` in "${keyFrom(outer)}"`;
  const hint =
    near !== undefined
      ? `Did you mean "${keyFrom([...outer, near, ...path.slice(outer.length + 1)])}"?`
      : names.size > 0
        ? `Use one of ${[...names].slice(0, 20).join(', ')}`
        : `Read "${keyFrom(outer)}" itself`;
  return new ConfigError(
    'invalid_key',
    `the configuration has no key "${key}": nothing is named "${name}"${where}`,
    {
      key,
      hint,
    },
  );
}
