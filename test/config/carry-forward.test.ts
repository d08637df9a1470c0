import { describe, expect, it } from 'vitest';
import { carryForward } from '../../src/config/carry-forward.ts';
import { makeEntry } from '../../src/entry.ts';
import { ConfigError } from '../../src/index.ts';
import { makeOrigin } from '../../src/origin.ts';

describe('carryForward', () => {
  const origin = makeOrigin({ provider: 'v', source: 'v a' });
  const entry = (key: string, expiresAt?: number) =>
    makeEntry({ key, value: 'x', secret: true, origin, ...(expiresAt && { expiresAt }) });
  const down = new ConfigError('unavailable', 'v is down');
  const gone = { key: 'h', origin, error: new ConfigError('disabled', 'no') };

  it('carryForward keeps entries and holes; expired entries become holes', () => {
    const before = [
      {
        name: 'v',
        entries: [entry('a'), entry('b', 5), { ...entry('c', 5), loose: 'always' as const }],
        holes: [gone],
      },
    ];
    const { layers, stale } = carryForward(
      [{ name: 'v', entries: [], holes: [], tolerated: down }],
      before,
      10,
    );
    expect(layers[0]?.entries.map(({ key }) => key)).toEqual(['a']);
    expect(layers[0]?.holes.map(({ key, loose }) => [key, loose])).toEqual([
      ['h', undefined],
      ['b', undefined],
      ['c', 'always'],
    ]);
    expect([...stale.keys()].map(({ name }) => name)).toEqual(['v']);
  });

  it('credentials of unknown age, because the clock was put back, become holes', () => {
    const old = makeEntry({ key: 'a', value: 'x', secret: true, origin, readAt: 9_000, expiresAt: 99_000 });
    const kept = (now: number) =>
      carryForward(
        [{ name: 'v', entries: [], holes: [], tolerated: down }],
        [{ name: 'v', entries: [old], holes: [] }],
        now,
      ).layers[0]?.entries.length;
    expect([98_999, 99_000, 8_000, 7_999].map(kept)).toEqual([1, 0, 1, 0]);
  });

  it('carryForward keeps nothing if there was nothing, or the source answered', () => {
    const tolerated = { name: 'v', entries: [], holes: [], tolerated: down };
    expect(carryForward([tolerated], [], 10).stale.size).toBe(0);
    expect(carryForward([tolerated], [{ name: 'v', entries: [], holes: [] }], 10).stale.size).toBe(0);
    const answered = { ...tolerated, entries: [entry('z')] };
    expect(carryForward([answered], [{ name: 'v', entries: [entry('a')], holes: [] }], 10).layers).toEqual([
      answered,
    ]);
  });

  it('carryForward keeps only valid leases', () => {
    const unheld = { key: 'db', origin, error: new ConfigError('on_demand', 'would be created') };
    const layer = { name: 'v', entries: [], holes: [unheld, gone] };
    const kept = carryForward(
      [layer],
      [{ name: 'v', entries: [entry('db.user', 20), entry('x')], holes: [] }],
      10,
    ).layers[0];
    expect(kept?.entries.map(({ key }) => key)).toEqual(['db.user']);
    expect(kept?.holes).toEqual([gone]);
    expect(
      carryForward([layer], [{ name: 'v', entries: [entry('db.user', 5)], holes: [] }], 10).layers,
    ).toEqual([layer]);
  });
});
