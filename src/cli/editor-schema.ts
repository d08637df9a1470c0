// The JSON Schema of configuration files, for editors. Used by `json-schema`. A file is one of several
// sources, so no key is required; a name that the schema does not read is marked as wrong.

import { isSecretName, looksSecret } from '../redact.ts';
import { arktypeOptions } from '../schema/dialects/arktype-shape.ts';
import { zodOptions } from '../schema/dialects/zod-shape.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { isMarkedPublic, isMarkedSecret } from '../schema/json-schema.ts';
import type { StandardSchemaV1 } from '../schema/schema.ts';
import type { Kind, Shape } from '../schema/shape.ts';
import { shapeOf } from '../schema/shape-of.ts';
import type { ConfigValue } from '../value.ts';

/** The JSON Schema of the files that a schema reads. */
export function editorSchema(schema: StandardSchemaV1): JsonSchema {
  const { $schema: _, ...document } = forFiles(described(schema) ?? fromShape(shapeOf(schema)), '');
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...document };
}

interface Describing {
  readonly jsonSchema?: {
    readonly input: (options: { readonly target: string; readonly libraryOptions: object }) => JsonSchema;
  };
}

/** What zod and arktype describe themselves. Draft 7 is what yaml-language-server knows best. */
function described(schema: StandardSchemaV1): JsonSchema | undefined {
  const { jsonSchema } = schema['~standard'] as Describing;
  try {
    return jsonSchema?.input({ target: 'draft-07', libraryOptions: { ...zodOptions, ...arktypeOptions } });
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapped = (of: unknown, change: (inner: JsonSchema, name: string) => unknown): unknown =>
  isObject(of)
    ? Object.fromEntries(
        Object.entries(of).map(([name, inner]) => [name, isObject(inner) ? change(inner, name) : inner]),
      )
    : of;

/** The schema of one place in a file: nothing is required, and marks of this library are gone. `isPart`:
 *  other parts of an intersection may have more names. */
function forFiles(schema: JsonSchema, key: string, isPart = false): JsonSchema {
  const { required: _, 'x-read-as': readAs, 'x-coerces': __, 'x-expects': expects, ...known } = schema;
  const isSecret = isMarkedSecret(schema) || (!isMarkedPublic(schema) && isSecretName(key));
  const inside = (inner: JsonSchema, name = ''): JsonSchema =>
    forFiles(inner, name === '' ? key : `${key}.${name}`);
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(known)) {
    if (name === 'default' && (isSecret || holdsSecret(value, schema))) continue;
    if (name === 'properties' || name === '$defs' || name === 'definitions')
      changed[name] = mapped(value, inside);
    else if (Array.isArray(value) && ['anyOf', 'oneOf', 'allOf', 'items', 'prefixItems'].includes(name))
      changed[name] = value.map((one) =>
        isObject(one) ? forFiles(one, key, isPart || name === 'allOf') : one,
      );
    else if (isObject(value) && ['items', 'additionalProperties', 'not'].includes(name))
      changed[name] = inside(value);
    else changed[name] = value;
  }
  if (typeof expects === 'string' && changed.description === undefined) changed.description = expects;
  if (readAs === 'date') changed.type = 'string';
  if (readAs === 'bigint') changed.type = ['integer', 'string'];
  const isOpen = isPart || schema.additionalProperties !== undefined || 'patternProperties' in schema;
  if (isObject(schema.properties) && !isOpen) changed.additionalProperties = false;
  if (isPart && changed.additionalProperties === false) delete changed.additionalProperties;
  return changed;
}

/** Whether a default has a secret: by its shape, or inside a section, by its name or a mark. */
const holdsSecret = (value: unknown, { properties }: JsonSchema): boolean =>
  looksSecret(value as ConfigValue) ||
  (isObject(value) &&
    isObject(properties) &&
    Object.entries(value).some(([name, inner]) => {
      const schema = properties[name];
      return isObject(schema) && (isMarkedSecret(schema) || holdsSecret(inner, schema));
    }));

const types: Readonly<Record<Kind, string>> = {
  string: 'string',
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
  null: 'null',
  bigint: 'integer',
  date: 'string',
  list: 'array',
  section: 'object',
};

/** What a shape knows of a schema whose library describes no JSON Schema. */
function fromShape(shape: Shape): JsonSchema {
  const { kinds, names, rest, items, tuple, description, expects, secret } = shape;
  const type = [...new Set([...(kinds ?? [])].map((kind) => types[kind]))];
  const isSection = kinds?.has('section') === true;
  return {
    ...(type.length > 0 && { type: type.length === 1 ? type[0] : type }),
    ...((description ?? expects) && !isSection && { description: description ?? expects }),
    ...(description && isSection && { description }),
    ...(shape.default && { default: shape.default.value }),
    ...(secret && { 'x-secret': true }),
    ...(names.size > 0 && {
      properties: Object.fromEntries([...names].map(([name, inner]) => [name, fromShape(inner)])),
    }),
    ...(isSection && (rest || shape.open) && { additionalProperties: rest ? fromShape(rest) : true }),
    ...(items && !tuple && { items: fromShape(items) }),
    ...(tuple && { items: tuple.map(fromShape) }),
  };
}
