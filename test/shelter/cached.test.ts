import { describe, expect, it } from 'vitest';
import { Cached } from '../../src/shelter/cache/cache.ts';

const at = 1_000_000;
const cached = (freshMs: number, endsMs = Number.POSITIVE_INFINITY): Cached<string> =>
  new Cached('value', 'key', at, 1, at + freshMs, at + endsMs, 0);

describe('a cached result', () => {
  it('isFresh is true until its fresh life or its end is over', () => {
    expect([0, 99, 100].map((ms) => cached(100).isFresh(at + ms))).toEqual([true, true, false]);
    expect([0, 49, 50].map((ms) => cached(100, 50).isFresh(at + ms))).toEqual([true, true, false]);
  });

  it('isFresh is false once it is invalidated', () => {
    const invalidated = cached(100);
    invalidated.invalidated = true;
    expect(invalidated.isFresh(at)).toBe(false);
  });

  it('isServable adds a grace to the fresh life, and none to the end', () => {
    expect([199, 200].map((ms) => cached(100).isServable(at + ms, 100))).toEqual([true, false]);
    expect([149, 150].map((ms) => cached(100, 150).isServable(at + ms, 100))).toEqual([true, false]);
  });

  it('isServable is true for an invalidated result, which may serve an outage', () => {
    const invalidated = cached(100);
    invalidated.invalidated = true;
    expect(invalidated.isServable(at, 0)).toBe(true);
  });

  it('endsBy is true from its end on', () => {
    expect([49, 50].map((ms) => cached(100, 50).endsBy(at + ms))).toEqual([false, true]);
    expect(cached(100).endsBy(Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});
