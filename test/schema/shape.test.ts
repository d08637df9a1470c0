import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fromJsonSchema } from '../../src/schema/json-schema.ts';
import { keysIn } from '../../src/schema/keys.ts';
import { both, either, leaf, shapeAt, unknown } from '../../src/schema/shape.ts';
import { shapeOf } from '../../src/schema/shape-of.ts';

const kindsAt = (schema: Parameters<typeof shapeOf>[0], ...path: string[]) => [
  ...(shapeAt(shapeOf(schema), path)?.kinds ?? []),
];

describe('shapes', () => {
  it('a union accepts what any alternative does and requires what all do', () => {
    const schema = z.union([
      z.object({
        type: z.literal('a'),
        x: z.string(),
        list: z.array(z.string()),
        rec: z.record(z.string(), z.number()),
      }),
      z.object({
        type: z.literal('b'),
        x: z.number(),
        list: z.array(z.number()),
        rec: z.record(z.string(), z.string()),
      }),
    ]);
    expect(kindsAt(schema, 'x')).toEqual(['string', 'number']);
    expect(kindsAt(schema, 'list', '0')).toEqual(['string', 'number']);
    expect(kindsAt(schema, 'rec', 'any')).toEqual(['number', 'string']);
    expect([...shapeOf(schema).required]).toEqual(['type', 'x', 'list', 'rec']);
    const check = shapeAt(shapeOf(schema), ['x'])?.check;
    expect([check?.('x'), check?.(5), check?.(true)]).toEqual([true, true, false]);
  });

  it('a union with an unknown alternative is unknown', () => {
    expect(either([])).toBe(unknown);
    expect(either([leaf('string', 'a string'), unknown])).toMatchObject({ open: true });
    expect(either([leaf('string', 'a string'), unknown])).not.toHaveProperty('kinds');
  });

  it('the shape of an intersection checks all its parts', () => {
    const at = both(
      { ...leaf('number', 'a'), check: (n) => (n as number) > 1 },
      { ...leaf('number', 'b'), check: (n) => (n as number) < 3 },
    );
    expect([at.check?.(0), at.check?.(2), at.check?.(4)]).toEqual([false, true, false]);
  });

  it('shapeAt follows tuples, lists and records', () => {
    const schema = z.object({ t: z.tuple([z.string(), z.number()]), n: z.object({ a: z.string() }) });
    expect(kindsAt(schema, 't', '1')).toEqual(['number']);
    expect(shapeAt(shapeOf(schema), ['t', '5'])).toBeUndefined();
    expect(shapeAt(shapeOf(schema), ['n', 'b', 'c'])).toBeUndefined();
    expect(shapeAt(undefined, [])).toBeUndefined();
    const items = v.object({ t: v.tuple([v.string(), v.number()]), l: v.array(v.boolean()) });
    expect(kindsAt(items, 't', '1')).toEqual(['number']);
    expect(kindsAt(items, 'l', '7')).toEqual(['boolean']);
  });
});

describe('JSON Schema', () => {
  it('a JSON Schema is followed through references, escaped names and patterns', () => {
    const shape = fromJsonSchema({
      type: 'object',
      properties: {
        a: { $ref: '#/$defs/odd~1name' },
        tree: { $ref: '#/$defs/tree' },
        lost: { $ref: '#/$defs/nowhere' },
        yes: true,
        type: { enum: ['x', null, 5, [1], { o: 1 }] },
        any: {},
      },
      patternProperties: { '^x-': { type: 'integer' } },
      additionalProperties: { type: 'string' },
      $defs: {
        'odd/name': { type: ['string', 'null'] },
        tree: { type: 'object', properties: { inner: { $ref: '#/$defs/tree' } } },
      },
    });
    expect([...(shapeAt(shape, ['a'])?.kinds ?? [])]).toEqual(['string', 'null']);
    expect(shapeAt(shape, ['tree', 'inner'])?.open).toBe(true);
    expect(shapeAt(shape, ['lost'])?.open).toBe(true);
    expect(shapeAt(shape, ['yes'])?.open).toBe(true);
    expect(shapeAt(shape, ['any'])?.open).toBe(true);
    expect([...(shapeAt(shape, ['type'])?.kinds ?? [])]).toEqual([
      'string',
      'null',
      'number',
      'list',
      'section',
    ]);
    expect([...(shapeAt(shape, ['x-1'])?.kinds ?? [])]).toEqual(['string', 'integer']);
  });

  it('a JSON Schema may omit the type of a section', () => {
    const shape = fromJsonSchema({
      properties: { s: { allOf: [{ $ref: '#/$defs/s' }], description: 'Mine' } },
      $defs: { s: { type: 'string', 'x-secret': true } },
    });
    expect(shapeAt(shape, ['s'])).toMatchObject({ secret: true, description: 'Mine' });
    expect(fromJsonSchema({ additionalProperties: { type: 'number' } }).kinds).toEqual(new Set(['section']));
    expect(fromJsonSchema({ type: 'strange' }).kinds).toEqual(new Set(['string']));
  });
});

describe('valibot', () => {
  it('the shape of a valibot schema ends at a transformation', () => {
    const schema = v.object({
      regex: v.pipe(v.string(), v.regex(/^a/)),
      some: v.pipe(v.array(v.string()), v.nonEmpty()),
      e: v.enum({ A: 'a', B: 'b' }),
      mixed: v.picklist([1, 'a']),
      piped: v.pipe(v.string(), v.transform(Number), v.number(), v.description('Behind')),
      twice: v.pipe(v.object({ a: v.string() }), v.object({ a: v.string(), b: v.optional(v.string()) })),
      req: v.nonOptional(v.optional(v.string())),
      exact: v.exactOptional(v.number()),
      big: v.pipe(v.bigint(), v.minValue(1n)),
      tuple: v.tupleWithRest([v.string()], v.number()),
      lit: v.null(),
      when: v.date(),
      inst: v.instance(URL),
      stamp: v.pipe(v.string(), v.isoTimestamp()),
      gt: v.pipe(v.number(), v.gtValue(1), v.ltValue(3)),
    });
    expect(Object.fromEntries(keysIn(schema).keys.map(({ key, type }) => [key, type]))).toEqual({
      regex: 'a string that matches /^a/',
      some: 'a list of at least 1 item, each item a string',
      e: 'one of "a", "b"',
      mixed: 'one of 1, "a"',
      piped: 'a string',
      'twice.a': 'a string',
      'twice.b': 'a string',
      req: 'a string',
      exact: 'a number',
      big: 'a whole number',
      tuple: 'a list',
      lit: 'null',
      when: 'a date, as in 2030-12-31',
      inst: undefined,
      stamp: 'a date and time, as in 2030-12-31T23:59:59Z',
      gt: 'a number, greater than 1 and less than 3',
    });
    expect(keysIn(schema).keys.find(({ key }) => key === 'piped')?.description).toBe('Behind');
    expect(keysIn(schema).keys.find(({ key }) => key === 'exact')?.required).toBe(false);
  });
});
