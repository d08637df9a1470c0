// #region sections
import { DotEnvProvider, EnvProvider, loadConfig } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({
  port: z.number().default(3000),
  database: z.object({ url: z.url(), poolMax: z.number() }),
  llm: z.object({ apiKey: z.string(), streaming: z.boolean() }),
});

/** Keeps the existing variable names. */
const variables = {
  'database.url': 'DATABASE_URL',
  'database.poolMax': 'DATABASE_POOL_MAX',
  'llm.apiKey': 'LLM_API_KEY',
  'llm.streaming': 'LLM_STREAMING',
};

const sources = [new EnvProvider({ variables }), new DotEnvProvider({ variables })];
export const sections = await loadConfig(Schema, sources);
// #endregion
