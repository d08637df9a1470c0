// The keys that a schema reads. `describeKeys` shows them to users; `wantedBy` limits what providers fetch.
// They are collected once for each schema.

import { append, keyFrom } from '../key.ts';
import type { Wanted } from '../provider.ts';
import { isSecretName } from '../redact.ts';
import { inside, type Key } from '../value.ts';
import { isSchema, notASchema, type StandardSchemaV1 } from './schema.ts';
import type { Shape } from './shape.ts';
import { shapeOf } from './shape-of.ts';

/** A key that a schema reads. */
export interface SchemaKey {
  readonly key: Key;
  /** Undefined if the schema's library does not reveal it. */
  readonly required?: boolean;
  readonly default?: unknown;
  /** In words: `a whole number from 1 to 65535`. */
  readonly type?: string;
  readonly description?: string;
  /** True if the schema marks the key as secret (`x-secret`, `x-classification`), or if its name looks like
   *  a secret's and the schema does not mark the key as public. */
  readonly secret: boolean;
}

/** The keys that a schema reads. */
export interface SchemaKeys {
  readonly keys: readonly SchemaKey[];
  /** Below these keys the schema may read more than is listed. `''` is the whole configuration. */
  readonly prefixes: readonly Key[];
  /** True if `keys` lists every key that the schema can read. */
  readonly complete: boolean;
}

/** `describeKeys` at once. */
export function keysIn(schema: StandardSchemaV1): SchemaKeys {
  if (!isSchema(schema)) throw notASchema('describeKeys');
  const { keys, prefixes } = keysOf(shapeOf(schema));
  return { keys, prefixes, complete: prefixes.length === 0 };
}

/** The keys below `at` that a schema needs from providers. */
export function wantedBy(shape: Shape, at: Key = ''): Wanted {
  const { keys, prefixes } = keysOf(shape);
  const whole = at !== '' && canBeValue(shape) ? [at] : [];
  return {
    keys: [...whole, ...keys.map(({ key }) => append(at, key))],
    prefixes: prefixes.map((key) => append(at, key)),
  };
}

/** Whether the input may be anything but a section. */
const canBeValue = ({ kinds, names }: Shape): boolean =>
  kinds === undefined ? names.size === 0 : [...kinds].some((kind) => kind !== 'section');

type Keys = Pick<SchemaKeys, 'keys' | 'prefixes'>;

const keysByShape = new WeakMap<Shape, Keys>();

function keysOf(root: Shape): Keys {
  let keys = keysByShape.get(root);
  if (!keys) keysByShape.set(root, (keys = collectKeys(root)));
  return keys;
}

function collectKeys(root: Shape): Keys {
  const keys: SchemaKey[] = [];
  const prefixes: Key[] = [];
  const walk = (
    shape: Shape,
    path: readonly string[],
    required: boolean | undefined,
    outerDefault: Shape['default'],
    secret: boolean,
  ): void => {
    const key = keyFrom(path);
    const isSecret = secret || shape.secret;
    const fallback = outerDefault ?? shape.default;
    if (canBeValue(shape) && path.length > 0) {
      keys.push({
        key,
        ...(required !== undefined && { required: required && !fallback }),
        ...(fallback && { default: fallback.value }),
        ...(shape.expects && { type: shape.expects }),
        ...(shape.description && { description: shape.description }),
        secret: isSecret || (!shape.public && isSecretName(key)),
      });
    }
    if (shape.open || shape.rest) prefixes.push(key);
    for (const [name, nested] of shape.names) {
      const part = fallback && inside(fallback.value, name);
      const needed =
        shape.kinds === undefined ? undefined : required && !fallback && shape.required.has(name);
      walk(nested, [...path, name], needed, part === undefined ? undefined : { value: part }, isSecret);
    }
  };
  walk(root, [], true, undefined, false);
  return { keys, prefixes };
}
