// The keys of a schema for users: the public function describeKeys. It loads keys.ts with the first call,
// which keeps the import of the core small.

import type { SchemaKeys } from './keys.ts';
import type { StandardSchemaV1 } from './schema.ts';

/** Lists the keys that a schema reads, with their types, defaults and descriptions. Exact for zod 4, valibot
 *  and arktype; for other libraries a lower bound, with `complete: false`.
 *  @throws ConfigError `invalid_option` if `schema` is not a Standard Schema
 *  @example
 *  const { keys } = await describeKeys(z.object({ port: z.number().default(8080) }));
 *  keys[0]; // => { key: 'port', required: false, default: 8080, type: 'a number', secret: false } */
export async function describeKeys(schema: StandardSchemaV1): Promise<SchemaKeys> {
  return (await import('./keys.ts')).keysIn(schema);
}
