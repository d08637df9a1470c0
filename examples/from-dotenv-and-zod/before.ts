// #region before
import { config } from 'dotenv';
import { z } from 'zod';

config({ quiet: true }); // loads .env into process.env

const Env = z.object({
  PORT: z.coerce.number().default(3000),
  DATABASE_URL: z.url(),
  DATABASE_POOL_MAX: z.coerce.number(),
  LLM_API_KEY: z.string(),
  LLM_STREAMING: z.stringbool(),
});

export const env = Env.parse(process.env);
// #endregion
