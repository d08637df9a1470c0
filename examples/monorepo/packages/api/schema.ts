import { z } from 'zod';

export const Schema = z.object({
  port: z.number().int(),
  database: z.object({ host: z.string(), poolMax: z.number().int() }),
  log: z.object({ level: z.enum(['debug', 'info', 'warn']) }),
});
