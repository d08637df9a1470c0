import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';

/** The same configuration in three schema libraries. */
const zod = z.object({
  port: z.number().int().min(1).max(65535),
  database: z.object({
    host: z.string(),
    password: z.string(),
    poolMax: z.number().int().default(10),
    ssl: z.boolean().default(true),
  }),
  mode: z.enum(['production', 'development']),
  llm: z.object({ endpoint: z.url(), apiKey: z.string().min(8).optional() }),
  tags: z.array(z.string()).optional(),
  servers: z.array(z.object({ host: z.string(), port: z.number() })).optional(),
  cache: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('memory'), max: z.number() }),
      z.object({ type: z.literal('redis'), url: z.string() }),
    ])
    .optional(),
  retries: z.union([z.number(), z.literal('never')]).optional(),
});

const valibot = v.object({
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
  database: v.object({
    host: v.string(),
    password: v.string(),
    poolMax: v.optional(v.pipe(v.number(), v.integer()), 10),
    ssl: v.optional(v.boolean(), true),
  }),
  mode: v.picklist(['production', 'development']),
  llm: v.object({
    endpoint: v.pipe(v.string(), v.url()),
    apiKey: v.optional(v.pipe(v.string(), v.minLength(8))),
  }),
  tags: v.optional(v.array(v.string())),
  servers: v.optional(v.array(v.object({ host: v.string(), port: v.number() }))),
  cache: v.optional(
    v.variant('type', [
      v.object({ type: v.literal('memory'), max: v.number() }),
      v.object({ type: v.literal('redis'), url: v.string() }),
    ]),
  ),
  retries: v.optional(v.union([v.number(), v.literal('never')])),
});

const arktype = type({
  port: '1 <= number.integer <= 65535',
  database: { host: 'string', password: 'string', poolMax: 'number.integer = 10', ssl: 'boolean = true' },
  mode: "'production' | 'development'",
  llm: { endpoint: 'string.url', 'apiKey?': 'string >= 8' },
  'tags?': 'string[]',
  'servers?': type({ host: 'string', port: 'number' }).array(),
  'cache?': type({ type: "'memory'", max: 'number' }).or({ type: "'redis'", url: 'string' }),
  'retries?': "number | 'never'",
});

export const schemas = { zod, valibot, arktype };
