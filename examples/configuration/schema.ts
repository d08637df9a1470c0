import { z } from 'zod';

// #region schema
export const Schema = z.object({
  port: z.number().int().min(1).max(65535).default(8080).describe('Where to listen'),
  database: z.object({
    host: z.string(),
    password: z.string(),
    poolMax: z.number().int().default(10),
  }),
  models: z.array(z.string()),
  licence: z.string().meta({ 'x-secret': true }).optional(),
});
// #endregion
