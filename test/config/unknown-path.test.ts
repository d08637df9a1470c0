import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import type { StandardSchemaV1 } from '../../src/schema/schema.ts';

const values = {
  server: { port: 80, tls: null },
  servers: [{ host: 'a' }],
  url: 'https://a.example/x',
  any: { a: 1 },
  made: { n: 1 },
  by: { x: { n: 1 } },
};
const load = (schema: unknown) =>
  loadConfig(schema as StandardSchemaV1, new MemoryProvider(values), { unknown: 'ignore' }) as Promise<
    Config<Record<string, unknown>>
  >;
const zod = z.object({
  server: z.object({
    port: z.number(),
    host: z.string().optional(),
    tls: z.object({ cert: z.string() }).nullable(),
  }),
  servers: z.array(z.object({ host: z.string(), port: z.number().optional() })),
  more: z.array(z.object({ host: z.string() })).optional(),
  url: z.string().transform((text) => new URL(text)),
  any: z.any(),
  made: z.object({ n: z.number() }).transform((value) => ({ ...value, extra: undefined })),
  by: z.record(z.string(), z.object({ n: z.number() })),
  either: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]).optional(),
});

describe('config.get', () => {
  it.each<[string, RegExp]>([
    [
      'server.prot',
      /no key "server\.prot": nothing is named "prot" in "server"\. Did you mean "server\.port"\?/,
    ],
    ['sevrer.port', /nothing is named "sevrer"\. Did you mean "server\.port"\?/],
    ['server.nothing', /Use one of port, host, tls/],
    ['server.port.a', /nothing is named "a" in "server\.port"\. Read "server\.port" itself/],
    ['server/prot', /Did you mean "server\.port"/],
    ['more.0.hots', /Did you mean "more\.0\.host"/],
    ['servers.0.hots', /Did you mean "servers\.0\.host"/],
    ['either.c', /Use one of a, b/],
    ['made.extr', /Did you mean "made\.extra"/],
    ['toString', /nothing is named "toString"/],
  ])('of %s throws invalid_key', async (path, message) => {
    const config = await load(zod);
    expect(() => config.get(path)).toThrow(message);
    expect(() => config.get(path)).toThrow(expect.objectContaining({ code: 'invalid_key' }));
    const [first, ...rest] = path.split(/[./]/) as [string, ...string[]];
    if (rest.length > 0) expect(() => config.at(first).get(rest.join('.') as never)).toThrow(message);
    expect(String(config.explain(path))).toMatch(message);
  });

  it.each([
    'server.host',
    'server.tls.cert',
    'servers.0.port',
    'servers.9',
    'servers.9.host',
    'more',
    'more.0',
    'url.nothing',
    'any.b',
    'any.b.c',
    'made.extra',
    'by.y',
    'by.y.n',
    'by.x.m',
    'either',
    'either.a',
  ])('of %s returns undefined', async (path) => {
    expect((await load(zod)).get(path)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['valibot', v.object({ server: v.object({ port: v.number(), host: v.optional(v.string()) }) })],
    ['arktype', type({ server: { port: 'number', 'host?': 'string' } })],
  ])('knows the paths of %s', async (_, schema) => {
    const config = await load(schema);
    expect(() => config.get('server.prot')).toThrow(/Did you mean "server\.port"\?/);
    expect(config.get('server.host')).toBeUndefined();
  });

  it('returns undefined where the schema reveals no names, and without a schema', async () => {
    const own = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } };
    expect((await load(own)).get('server.prot')).toBeUndefined();
    const plain = await loadConfig(new MemoryProvider(values));
    expect(plain.get('server.prot')).toBeUndefined();
  });
});
