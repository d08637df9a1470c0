// `.env.example` from a schema: the public function envExample. It loads example-text.ts with the first call,
// because an application seldom calls it.

import type { StandardSchemaV1 } from '../schema/schema.ts';
import type { EnvExampleOptions } from './example-text.ts';

/** Returns a commented `.env.example` with every key that a schema reads. Required variables are ready to
 *  fill in, optional ones are commented out, secrets are empty. A name is exact, `APP__API__KEY`, where the
 *  conventional `APP_API_KEY` can mean two keys of the schema.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const Schema = z.object({ llm: z.object({ apiKey: z.string(), model: z.string().default('small') }) });
 *  writeFileSync('.env.example', await envExample(Schema, { prefix: 'APP' }));
 */
export async function envExample(schema: StandardSchemaV1, options: EnvExampleOptions = {}): Promise<string> {
  return (await import('./example-text.ts')).exampleText(schema, options);
}
