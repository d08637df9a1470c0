import { describe, expect, it } from 'vitest';
import { Hits } from '../../src/shelter/cache/hits.ts';
import { manualClock } from '../../src/testing/index.ts';

/** How many of the first results are still remembered after `count` results. */
function remembered(max: number, count: number): number {
  const hits = new Hits(manualClock(), max);
  const keys = Array.from({ length: count }, (_, i) => `k${i}`);
  for (const key of keys) hits.set(key, undefined, [], Number.POSITIVE_INFINITY);
  return keys.filter((key) => hits.get(key) !== undefined).length;
}

describe('finished results', () => {
  it.each([
    [10_000, 10_000],
    [1, 2_048],
    [1_000_000, 16_384],
  ])('are remembered for a cache of %s documents: at least %s', (max, count) => {
    expect(remembered(max, count)).toBe(count);
  });

  it('are bounded: the older half is dropped when the newer one is full', () => {
    const hits = new Hits(manualClock(), 1);
    for (let i = 0; i < 10_000; i++) hits.set(`k${i}`, undefined, [], Number.POSITIVE_INFINITY);
    expect(hits.get('k0')).toBeUndefined();
    expect(hits.get('k9999')).toBeDefined();
  });
});
