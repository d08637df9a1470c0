import { z } from 'zod';

export const Schema = z.object({
  queue: z.string(),
  concurrency: z.number().int().default(4),
  database: z.object({ host: z.string() }),
  log: z.object({ level: z.enum(['debug', 'info', 'warn']) }),
});
