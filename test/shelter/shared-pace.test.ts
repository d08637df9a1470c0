import { describe, expect, it } from 'vitest';
import type { SharedPace } from '../../src/shelter/index.ts';
import { Pace } from '../../src/shelter/request/pace.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { code, sheltering } from '../support/sheltering.ts';

const never = (): (() => void) => () => {};

/** One pace for all, with its levers. */
function fleet(perSecond: number, processes: number) {
  const clock = manualClock();
  let next = 0;
  const set = { calls: 0, delayMs: 1, isDown: false, clock };
  const shared: SharedPace = {
    processes,
    async take(turns) {
      set.calls++;
      if (set.isDown) throw new Error('away');
      next = Math.max(next, clock.now());
      const waitMs = next - clock.now();
      next += (turns * 1_000) / perSecond;
      await new Promise<void>((done) => void clock.after(set.delayMs, done));
      return { turns, waitMs };
    },
  };
  const starts: number[] = [];
  const paces = Array.from(
    { length: processes },
    () => new Pace({ concurrency: 4, perSecond, shared }, clock),
  );
  /** Each process starts requests of ten milliseconds, as many as it may. */
  const run = async (forMs: number): Promise<void> => {
    const endsAt = clock.now() + forMs;
    const worker = async (pace: Pace): Promise<void> => {
      while (clock.now() < endsAt) {
        if (!pace.tryEnter()) await pace.enter(never);
        starts.push(clock.now());
        await new Promise<void>((done) => void clock.after(10, done));
        pace.leave();
      }
    };
    const all = paces.flatMap((pace) => Array.from({ length: 6 }, () => worker(pace)));
    for (let passed = 0; passed < forMs; passed += 50) await clock.advance(50);
    await clock.until(Promise.all(all), 50);
  };
  /** The most starts in any second. */
  const worst = (): number => {
    let most = 0;
    for (let i = 0, first = 0; i < starts.length; i++) {
      while ((starts[i] as number) - (starts[first] as number) >= 1_000) first++;
      most = Math.max(most, i - first + 1);
    }
    return most;
  };
  return Object.assign(set, { starts, run, worst, paces, shared });
}

describe('a pace that several processes keep together', () => {
  it('starts no more in any second than the limit and one lease, and nearly as many', async () => {
    const set = fleet(200, 5);
    await set.run(3_000);
    expect(set.worst()).toBeLessThanOrEqual(212);
    expect(set.starts.length).toBeGreaterThan(540);
    expect(set.calls / set.starts.length).toBeLessThanOrEqual(0.2);
  });

  it('goes on with the share of each process while the shared pace is away', async () => {
    const set = fleet(100, 5);
    set.isDown = true;
    await set.run(3_000);
    expect(set.worst()).toBeLessThanOrEqual(105);
    expect(set.starts.length).toBeGreaterThan(240);
    expect(set.calls).toBeLessThanOrEqual(20);
  });

  it('spends nothing twice when answers are late', async () => {
    for (const delayMs of [60, 300]) {
      const set = fleet(100, 5);
      set.delayMs = delayMs;
      await set.run(3_000);
      expect(set.worst(), `${delayMs} ms`).toBeLessThanOrEqual(110);
      expect(set.starts.length, `${delayMs} ms`).toBeGreaterThan(130);
    }
  });

  it('does not save turns up', async () => {
    const set = fleet(200, 1);
    await set.run(500);
    await set.clock.advance(10_000);
    set.starts.length = 0;
    await set.run(1_000);
    expect(set.worst()).toBeLessThanOrEqual(212);
  });

  it('copes with one that grants nothing, too much, or garbage', async () => {
    for (const answer of [
      { turns: 0, waitMs: 0 },
      { turns: 1e9, waitMs: -5 },
      {},
      { turns: 2, waitMs: Number.NaN },
    ]) {
      const clock = manualClock();
      let asked = 0;
      const take = async (turns: number) => {
        asked += turns;
        return answer as never;
      };
      const pace = new Pace({ concurrency: 1_000, perSecond: 100, shared: { processes: 1, take } }, clock);
      let starts = 0;
      const all = Array.from({ length: 500 }, async () => {
        if (await pace.enter(never)) starts++;
      });
      await clock.advance(500);
      expect(starts, JSON.stringify(answer)).toBeLessThanOrEqual(asked);
      expect(asked, JSON.stringify(answer)).toBeGreaterThan(0);
      void Promise.all(all);
    }
  });

  it('needs perSecond, and an object with take', () => {
    const shared: SharedPace = { processes: 1, take: async (turns) => ({ turns, waitMs: 0 }) };
    const invalid = expect.objectContaining({ code: 'invalid_option' });
    expect(() => sheltering({}, { limits: { shared } })).toThrow(invalid);
    expect(() => sheltering({}, { limits: { perSecond: 5, shared: {} as SharedPace } })).toThrow(invalid);
  });

  it('a request that gets no turn before its deadline fails with timeout', async () => {
    const shared: SharedPace = { processes: 1, take: async (turns) => ({ turns, waitMs: 20_000 }) };
    const { provider, clock } = sheltering({ a: '1' }, { limits: { perSecond: 5, shared } });
    expect(await clock.until(code(provider.get('a')))).toBe('timeout');
  });
});
