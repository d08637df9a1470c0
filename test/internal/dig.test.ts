import { describe, expect, it } from 'vitest';
import { dig } from '../../src/internal/dig.ts';

describe('what stands at a key inside a value', () => {
  const tree = { a: { b: 0, 'x.y': [1, { c: 2 }] }, n: null };

  it('is a leaf, a section, or the value itself', () => {
    expect(dig(tree, 'a.b')).toBe(0);
    expect(dig(tree, 'a."x.y"')).toBe(tree.a['x.y']);
    expect(dig(tree, 'n')).toBeNull();
    expect(dig(tree, 'a')).toBe(tree.a);
    expect(dig('text', '')).toBe('text');
  });

  it.each(['b', 'a.c', 'a.b.c', 'n.a', 'a."x.y".0', 'a."x.y".length', 'toString', 'a.hasOwnProperty'])(
    'is nothing at %s',
    (key) => {
      expect(dig(tree, key)).toBeUndefined();
    },
  );
});
