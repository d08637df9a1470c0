import { describe, expect, it } from 'vitest';
import { jsonObject, jsonValue, textOf } from '../../src/formats/json-text.ts';

describe('jsonObject', () => {
  it('reads the JSON of an object and returns undefined for other text', () => {
    expect(jsonObject(' {"a":[1,{"b":null}]}')).toEqual({ tree: { a: [1, { b: null }] }, fault: undefined });
    for (const text of ['', '[1]', '{broken', '{"a":1} and more', '{{ template }}'])
      expect(jsonObject(text)).toBeUndefined();
  });

  it('reports a duplicate key, however it is escaped', () => {
    expect(jsonObject('{"a":1,"\\u0061":2}')?.fault).toBe('a duplicate key');
    expect(jsonObject('[{"a":1,"a":2}]')).toBeUndefined();
    expect(jsonObject('{"list":[{"a":1,"a":2}]}')?.fault).toBe('a duplicate key');
  });

  it('reports a number that loses digits, but not digits in a string', () => {
    for (const number of ['9007199254740993', '-12345678901234567890', '1e999'])
      expect(jsonObject(`{"a":${number}}`)?.fault).toContain('lose digits');
    for (const harmless of ['9007199254740991', '1e300', '"9007199254740993"', '"\\"9007199254740993"'])
      expect(jsonObject(`{"a":${harmless},"b":1e300}`)?.fault).toBeUndefined();
  });
});

describe('textOf and jsonValue', () => {
  it('textOf writes a value that reads back the same', () => {
    const value = { list: [1, 'a', null, { deep: true }], small: 0.5 };
    expect(JSON.parse(textOf(value, 'store'))).toEqual(value);
    expect([textOf('{"a":1}', 'store'), textOf(7, 'store'), textOf(2n ** 70n, 'store')]).toEqual([
      '{"a":1}',
      '7',
      `${2n ** 70n}`,
    ]);
    expect(jsonValue({ a: [7n] }, 'store')).toEqual({ a: [7] });
  });

  it.each([Number.POSITIVE_INFINITY, 2 ** 60, [2n ** 60n], { a: Number.NaN }])(
    'textOf refuses a number that would lose digits, without quoting it: %s',
    (value) => {
      expect(() => textOf(value, 'store')).toThrow(
        /^store: the value contains a number that would lose digits/,
      );
    },
  );
});
