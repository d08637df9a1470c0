import { describe, expect, it } from 'vitest';
import {
  aBoolean,
  aFunction,
  aNumber,
  anInteger,
  anObject,
  anything,
  aString,
  checkOptions,
  either,
  listOf,
  mapOf,
  oneOf,
  sensitiveNames,
} from '../../src/internal/options.ts';

const refusal = (
  options: unknown,
  allowed: Parameters<typeof checkOptions>[2] = { ttlMs: anInteger(0), name: aString, token: aString },
): string => {
  try {
    checkOptions('Thing', options as object, allowed);
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_option' });
    return (error as Error).message;
  }
  return 'taken';
};

describe('options', () => {
  it('are taken when each is what it must be; one that is undefined counts as left out', () => {
    expect(refusal({})).toBe('taken');
    expect(refusal({ ttlMs: 0, name: 'x', token: undefined })).toBe('taken');
  });

  it('are refused with the name that was probably meant', () => {
    expect(refusal({ ttlsM: 1 })).toContain('there is no option "ttlsM". Did you mean ttlMs?');
    expect(refusal({ somethingElse: 1 })).toContain('There are ttlMs, name, token');
    expect(refusal({ constructor: 1 })).toContain('there is no option "constructor"');
    expect(refusal({ toString: 1 })).toContain('there is no option');
  });

  it('are refused with what was received, but never with a text, which may be a secret', () => {
    expect(refusal({ ttlMs: -1 })).toBe(
      'Thing: the option ttlMs must be a whole number, at least 0; received -1',
    );
    expect(refusal({ ttlMs: 'fake-secret' })).toMatch(/received a string$/);
    expect(refusal({ token: ['fake-secret'] })).toMatch(/received a list$/);
    expect(refusal({ token: { a: 'fake-secret' } })).toMatch(/received an object$/);
    expect(refusal({ token: () => 'x' })).toMatch(/received a function$/);
    expect(refusal({ token: '' })).toMatch(/received an empty string$/);
    expect(refusal({ token: null })).toMatch(/received null$/);
    expect(refusal({ ttlMs: Number.NaN })).toMatch(/received NaN$/);
    expect(refusal({ ttlMs: true })).toMatch(/received true$/);
  });

  it('must be an object', () => {
    for (const options of [null, [], 'x', 5, undefined])
      expect(refusal(options)).toContain('options must be an object');
  });

  it.each([
    ['a string', aString, ['x', ' '], ['', 1, null, {}]],
    ['a boolean', aBoolean, [true, false], [0, 'true', null]],
    ['a function', aFunction, [() => 0, class {}], [{}, 'x']],
    ['an object', anObject, [{}, new Map()], [null, [], 'x', () => 0]],
    ['anything', anything, [null, 'x', 0], []],
    ['a number', aNumber(1), [1, 1.5, 1e9], [0.9, Number.NaN, '1', Number.POSITIVE_INFINITY]],
    ['a number between', aNumber(0, 1), [0, 0.5, 1], [-0.1, 1.1]],
    ['an integer', anInteger(0), [0, 7], [0.5, -1, '1', 2 ** 60]],
    ['an integer between', anInteger(1, 3), [1, 3], [0, 4]],
    ['one of', oneOf('a', false), ['a', false], ['b', true, 'false']],
    ['a list', listOf(aString), [[], ['x']], [[1], 'x', [''], {}]],
    ['a map', mapOf(aString), [{}, { a: 'x' }], [{ a: 1 }, [], null]],
    ['either', either(aBoolean, aString), [true, 'x'], [1, '']],
    ['names', sensitiveNames, [[], ['pin', /x/]], [['', 'x'], [1], 'pin']],
  ] as const)('may be checked to be %s', (_, check, good, bad) => {
    for (const value of good) expect(refusal({ it: value }, { it: check })).toBe('taken');
    for (const value of bad)
      expect(refusal({ it: value }, { it: check })).toMatch(/the option it must be .+; received/);
  });
});
