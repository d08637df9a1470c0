import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigValue, frozen, isPlain, sameValue } from '../src/value.ts';

describe('frozen', () => {
  it('makes a deeply frozen copy, and leaves the original unfrozen', () => {
    const original = { a: [{ b: 1 }], c: { d: null } };
    const copy = frozen(original);
    expect(copy).toEqual(original);
    expect([copy, copy.a, copy.a[0], copy.c].every(Object.isFrozen)).toBe(true);
    expect([original, original.a, original.a[0], original.c].some(Object.isFrozen)).toBe(false);
  });

  it('does not copy or freeze class instances', () => {
    class Own {}
    const instances = {
      date: new Date(0),
      url: new URL('http://h'),
      own: new Own(),
      bytes: new Uint8Array(1),
    };
    const copy = frozen(instances);
    for (const name of ['date', 'url', 'own', 'bytes'] as const) {
      expect(copy[name]).toBe(instances[name]);
      expect(Object.isFrozen(copy[name])).toBe(false);
    }
    expect(frozen(5)).toBe(5);
    expect(frozen(undefined)).toBeUndefined();
  });

  it('changes no prototype through a name of __proto__', () => {
    const copy = frozen(JSON.parse('{"__proto__":{"polluted":[1]}}'));
    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect(copy.polluted).toBeUndefined();
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });
});

describe('isPlain', () => {
  it('accepts only literals and objects without a prototype', () => {
    expect([{}, Object.create(null), JSON.parse('{}')].every(isPlain)).toBe(true);
    expect([null, [], new Date(), Object.create({}), 'x', undefined, () => 0].some(isPlain)).toBe(false);
  });
});

describe('sameValue', () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<ConfigValue>;

  it('ignores the order of names', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(sameValue(value, structuredClone(value) as ConfigValue)).toBe(true);
      }),
    );
    expect(sameValue({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(sameValue(0, -0)).toBe(true);
    expect(sameValue(Number.NaN, Number.NaN)).toBe(true);
  });

  it('compares types, lengths, names and the order of lists', () => {
    const pairs: [ConfigValue, ConfigValue][] = [
      [1, '1'],
      [null, false],
      [null, {}],
      [[], {}],
      [[1], [1, 2]],
      [{ a: 1 }, { b: 1 }],
      [{ a: 1 }, { a: 1, b: 1 }],
      [
        [1, 2],
        [2, 1],
      ],
      [1n, 1],
      ['', null],
      [{ a: 1, b: 2 } as ConfigValue, { a: 1, toString: 2 } as unknown as ConfigValue],
      [{ toString: 1 } as unknown as ConfigValue, { a: 1 }],
    ];
    for (const [a, b] of pairs) expect([sameValue(a, b), sameValue(b, a)]).toEqual([false, false]);
  });
});
