import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { StandardSchemaV1 } from '../../src/index.ts';
import { keysIn, wantedBy } from '../../src/schema/keys.ts';
import { shapeOf } from '../../src/schema/shape-of.ts';
import { schemas } from '../support/schemas.ts';

const keysOf = (schema: StandardSchemaV1) => keysIn(schema).keys.map(({ key }) => key);
const one = (schema: StandardSchemaV1, key: string) => keysIn(schema).keys.find((known) => known.key === key);

describe('describeKeys', () => {
  it.each(Object.entries(schemas))(
    'describeKeys lists all keys of a schema of %s, and they are complete',
    (_, schema) => {
      const { keys, prefixes: open, complete } = keysIn(schema as StandardSchemaV1);
      expect(keys.map(({ key }) => key).sort()).toEqual(
        [
          'port',
          'database.host',
          'database.password',
          'database.poolMax',
          'database.ssl',
          'mode',
          'llm.endpoint',
          'llm.apiKey',
          'tags',
          'servers',
          'cache.type',
          'cache.max',
          'cache.url',
          'retries',
        ].sort(),
      );
      expect(open).toEqual([]);
      expect(complete).toBe(true);
      expect(
        keys
          .filter(({ required }) => required)
          .map(({ key }) => key)
          .sort(),
      ).toEqual(['port', 'database.host', 'database.password', 'mode', 'llm.endpoint'].sort());
      expect(keys.filter(({ secret }) => secret).map(({ key }) => key)).toEqual(
        expect.arrayContaining(['database.password', 'llm.apiKey']),
      );
    },
  );

  it('describeKeys describes types in words', () => {
    const schema = z.object({
      a: z.string(),
      b: z.string().min(1),
      c: z.string().min(3).max(5),
      d: z.number().positive(),
      e: z.number().int().max(9),
      f: z.enum(['x', 'y']),
      g: z.literal('only'),
      h: z.array(z.number()).min(1).max(3),
      i: z.boolean(),
      j: z.bigint(),
      k: z.date(),
      l: z.union([z.number(), z.literal('auto')]),
      m: z.email(),
      n: z.iso.datetime(),
      o: z.string().regex(/^a+$/),
      p: z.string().nullable(),
      q: z.number().lt(5).gte(1),
      r: z.string().length(4),
      s: z.string().max(1),
      t: z.array(z.string()).length(2),
      u: z.null(),
    });
    expect(Object.fromEntries(keysIn(schema).keys.map(({ key, type: words }) => [key, words]))).toEqual({
      a: 'a string',
      b: 'a string that is not empty',
      c: 'a string of 3 to 5 characters',
      d: 'a number, greater than 0',
      e: 'a whole number, at most 9',
      f: 'one of "x", "y"',
      g: '"only"',
      h: 'a list of 1 to 3 items, each item a number',
      i: 'true or false',
      j: 'a whole number',
      k: 'a date, as in 2030-12-31',
      l: 'a number or "auto"',
      m: 'an e-mail address',
      n: 'a date and time, as in 2030-12-31T23:59:59Z',
      o: 'a string that matches /^a+$/',
      p: 'a string or null',
      q: 'a number, at least 1 and less than 5',
      r: 'a string of 4 characters',
      s: 'a string of at most 1 character',
      t: 'a list of 2 items, each item a string',
      u: 'null',
    });
  });

  it('describeKeys lists descriptions and defaults, also of whole sections', () => {
    const zod = z.object({
      db: z
        .object({ host: z.string().describe('Where it is'), port: z.number().default(3) })
        .default({ host: 'x', port: 4 }),
      pre: z.object({ y: z.number().default(3) }).prefault({}),
    });
    expect(keysIn(zod).keys).toMatchObject([
      { key: 'db.host', required: false, default: 'x', description: 'Where it is' },
      { key: 'db.port', required: false, default: 4 },
      { key: 'pre.y', required: false, default: 3 },
    ]);
    const valibot = v.object({
      a: v.optional(v.pipe(v.string(), v.description('An a'), v.metadata({ 'x-secret': true })), 'd'),
      b: v.nullish(v.number(), () => 5),
    });
    expect(keysIn(valibot).keys).toMatchObject([
      { key: 'a', default: 'd', description: 'An a', secret: true, required: false },
      { key: 'b', required: false },
    ]);
    expect(one(valibot, 'b')).not.toHaveProperty('default');
  });

  it('describeKeys lists keys that the schema marks as secret', () => {
    const schema = z.object({
      a: z.string().meta({ 'x-secret': true }),
      b: z.string().meta({ 'x-classification': 'Restricted' }),
      c: z.string().meta({ 'x-classification': 'internal' }),
      d: z.object({ inner: z.string() }).meta({ 'x-secret': true }),
      e: z.string().meta({ format: 'password' }),
      tokenLimit: z.number(),
      token: z.string(),
    });
    expect(
      keysIn(schema)
        .keys.filter(({ secret }) => secret)
        .map(({ key }) => key),
    ).toEqual(['a', 'b', 'd.inner', 'e', 'token']);
  });

  it('describeKeys lists prefixes below which more may be read', () => {
    const schema = z.object({
      rec: z.record(z.string(), z.number()),
      loose: z.looseObject({ a: z.string() }),
      any: z.any(),
      s: z.string(),
    });
    expect(keysIn(schema)).toMatchObject({ prefixes: ['rec', 'loose', 'any'], complete: false });
    expect(keysOf(schema)).toEqual(['loose.a', 'any', 's']);
    const valibot = v.object({
      rec: v.record(v.string(), v.number()),
      loose: v.looseObject({ a: v.string() }),
      rest: v.objectWithRest({}, v.string()),
      any: v.any(),
    });
    expect(keysIn(valibot).prefixes).toEqual(['rec', 'loose', 'rest', 'any']);
    expect(keysIn(type({ '[string]': 'number' })).prefixes).toEqual(['']);
  });

  it('describeKeys lists the names of a record with enumerated keys', () => {
    expect(keysOf(z.object({ r: z.partialRecord(z.enum(['a', 'b']), z.object({ x: z.string() })) }))).toEqual(
      ['r.a.x', 'r.b.x'],
    );
    expect(keysOf(v.object({ r: v.record(v.picklist(['a', 'b']), v.string()) }))).toEqual(['r.a', 'r.b']);
  });

  it('describeKeys describes the input of transforms, pipes and intersections', () => {
    const zod = z
      .object({
        a: z.string().transform(Number).pipe(z.number()),
        b: z.preprocess((x) => x, z.number()),
        c: z.codec(z.string(), z.number(), { decode: Number, encode: String }),
      })
      .transform((all) => all.a);
    expect(one(zod, 'a')?.type).toBe('a string');
    expect(one(zod, 'b')).not.toHaveProperty('type');
    expect(one(zod, 'c')?.type).toBe('a string');
    const both = z.intersection(z.object({ x: z.string() }), z.object({ y: z.string(), x: z.string() }));
    expect(keysOf(both)).toEqual(['x', 'y']);
    const valibot = v.pipe(
      v.object({ a: v.pipe(v.string(), v.transform(Number), v.number()) }),
      v.transform(({ a }) => ({ b: a })),
    );
    expect(keysIn(valibot).keys).toMatchObject([{ key: 'a', type: 'a string' }]);
    expect(keysOf(v.intersect([v.object({ x: v.string() }), v.object({ y: v.string() })]))).toEqual([
      'x',
      'y',
    ]);
  });

  it('describeKeys terminates for recursive schemas', () => {
    interface Tree {
      name: string;
      inner?: Tree | undefined;
    }
    const zod: z.ZodType<Tree> = z.object({ name: z.string(), inner: z.lazy(() => zod).optional() });
    expect(keysIn(zod)).toMatchObject({ complete: false });
    expect(keysOf(zod)).toContain('name');
    const valibot: v.GenericSchema<Tree> = v.object({
      name: v.string(),
      inner: v.optional(v.lazy(() => valibot)),
    });
    expect(keysIn(valibot)).toMatchObject({ complete: false });
    expect(keysOf(valibot)).toContain('inner.name');
  });

  const names = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`);
  const zodTypes = (count: number): StandardSchemaV1 => {
    const inner = (): Record<string, z.ZodType> =>
      Object.fromEntries(names(count).map((name, i) => [name, z.lazy(() => types[i] as z.ZodType)]));
    const types: readonly z.ZodType[] = names(count).map(() => z.object(inner()));
    return z.object({ ...inner(), port: z.number() });
  };
  const valibotTypes = (count: number): StandardSchemaV1 => {
    const lazies = names(count).map((name, i) => [name, v.lazy(() => types[i] as v.GenericSchema)]);
    const inner: Record<string, v.GenericSchema> = Object.fromEntries(lazies);
    const types: readonly v.GenericSchema[] = names(count).map(() => v.object(inner));
    return v.object({ ...inner, port: v.number() });
  };
  it.each([
    ['zod', zodTypes],
    ['valibot', valibotTypes],
  ])('describeKeys describes a part of many types of %s that refer to one another', (_, make) => {
    expect(keysIn(make(3)).prefixes).toContain('t0.t1.t2.t0');
    const { keys, complete } = keysIn(make(12));
    expect(keys.map(({ key }) => key)).toContain('port');
    expect(keys.length).toBeLessThan(20_000);
    expect(complete).toBe(false);
  });

  it('describeKeys tolerates types without JSON Schema, and duplicate ids', () => {
    const schema = z.object({
      a: z.string().meta({ id: 'same', description: 'first' }),
      b: z.number().meta({ id: 'same' }),
      map: z.map(z.string(), z.string()).optional(),
      file: z.instanceof(URL).optional(),
      sym: z.symbol().optional(),
      custom: z.custom<string>(() => true),
    });
    expect(keysIn(schema).keys.map(({ key }) => key)).toEqual(expect.arrayContaining(['a', 'b', 'custom']));
    expect(one(schema, 'a')?.description).toBe('first');
    const ark = type({
      n: type('number').narrow((n) => n > 3),
      u: type.instanceOf(URL),
      d: 'Date',
      b: 'bigint',
    });
    expect(keysIn(ark).keys.map(({ key, type: words }) => [key, words])).toEqual(
      expect.arrayContaining([
        ['n', 'a number'],
        ['d', 'a date, as in 2030-12-31'],
        ['b', 'a whole number'],
      ]),
    );
  });

  it('describeKeys records the reads of an unknown library and is incomplete', () => {
    const validate = vi.fn((input: unknown) => {
      const { db, flag } = input as { db: { host: unknown; [name: string]: unknown }; flag?: unknown };
      return {
        value: {
          host: db.host,
          port: 'port' in db ? db.port : 1,
          flag,
          d: Object.getOwnPropertyDescriptor(db, 'd'),
        },
      };
    });
    const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'mine', validate } };
    const { keys, prefixes: open, complete } = keysIn(schema);
    expect(keys.map(({ key }) => key)).toEqual(['db.host', 'db.port', 'db.d', 'flag']);
    expect(open).toContain('');
    expect(complete).toBe(false);
    expect(keys[0]).not.toHaveProperty('required');
    keysIn(schema);
    expect(validate).toHaveBeenCalledTimes(1);
  });

  it('describeKeys tolerates libraries that throw or never stop reading', async () => {
    const throwing: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'mine',
        validate: (input) => {
          void (input as { a: unknown }).a;
          throw new Error('no');
        },
      },
    };
    expect(keysOf(throwing)).toEqual(['a']);
    const endless: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'mine',
        validate: (input) => {
          for (let i = 0; ; i++) void (input as Record<string, unknown>)[`k${i % 10}`];
        },
      },
    };
    expect(keysOf(endless)).toHaveLength(10);
    const deep: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'mine',
        validate: async (input) => {
          for (let at = input; at; at = (at as { a: unknown }).a) void at;
          return Promise.reject(new Error('no'));
        },
      },
    };
    expect(keysOf(deep)).toHaveLength(1);
    const broken = Object.assign(z.object({ a: z.string() }), {});
    const standard = {
      ...broken['~standard'],
      jsonSchema: {
        input: () => {
          throw new Error('no');
        },
      },
    };
    expect(keysOf({ '~standard': standard } as unknown as StandardSchemaV1)).toEqual(['a']);
  });

  it('wantedBy lists the wanted keys below a section', () => {
    const schema = z.object({ a: z.object({ b: z.string() }), r: z.record(z.string(), z.string()) });
    expect(wantedBy(shapeOf(schema), 'acme.api')).toEqual({
      keys: ['acme.api.a.b'],
      prefixes: ['acme.api.r'],
    });
    expect(wantedBy(shapeOf(z.looseObject({})), 'acme')).toEqual({ keys: [], prefixes: ['acme'] });
    expect(wantedBy(shapeOf(z.number()), 'acme.port')).toEqual({ keys: ['acme.port'], prefixes: [] });
  });
});
