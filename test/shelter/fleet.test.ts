import { afterEach, describe, expect, it, vi } from 'vitest';
import { sheltered } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { down, FakeSource } from '../support/fake-source.ts';
import { runs } from '../support/runs.ts';

const instances = runs(125, 500);
/** A few instances are spread less evenly. */
const most = Math.max(10, 0.04 * instances);

afterEach(() => {
  vi.restoreAllMocks();
});

/** A seeded random number generator. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a fleet of instances after an outage of ten seconds', () => {
  it('instances spread their probes: less than 4 % in any 100 ms', async () => {
    vi.spyOn(Math, 'random').mockImplementation(dice(7));
    const clock = manualClock(0);
    const resetMs = 10_000;
    const outageUntil = resetMs;
    const requests: number[] = [];
    const fleet = Array.from({ length: instances }, (_, i) => {
      const mine: number[] = [];
      const state = { openedAt: 0 };
      const source = new FakeSource({ token: 'fake' }, { now: clock.now });
      source.befall = ({ at }) => {
        mine.push(at);
        requests.push(at);
        if (at < outageUntil) down();
      };
      const provider = sheltered(source, { clock, resilience: { breaker: { resetMs } } });
      provider.on((event) => {
        if (event.type === 'breaker' && event.state === 'open') state.openedAt = clock.now();
      });
      return { provider, mine, state, turn: i % 25 };
    });
    const stepMs = 20;
    const readAll = async (untilMs: number) => {
      for (let step = 0; clock.now() < untilMs; step++) {
        for (const { provider, turn } of fleet)
          if (turn === step % 25) void provider.get('token').catch(() => {});
        await clock.advance(stepMs);
      }
    };
    await readAll(6_000);
    expect(fleet.every(({ state }) => state.openedAt > 0)).toBe(true);
    // the store is back before the first breaker may probe
    const first = Math.min(...fleet.map(({ state }) => state.openedAt)) + resetMs;
    const failed = requests.length;
    await clock.advance(first - clock.now() - 1_000);
    expect(requests).toHaveLength(failed);
    await readAll(first + 14_000);
    for (const { mine, state } of fleet) {
      const after = mine.filter((at) => at > state.openedAt);
      expect(after[0]).toBeGreaterThanOrEqual(state.openedAt + resetMs);
    }
    const back = requests.slice(failed);
    expect(Math.max(...fleet.map(({ mine, state }) => mine[5]! - state.openedAt))).toBeGreaterThan(
      1.9 * resetMs,
    );
    for (let from = first; from < first + 14_000; from += 10) {
      expect(back.filter((at) => at >= from && at < from + 100).length).toBeLessThan(most);
    }
    expect(
      await Promise.all(fleet.map(async ({ provider }) => (await provider.get('token'))?.value)),
    ).toEqual(Array(instances).fill('fake'));
  });
});
