import { inspect } from 'node:util';
import { type } from 'arktype';
import * as v from 'valibot';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { z as zod3 } from 'zod/v3';
import {
  type ConfigError,
  EnvProvider,
  loadConfig,
  MemoryProvider,
  type Problem,
  ProviderChain,
  type StandardSchemaV1,
} from '../../src/index.ts';
import { drivers } from '../support/drivers.ts';

let load: (typeof drivers)[number][1];

async function problems(schema: StandardSchemaV1, tree: unknown, options = {}): Promise<readonly Problem[]> {
  try {
    await load(schema, new MemoryProvider(tree as never), options);
  } catch (error) {
    return (error as ConfigError).problems ?? [];
  }
  throw new Error('the configuration was accepted');
}
const only = async (schema: StandardSchemaV1, value: unknown): Promise<string | undefined> =>
  (await problems(z.object({ x: schema as z.ZodType }), { x: value }))[0]?.message;

describe.each(drivers)('problems of %s', (_, driver) => {
  beforeAll(() => {
    load = driver;
  });

  it('the hint for a list does not suggest to remove quotes', async () => {
    const [problem] = await problems(z.object({ models: z.array(z.string()) }), { models: 'small' });
    expect(problem?.hint).toBe('Change the value to a list, each item a string');
  });

  it.each([
    [z.number().gt(5), 5, 'expected a number, greater than 5, found 5'],
    [z.number().lt(5), 5, 'expected a number, less than 5, found 5'],
    [z.number().min(2), 1, 'expected a number, at least 2, found 1'],
    [z.number().max(2), 3, 'expected a number, at most 2, found 3'],
    [
      z.array(z.string()).min(2),
      ['a'],
      'expected a list of at least 2 items, each item a string, found ["a"]',
    ],
    [
      z.array(z.string()).max(1),
      ['a', 'b'],
      'expected a list of at most 1 item, each item a string, found ["a","b"]',
    ],
    [z.string().min(2), 'a', 'expected a string of at least 2 characters, found "a"'],
    [z.string().max(1), 'ab', 'expected a string of at most 1 character, found "ab"'],
    [z.null(), 5, 'expected null, found 5'],
    [z.boolean(), 5, 'expected true or false, found 5'],
    [z.bigint(), 5, 'expected a whole number, found 5'],
    [z.date(), true, 'expected a date, as in 2030-12-31, found true'],
    [z.array(z.string()), { a: 1 }, 'expected a list, each item a string, found a section with 1 key'],
    [z.string(), { a: 1, b: 2 }, 'expected a string, found a section with 2 keys'],
    [z.number(), null, 'expected a number, found null'],
    [z.literal(['a', 5]), 'b', 'expected one of "a", 5, found "b"'],
    [z.string().regex(/^a/), 'b', 'expected a string that matches /^a/, found "b"'],
    [z.custom<string>(() => false), 'b', 'Invalid input, found "b"'],
    [z.number().multipleOf(5), 7, 'Invalid number: must be a multiple of 5, found 7'],
  ])('a wrong value is described: $2', async (schema, value, expected) => {
    expect(await only(schema, value)).toBe(expected);
  });

  it('an arktype check on the whole configuration is not a missing key', async () => {
    const schema = type({ a: 'number', b: 'number' }).narrow(
      ({ a, b }, ctx) => a < b || ctx.mustBe('in order'),
    );
    const [problem, ...more] = await problems(schema, { a: 2, b: 1 });
    expect(problem).toMatchObject({ kind: 'wrong', key: '', schemaMessage: 'must be in order' });
    expect(more).toEqual([]);
  });

  it('a check on converted texts is not hidden by their first readings', async () => {
    const schema = zod3
      .object({ n: zod3.number(), m: zod3.number() })
      .refine(({ n, m }) => n < m, 'n must be below m');
    const given = (n: string) =>
      load(schema, new EnvProvider({ prefix: 'APP', env: { APP__N: n, APP__M: '1' } }));
    expect(await given('5').catch((error: ConfigError) => error.problems)).toMatchObject([
      { key: '', schemaMessage: 'n must be below m' },
    ]);
    expect(await given('x').catch((error: ConfigError) => error.problems)).toMatchObject([
      { key: 'n', found: '"x"' },
    ]);
  });

  it('the hint for a date suggests to parse it in the schema', async () => {
    const hint = async (schema: StandardSchemaV1, at: string) =>
      (await problems(schema, { at })).map((problem) => problem.hint);
    for (const schema of [z.object({ at: z.date() }), v.object({ at: v.date() }), type({ at: 'Date' })])
      expect(await hint(schema, '2030-01-02')).toEqual([
        'Parse the date in the schema, as z.coerce.date() does: sources have text, not dates',
      ]);
    expect(await hint(z.object({ at: z.coerce.date() }), '2030-31-31')).toEqual([
      'Change the value to a date, as in 2030-12-31',
    ]);
  });

  it('a problem inside a text shows that part unless it is secret', async () => {
    const schema = z.object({
      list: z.array(z.number()),
      map: z.object({ a: z.number() }),
      key: z.array(z.number()),
    });
    const env = { APP__LIST: '1, x', APP__MAP: '{"a": "y"}', APP__KEY: 'password=fake-one, x' };
    const chain = new ProviderChain([new EnvProvider({ prefix: 'APP', env })]);
    const found = await load(schema, chain).catch((error: ConfigError) => error.problems);
    expect(found).toMatchObject([
      { key: 'list', inside: '[1]', found: '"x"', hint: 'Change this part of APP__LIST to a number' },
      { key: 'map', inside: '.a', found: '"y"', hint: 'Change this part of APP__MAP to a number' },
      { key: 'key', inside: '[0]', found: '[redacted]' },
      { key: 'key', inside: '[1]', found: '[redacted]' },
    ]);
    await expect(chain.require('list', z.array(z.number()))).rejects.toThrow(
      'found "x". Change this part of APP__LIST to a number',
    );
    const split = z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(z.string().min(20)));
    await expect(chain.require('key', split)).rejects.toMatchObject({
      problems: [{ found: '[redacted]' }, { found: '[redacted]' }],
    });
  });

  it('a union is reported by its closest alternative', async () => {
    const zod = z.object({
      u: z.union([z.object({ a: z.string(), b: z.string() }), z.object({ a: z.string(), c: z.number() })]),
    });
    expect((await problems(zod, { u: { a: 'x', c: 'y' } })).map(({ kind, key }) => `${kind} ${key}`)).toEqual(
      ['wrong u.c'],
    );
    const nested = z.object({
      u: z.union([
        z.object({ v: z.union([z.object({ a: z.string() }), z.object({ b: z.string(), c: z.string() })]) }),
        z.string(),
      ]),
    });
    expect((await problems(nested, { u: { v: { a: 5 } } })).map(({ key }) => key)).toEqual(['u.v.a']);
    const valibot = v.object({ u: v.union([v.object({ a: v.string() }), v.string()]) });
    expect((await problems(valibot, { u: { a: 5 } })).map(({ key }) => key)).toEqual(['u.a']);
    const two = v.object({ u: v.union([v.object({ a: v.string() }), v.object({ b: v.string() })]) });
    expect((await problems(two, { u: { a: 5 } })).map(({ key }) => key)).toEqual(['u.a']);
    expect((await problems(two, { u: {} })).map(({ key }) => key)).toEqual(['u.a', 'u.b']);
    const scalars = v.object({ u: v.union([v.number(), v.boolean()]) });
    expect((await problems(scalars, { u: 'x' }))[0]?.message).toBe(
      'expected a number or true or false, found "x"',
    );
    const ark = type({ u: type({ a: 'string' }).or('number') });
    expect((await problems(ark, { u: { a: 5 } }))[0]?.key).toMatch(/^u/);
  });

  it('an unknown key inside a list has the origin of the list', async () => {
    const found = await problems(z.object({ l: z.array(z.strictObject({ a: z.number() })) }), {
      l: [{ a: 1, b: 'fake-value' }],
    });
    expect(found).toMatchObject([{ kind: 'unknown', key: 'l', inside: '[0].b', origin: 'memory l' }]);
  });

  it('a configuration may be a single value', async () => {
    const config = await load(z.number(), new EnvProvider({ prefix: 'APP', env: { APP__PORT: '5' } }), {
      at: 'port',
    });
    expect(config.value).toBe(5);
    expect((await load(z.number(), new EnvProvider({ env: { PORT: '5' } }), { at: 'port' })).value).toBe(5);
    expect(JSON.stringify(config)).toBe('5');
    expect(inspect(config)).toBe('Config (generation 1) 5');
    expect(config.get('anything' as never)).toBeUndefined();
    const [problem] = await problems(z.number(), { port: 'x' }, { at: 'port' });
    expect(problem).toMatchObject({ kind: 'wrong', key: '', found: '"x"' });
  });

  it('a list in a variable is read as JSON', async () => {
    const schema = z.object({ list: z.array(z.object({ n: z.number() })), s: z.string() });
    const config = await load(
      schema,
      new EnvProvider({ prefix: 'APP', env: { APP__LIST: '[{"n":1}]', APP__S: 'x' } }),
    );
    expect(config.value).toEqual({ list: [{ n: 1 }], s: 'x' });
    expect(config.explain('list').notes[0]).toBe(
      'the text "[{\\"n\\":1}]" was read as a list of 1: [{"n":1}]',
    );
  });
});

// zod answers a transform that throws with a promise, which loadConfigSync refuses
describe('problems of loadConfig alone', () => {
  beforeAll(() => {
    load = loadConfig;
  });

  it('a schema that throws is reported with problems in records and lists', async () => {
    const schema = z
      .object({
        d: z.date(),
        r: z.record(z.string(), z.number()),
        l: z.array(z.object({ a: z.string() })),
        any: z.any(),
      })
      .catchall(
        z.string().transform((): string => {
          throw new Error('fake-secret');
        }),
      );
    const found = await problems(schema, { d: 'x', r: { k: 'n' }, l: [{}], any: 1, boom: 'x' });
    expect(found.map(({ kind, key, inside = '' }) => `${kind} ${key}${inside}`)).toEqual([
      'wrong r.k',
      'missing l[0].a',
      'wrong ',
    ]);
  });
});
