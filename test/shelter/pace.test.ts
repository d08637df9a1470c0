import { describe, expect, it } from 'vitest';
import { steadied } from '../../src/shelter/clock.ts';
import { Pace } from '../../src/shelter/request/pace.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { sheltering } from '../support/sheltering.ts';

const never = (): (() => void) => () => {};

describe('the pace', () => {
  it('at most `concurrency` requests run at a time, in order of arrival', async () => {
    const documents = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, 'fake']));
    const { provider, source, clock } = sheltering(documents, { limits: { concurrency: 3 } }, { batch: 1 });
    await provider.get('warm');
    source.asked.length = 0;
    let running = 0;
    let most = 0;
    source.befall = async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => void clock.after(10, resolve));
      running--;
    };
    const all = provider.getMany(Object.keys(documents));
    await clock.advance(100);
    expect((await all).size).toBe(20);
    expect(most).toBe(3);
    expect(source.asked.flatMap((one) => one.documents)).toEqual(Object.keys(documents));
  });

  it('at most `perSecond` requests start a second after a first burst', async () => {
    const documents = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'fake']));
    const limits = { concurrency: 5, perSecond: 10 };
    const { provider, source, clock } = sheltering(documents, { limits }, { batch: 1 });
    await provider.get('warm');
    source.asked.length = 0;
    await clock.advance(1_000);
    const start = clock.now();
    const all = provider.getMany(Object.keys(documents));
    await clock.advance(10_000);
    expect([...(await all).values()].every((entry) => entry && 'value' in entry)).toBe(true);
    const at = source.asked.map((one) => one.at - start);
    expect(at.filter((ms) => ms < 100)).toHaveLength(5);
    for (let from = 0; from < 5_000; from += 100)
      expect(at.filter((ms) => ms >= from && ms < from + 1_000).length).toBeLessThanOrEqual(15);
    expect(at.at(-1)).toBeGreaterThanOrEqual(4_400);
    expect(at.at(-1)).toBeLessThanOrEqual(4_700);
  });

  it('the queue moves up when a request leaves it', async () => {
    const pace = new Pace({ concurrency: 1 }, manualClock());
    expect(pace.tryEnter()).toBe(true);
    expect(pace.tryEnter()).toBe(false);
    let giveUp = (): void => {};
    const first = pace.enter((leave) => {
      giveUp = leave;
      return () => {};
    });
    const second = pace.enter(never);
    giveUp();
    giveUp();
    pace.leave();
    expect(await Promise.all([first, second])).toEqual([false, true]);
    pace.leave();
    expect(pace.tryEnter()).toBe(true);
  });

  it('the pace goes on when the clock goes backwards', async () => {
    let now = 1_000_000;
    const clock = manualClock();
    const pace = new Pace({ concurrency: 1, perSecond: 1 }, steadied({ now: () => now, after: clock.after }));
    expect(pace.tryEnter()).toBe(true);
    pace.leave();
    now -= 500_000;
    expect(pace.tryEnter()).toBe(false);
    now += 1_000;
    expect(pace.tryEnter()).toBe(true);
  });
});
