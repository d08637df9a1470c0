// #region config
import { type Config, EnvProvider, loadConfig, type StandardSchemaV1 } from 'llm-config-manager';
import { z } from 'zod';

export const Schema = z.object({
  port: z.number().int().min(1).max(65_535).default(8080).describe('The port to listen on'),
  logLevel: z
    .enum(['debug', 'info', 'warn'])
    .default('info')
    .describe('The log level; logs go to standard output'),
  databaseUrl: z
    .string()
    .startsWith('postgres://')
    .describe('The attached database')
    .meta({ 'x-secret': true }),
  llm: z.object({
    endpoint: z.url().describe('The attached model server'),
    apiKey: z.string().min(8).describe('The API key of the model server'),
  }),
});
export type AppConfig = Config<StandardSchemaV1.InferOutput<typeof Schema>>;

/** `DATABASE_URL` sets databaseUrl and `LLM_API_KEY` sets llm.apiKey. A variable that ends in `_FILE`
 *  names a file with the value. */
export function load(env = process.env): Promise<AppConfig> {
  return loadConfig(Schema, new EnvProvider({ env, fileSuffix: '_FILE' }));
}
// #endregion
