import { append, keyFrom } from '../key.ts';
import type { Wanted } from '../provider.ts';
import { isSecretName } from '../redact.ts';
import type { Key } from '../value.ts';
import { fromJsonSchema, type JsonSchema } from './json-schema.ts';
import { fromReads } from './recording.ts';
import { isSchema, noSchema, type StandardSchemaV1 } from './schema.ts';
import type { Shape } from './shape.ts';
import { fromValibot } from './valibot.ts';

/** One key that a schema reads. */
export interface SchemaKey {
  readonly key: Key;
  /** Undefined: the schema does not tell. */
  readonly required?: boolean;
  readonly default?: unknown;
  /** In words: `a whole number from 1 to 65535`. */
  readonly type?: string;
  readonly description?: string;
  /** By the schema's own mark (`x-secret`, `x-classification`), or by its name. */
  readonly secret: boolean;
}

/** The keys that a schema reads. */
export interface SchemaKeys {
  readonly keys: readonly SchemaKey[];
  /** Below these keys more may be read than is known here; `''` is the whole configuration. */
  readonly prefixes: readonly Key[];
  /** Whether these are all keys that the schema can read. */
  readonly complete: boolean;
}

const shapes = new WeakMap<StandardSchemaV1, Shape>();

/** What a schema wants of its input: as JSON Schema where the library can tell (zod, arktype), from valibot's own data, else from
 *  what it reads of an empty configuration. */
export function shapeOf(schema: StandardSchemaV1): Shape {
  let shape = shapes.get(schema);
  if (!shape) shapes.set(schema, (shape = read(schema)));
  return shape;
}

interface JsonSchemaSource {
  readonly input: (options: { readonly target: string; readonly libraryOptions: object }) => JsonSchema;
}

function read(schema: StandardSchemaV1): Shape {
  const standard = schema['~standard'];
  const { jsonSchema } = standard as { jsonSchema?: JsonSchemaSource };
  try {
    if (jsonSchema) return fromJsonSchema(jsonSchema.input({ target: 'draft-2020-12', libraryOptions }));
    if (standard.vendor === 'valibot') return fromValibot(schema);
  } catch {
    // a schema that cannot be described is still read
  }
  return fromReads((input) => standard.validate(input));
}

interface ZodContext {
  readonly zodSchema: {
    readonly _zod: {
      readonly def: {
        readonly type: string;
        readonly coerce?: boolean;
        readonly in?: ZodContext['zodSchema'];
      };
    };
  };
  readonly jsonSchema: Record<string, unknown>;
}

/** What JSON Schema has no word for is marked: what zod calls `override` and arktype `fallback`. */
const libraryOptions = {
  unrepresentable: 'any',
  // two schemas with the same id are an error to zod; here nobody asks for the id
  metadata: {
    get: (schema: { meta?: () => object | undefined }) => {
      const { id, ...metadata } = (schema.meta?.() ?? {}) as { id?: unknown };
      return metadata;
    },
    has: () => false,
  },
  override: ({ zodSchema, jsonSchema }: ZodContext) => {
    const { type, coerce, in: input } = zodSchema._zod.def;
    if (type === 'bigint' || type === 'date') jsonSchema['x-read-as'] = type;
    if (coerce && type !== 'string') jsonSchema['x-coerces'] = true;
    // z.preprocess: what it takes is not what stands behind it
    if (type === 'pipe' && input?._zod.def.type === 'transform') jsonSchema['x-read-as'] = 'anything';
  },
  fallback: {
    default: ({
      base,
      code,
      domain,
    }: {
      readonly base: object;
      readonly code: string;
      readonly domain?: string;
    }) => {
      const readAs =
        code === 'date' ? 'date' : code === 'domain' && domain === 'bigint' ? 'bigint' : undefined;
      return readAs ? { ...base, 'x-read-as': readAs } : base;
    },
  },
};

/** The keys that a schema reads: names, types, defaults, descriptions, and whether that is all. */
export function describeKeys(schema: StandardSchemaV1): SchemaKeys {
  if (!isSchema(schema)) throw noSchema('describeKeys');
  const { keys, prefixes: open } = keysOf(shapeOf(schema));
  return { keys, prefixes: open, complete: open.length === 0 };
}

/** What a schema wants from providers, below `at`. */
export function wantedBy(shape: Shape, at: Key = ''): Wanted {
  const { keys, prefixes: open } = keysOf(shape);
  const whole = at !== '' && isValue(shape) ? [at] : [];
  return {
    keys: [...whole, ...keys.map(({ key }) => append(at, key))],
    prefixes: open.map((key) => append(at, key)),
  };
}

/** Whether it may be something else than a section. */
const isValue = ({ kinds, names }: Shape): boolean =>
  kinds === undefined ? names.size === 0 : [...kinds].some((kind) => kind !== 'section');

type Keys = { readonly keys: readonly SchemaKey[]; readonly prefixes: readonly Key[] };

const known = new WeakMap<Shape, Keys>();

function keysOf(root: Shape): Keys {
  let found = known.get(root);
  if (!found) known.set(root, (found = collect(root)));
  return found;
}

function collect(root: Shape): Keys {
  const keys: SchemaKey[] = [];
  const open: Key[] = [];
  const walk = (
    shape: Shape,
    path: readonly string[],
    required: boolean | undefined,
    given: Shape['default'],
    secret: boolean,
  ): void => {
    const key = keyFrom(path);
    const isSecret = secret || shape.secret;
    const fallback = given ?? shape.default;
    if (isValue(shape) && path.length > 0) {
      keys.push({
        key,
        ...(required !== undefined && { required: required && !fallback }),
        ...(fallback && { default: fallback.value }),
        ...(shape.expects && { type: shape.expects }),
        ...(shape.description && { description: shape.description }),
        secret: isSecret || isSecretName(key),
      });
    }
    if (shape.open || shape.rest) open.push(key);
    for (const [name, inner] of shape.names) {
      const part =
        fallback && Object(fallback.value) === fallback.value
          ? (fallback.value as Record<string, unknown>)[name]
          : undefined;
      const needed =
        shape.kinds === undefined ? undefined : required && !fallback && shape.required.has(name);
      walk(inner, [...path, name], needed, part === undefined ? undefined : { value: part }, isSecret);
    }
  };
  walk(root, [], true, undefined, false);
  return { keys, prefixes: open };
}
