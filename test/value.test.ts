import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConfigValue, frozen, isPlain, sameValue } from '../src/value.ts';

describe('a frozen copy', () => {
  it('is frozen all through, and leaves the original as it is', () => {
    const original = { a: [{ b: 1 }], c: { d: null } };
    const copy = frozen(original);
    expect(copy).toEqual(original);
    expect([copy, copy.a, copy.a[0], copy.c].every(Object.isFrozen)).toBe(true);
    expect([original, original.a, original.a[0], original.c].some(Object.isFrozen)).toBe(false);
  });

  it('leaves instances alone: no object of the user’s is frozen in place', () => {
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

  it('pollutes no prototype by a name of __proto__', () => {
    const copy = frozen(JSON.parse('{"__proto__":{"polluted":[1]}}'));
    expect(Object.keys(copy)).toEqual(['__proto__']);
    expect(copy.polluted).toBeUndefined();
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });
});

describe('plain', () => {
  it('is what a literal or Object.create(null) makes', () => {
    expect([{}, Object.create(null), JSON.parse('{}')].every(isPlain)).toBe(true);
    expect([null, [], new Date(), Object.create({}), 'x', undefined, () => 0].some(isPlain)).toBe(false);
  });
});

describe('the same value', () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<ConfigValue>;

  it('is one that reads the same, whatever the order of its names', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(sameValue(value, structuredClone(value) as ConfigValue)).toBe(true);
      }),
    );
    expect(sameValue({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(sameValue(0, -0)).toBe(true);
    expect(sameValue(Number.NaN, Number.NaN)).toBe(true);
  });

  it('differs in type, length, names or order of a list', () => {
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
