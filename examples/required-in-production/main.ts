import { type } from 'arktype';
import { loadConfig, MemoryProvider, type StandardSchemaV1 } from 'llm-config-manager';
import * as v from 'valibot';
import { z } from 'zod';

// #region zod
const WithZod = z
  .object({
    mode: z.enum(['development', 'production']),
    sentry: z.object({ dsn: z.url().optional() }).default({}),
  })
  .superRefine(({ mode, sentry }, context) => {
    if (mode === 'production' && sentry.dsn === undefined)
      context.addIssue({ code: 'custom', path: ['sentry', 'dsn'], message: 'is required in production' });
  });
// #endregion

// #region zod-union
const zodCommon = z.object({ port: z.number().default(8080) });
const ZodUnion = z.discriminatedUnion('mode', [
  zodCommon.extend({
    mode: z.literal('development'),
    sentry: z.object({ dsn: z.url().optional() }).default({}),
  }),
  zodCommon.extend({ mode: z.literal('production'), sentry: z.object({ dsn: z.url() }) }),
]);
// #endregion

// #region valibot
const WithValibot = v.pipe(
  v.object({
    mode: v.picklist(['development', 'production']),
    sentry: v.optional(v.object({ dsn: v.optional(v.pipe(v.string(), v.url())) }), {}),
  }),
  v.forward(
    v.check(
      ({ mode, sentry }) => mode !== 'production' || sentry.dsn !== undefined,
      'is required in production',
    ),
    ['sentry', 'dsn'],
  ),
);
// #endregion

// #region arktype
const WithArktype = type({
  mode: "'development' | 'production'",
  'sentry?': { 'dsn?': 'string.url' },
}).narrow(({ mode, sentry }, context) =>
  mode === 'production' && sentry?.dsn === undefined
    ? context.reject({ path: ['sentry', 'dsn'], expected: 'set in production', actual: 'missing' })
    : true,
);
// #endregion

const schemas: Readonly<Record<string, StandardSchemaV1>> = { WithZod, ZodUnion, WithValibot, WithArktype };
for (const [name, schema] of Object.entries(schemas)) {
  const load = (mode: string, dsn?: string): Promise<string> =>
    loadConfig(schema, new MemoryProvider({ mode, ...(dsn && { 'sentry.dsn': dsn }) })).then(
      () => 'accepted',
      (error: Error) => error.message,
    );
  console.log(`${name}: development ${await load('development')}`);
  console.log(`${name}: production ${await load('production', 'https://sentry.example/1')}`);
  console.log(`${name}: production without it\n${await load('production')}\n`);
}
