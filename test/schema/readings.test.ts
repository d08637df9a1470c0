import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readAs, readings } from '../../src/schema/readings.ts';
import { shapeOf } from '../../src/schema/shape-of.ts';

const first = (text: string, schema: Parameters<typeof shapeOf>[0]) => readings(text, shapeOf(schema))[0];

describe('a string of a known type', () => {
  it.each([
    ['5', z.number(), 5],
    ['-1.5e3', z.number(), -1500],
    [' 7 ', z.number(), 7],
    ['0123', z.number(), '0123'],
    ['0x10', z.number(), '0x10'],
    ['Infinity', z.number(), 'Infinity'],
    ['1e999', z.number(), '1e999'],
    ['9007199254740993', z.number(), '9007199254740993'],
    ['9007199254740993', z.bigint(), 9007199254740993n],
    ['9007199254740993', v.bigint(), 9007199254740993n],
    ['12', type('bigint'), 12n],
    ['true', z.boolean(), true],
    ['True', z.boolean(), 'True'],
    ['1', z.boolean(), '1'],
    ['', z.number(), ''],
    ['null', z.number().nullable(), null],
    ['null', z.string().nullable(), 'null'],
    ['0123', z.string(), '0123'],
    ['true', z.string(), 'true'],
    ['"quoted"', z.string(), '"quoted"'],
    ['2030-01-01', z.date(), '2030-01-01'],
    ['5', z.union([z.string(), z.number()]), '5'],
  ])('the text $0 is read as $2', (text, schema, expected) => {
    expect(first(text, schema)).toEqual(expected);
  });

  it.each([
    ['a, b ,c', z.array(z.string()), ['a', 'b', 'c']],
    ['["a,b", "c"]', z.array(z.string()), ['a,b', 'c']],
    ['1,2', z.array(z.number()), [1, 2]],
    ['1,x', z.array(z.number()), [1, 'x']],
    ['5', z.array(z.number()), [5]],
    ['007', z.array(z.string()), ['007']],
    ['true,false', v.array(v.boolean()), [true, false]],
    ['1,null', z.array(z.number().nullable()), [1, null]],
    ['a,1,2', v.tupleWithRest([v.string()], v.number()), ['a', 1, 2]],
    ['a,5', z.tuple([z.string(), z.number()]), ['a', 5]],
    ['a,b', z.array(z.any()), ['a', 'b']],
    ['{"a":1}', z.object({ a: z.number() }), { a: 1 }],
    ['[1]', z.object({ a: z.number() }), '[1]'],
  ])('the text $0 is read as $2', (text, schema, expected) => {
    expect(first(text, schema)).toEqual(expected);
  });

  it('a string that a schema would coerce wrongly has no reading', () => {
    for (const text of ['', 'no', '0', 'False'])
      expect(readings(text, shapeOf(z.coerce.boolean()))).toEqual([]);
    for (const text of ['', ' ', '0x1']) expect(readings(text, shapeOf(z.coerce.number()))).toEqual([]);
    expect(readings('', shapeOf(z.coerce.bigint().optional()))).toEqual([]);
    expect(readings('x', shapeOf(z.coerce.string()))).toEqual(['x']);
    expect(readings('2030-01-01', shapeOf(z.coerce.date()))).toEqual(['2030-01-01']);
  });
});

describe('a string of an unknown type', () => {
  it('a string is read as itself, as JSON, then as lists', () => {
    expect(readings('1,2', undefined)).toEqual(['1,2', ['1', '2'], [1, 2]]);
    expect(readings('5', undefined)).toEqual(['5', 5, ['5'], [5]]);
    expect(readings('9007199254740993', undefined)).toEqual([
      '9007199254740993',
      9007199254740993n,
      ['9007199254740993'],
      [9007199254740992],
    ]);
    expect(readings('"x"', undefined)).toEqual(['"x"', ['"x"'], ['x']]);
    expect(readings('{"a":[1]}', undefined)).toEqual(['{"a":[1]}', { a: [1] }, ['{"a":[1]}']]);
    expect(readings('a', undefined)).toEqual(['a', ['a']]);
  });

  it('an empty string is read as itself only', () => {
    expect(readings('', undefined)).toEqual(['']);
  });
});

describe('a string that is JSON', () => {
  it('JSON that could reach a prototype or is too deep is not read', () => {
    expect(first('{"__proto__":{"polluted":1}}', z.object({}))).toBe('{"__proto__":{"polluted":1}}');
    expect(first('[{"constructor":1}]', z.array(z.object({})))).toEqual(['[{"constructor":1}]']);
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    expect(first(deep, z.array(z.any()))).toEqual([deep]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

it('readAs describes a reading in words', () => {
  expect([5, 5n, true, 'x', null, [1], { a: 1 }].map((value) => readAs(value as never))).toEqual([
    'a number',
    'a bigint',
    'true or false',
    'a string',
    'null',
    'a list of 1',
    'a section',
  ]);
});
