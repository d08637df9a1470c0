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
import { DotEnvProvider } from '../../src/providers/dotenv.ts';
import { EnvProvider } from '../../src/providers/env.ts';

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
  return 'accepted';
};

describe('checkOptions', () => {
  it('accepts options of the right kind, and ignores undefined ones', () => {
    expect(refusal({})).toBe('accepted');
    expect(refusal({ ttlMs: 0, name: 'x', token: undefined })).toBe('accepted');
  });

  it('refuses an unknown option and suggests a similar name', () => {
    expect(refusal({ ttlsM: 1 })).toContain('unknown option "ttlsM". Did you mean ttlMs?');
    expect(refusal({ somethingElse: 1 })).toContain('Use one of ttlMs, name, token');
    expect(refusal({ constructor: 1 })).toContain('unknown option "constructor"');
    expect(refusal({ toString: 1 })).toContain('unknown option');
  });

  it('names the received kind, and never quotes a string', () => {
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

  it('suggests an option for a text in place of the options, without quoting it', () => {
    const received = 'the options must be an object; received a string';
    expect(() => new EnvProvider('token' as never)).toThrow(
      `EnvProvider: ${received}. Pass { prefix: 'APP' }`,
    );
    expect(() => new DotEnvProvider('token' as never)).toThrow(
      `DotEnvProvider: ${received}. Pass { files: ['.env'] } or { prefix: 'APP' }`,
    );
    expect(refusal('token')).not.toContain('prefix');
  });

  it('refuses options that are not an object', () => {
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
    ['a number in a range', aNumber(0, 1), [0, 0.5, 1], [-0.1, 1.1]],
    ['an integer', anInteger(0), [0, 7], [0.5, -1, '1', 2 ** 60]],
    ['an integer in a range', anInteger(1, 3), [1, 3], [0, 4]],
    ['one of several values', oneOf('a', false), ['a', false], ['b', true, 'false']],
    ['a list', listOf(aString), [[], ['x']], [[1], 'x', [''], {}]],
    ['a map', mapOf(aString), [{}, { a: 'x' }], [{ a: 1 }, [], null]],
    ['of either kind', either(aBoolean, aString), [true, 'x'], [1, '']],
    ['a list of names', sensitiveNames, [[], ['pin', /x/]], [['', 'x'], [1], 'pin']],
  ] as const)('checks that an option is %s', (_, check, good, bad) => {
    for (const value of good) expect(refusal({ it: value }, { it: check })).toBe('accepted');
    for (const value of bad)
      expect(refusal({ it: value }, { it: check })).toMatch(/the option it must be .+; received/);
  });
});
