// From a schema of any library to its shape, which is kept with the schema. Used by loads, `describeKeys` and
// `chain.require`.

import { arktypeOptions } from './dialects/arktype-shape.ts';
import { fromValibot } from './dialects/valibot-shape.ts';
import { zodOptions } from './dialects/zod-shape.ts';
import { fromJsonSchema, type JsonSchema } from './json-schema.ts';
import { fromRecording } from './recording.ts';
import type { StandardSchemaV1 } from './schema.ts';
import type { Shape } from './shape.ts';

const shapes = new WeakMap<StandardSchemaV1, Shape>();

/** The shape of a schema's input. Zod and arktype describe it as JSON Schema, valibot schemas are data. For
 *  any other library it is what the schema reads from an empty configuration. */
export function shapeOf(schema: StandardSchemaV1): Shape {
  let shape = shapes.get(schema);
  if (!shape) shapes.set(schema, (shape = readShape(schema)));
  return shape;
}

interface JsonSchemaSource {
  readonly input: (options: { readonly target: string; readonly libraryOptions: object }) => JsonSchema;
}

function readShape(schema: StandardSchemaV1): Shape {
  const standard = schema['~standard'];
  const { jsonSchema } = standard as { jsonSchema?: JsonSchemaSource };
  try {
    // neither library looks at the options of the other
    const libraryOptions = { ...zodOptions, ...arktypeOptions };
    if (jsonSchema) return fromJsonSchema(jsonSchema.input({ target: 'draft-2020-12', libraryOptions }));
    if (standard.vendor === 'valibot') return fromValibot(schema);
  } catch {
    // a schema that cannot be described can still be read
  }
  return fromRecording((input) => standard.validate(input));
}
