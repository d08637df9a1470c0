// #region after
import { DotEnvProvider, EnvProvider, loadConfig } from 'llm-config-manager';
import { z } from 'zod';

export const Env = z.object({
  PORT: z.number().default(3000),
  DATABASE_URL: z.url(),
  DATABASE_POOL_MAX: z.number(),
  LLM_API_KEY: z.string(),
  LLM_STREAMING: z.boolean(),
});

export const config = await loadConfig(Env, [new EnvProvider(), new DotEnvProvider()]);
export const env = config.value;
// #endregion
