import { describe, expect, it } from 'vitest';
import { dig, digPath, valueAt } from '../../src/internal/dig.ts';
import { inside } from '../../src/value.ts';

const tree = { a: { b: 0, 'x.y': [1, { c: 2 }] }, n: null };

describe('dig', () => {
  it('returns the leaf or the section at a key, or the value itself', () => {
    expect(dig(tree, 'a.b')).toBe(0);
    expect(dig(tree, 'a."x.y"')).toBe(tree.a['x.y']);
    expect(dig(tree, 'n')).toBeNull();
    expect(dig(tree, 'a')).toBe(tree.a);
    expect(dig('text', '')).toBe('text');
    expect(digPath(tree, ['a', 'x.y'])).toBe(tree.a['x.y']);
    expect(digPath('text', [])).toBe('text');
  });

  it.each(['b', 'a.c', 'a.b.c', 'n.a', 'a."x.y".0', 'a."x.y".length', 'toString', 'a.hasOwnProperty'])(
    'finds nothing at %s',
    (key) => {
      expect(dig(tree, key)).toBeUndefined();
    },
  );
});

describe('valueAt', () => {
  it('leads into lists, and finds own properties only', () => {
    expect(valueAt(tree, ['a', 'x.y', 1, 'c'])).toBe(2);
    expect(valueAt(tree, [])).toBe(tree);
    for (const path of [['n', 'a'], ['a', 'b', 'c'], ['toString'], ['a', 'x.y', 2]])
      expect(valueAt(tree, path)).toBeUndefined();
    expect(inside('text', 'length')).toBeUndefined();
  });
});
