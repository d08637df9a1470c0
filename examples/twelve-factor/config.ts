// #region config
import { type Config, EnvProvider, loadConfig, type StandardSchemaV1 } from 'llm-config-manager';
import { z } from 'zod';

export const Schema = z.object({
  port: z.number().int().min(1).max(65_535).default(8080).describe('Where to listen'),
  logLevel: z
    .enum(['debug', 'info', 'warn'])
    .default('info')
    .describe('What is logged, to the standard output'),
  databaseUrl: z
    .string()
    .startsWith('postgres://')
    .describe('The attached database')
    .meta({ 'x-secret': true }),
  llm: z.object({
    endpoint: z.url().describe('The attached model server'),
    apiKey: z.string().min(8).describe('What it asks for'),
  }),
});
export type AppConfig = Config<StandardSchemaV1.InferOutput<typeof Schema>>;

/** `DATABASE_URL` is databaseUrl, `LLM__API_KEY` llm.apiKey; with `_FILE` at its end a variable names a file that holds the value. */
export const loadFrom = (env = process.env): Promise<AppConfig> =>
  loadConfig(Schema, new EnvProvider({ env, fileSuffix: '_FILE' }));
// #endregion
