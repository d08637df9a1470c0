import { afterEach, describe, expect, it, vi } from 'vitest';
import { later, shownNow, steadied, systemClock } from '../../src/shelter/clock.ts';

afterEach(() => vi.restoreAllMocks());

describe('a clock', () => {
  const timer = (): NodeJS.Timeout => vi.mocked(setTimeout).mock.results.at(-1)?.value;

  it('after keeps the process alive until its callback runs', () => {
    vi.spyOn(globalThis, 'setTimeout');
    const cancel = systemClock.after(60_000, () => {});
    expect(timer().hasRef()).toBe(true);
    cancel();
  });

  it('later does not keep the process alive', () => {
    vi.spyOn(globalThis, 'setTimeout');
    const cancel = later(systemClock, 60_000, () => {});
    expect(timer().hasRef()).toBe(false);
    cancel();
  });

  it('a clock without later uses after', () => {
    const after = vi.fn(() => () => {});
    later({ now: () => 0, after }, 5, () => {});
    expect(after).toHaveBeenCalledWith(5, expect.any(Function));
  });
});

describe('a steady clock', () => {
  function inner() {
    const time = { now: 1_000_000, elapsed: 5 };
    const clock = { now: () => time.now, elapsed: () => time.elapsed, after: () => () => {} };
    return { time, clock, steady: steadied(clock) };
  }

  it('a steady clock shows the time of the clock inside while that goes on', () => {
    const { time, steady } = inner();
    for (const ms of [0, 1, 1_000, 86_400_000]) {
      time.now += ms;
      time.elapsed += ms;
      expect([steady.now(), steady.aheadMs]).toEqual([time.now, 0]);
    }
  });

  it('a steady clock counts what has passed since the clock was put back', () => {
    const { time, steady } = inner();
    steady.now();
    time.elapsed += 700;
    time.now -= 3_600_000;
    expect(steady.now()).toBe(1_000_700);
    expect(shownNow(steady)).toBe(time.now);
    time.elapsed += 300;
    time.now += 300;
    expect(steady.now()).toBe(1_001_000);
  });

  it('a clock that was put back by less than has passed is noticed', () => {
    const { time, steady } = inner();
    steady.now();
    time.elapsed += 7_200_000;
    time.now += 3_600_000;
    expect(steady.now()).toBe(1_000_000 + 7_200_000);
  });

  it('a clock that is set ahead is followed, because the machine may have slept', () => {
    const { time, steady } = inner();
    steady.now();
    time.now += 3_600_000;
    expect([steady.now(), steady.aheadMs]).toEqual([time.now, 0]);
  });

  it('small adjustments neither count as put back nor make the time go back', () => {
    const { time, steady } = inner();
    const start = steady.now();
    let last = start;
    for (let i = 0; i < 1_000; i++) {
      time.elapsed += 10;
      time.now += i % 2 ? 3 : 15;
      expect(steady.now()).toBeGreaterThanOrEqual(last);
      last = steady.now();
    }
    expect(last - start).toBeGreaterThanOrEqual(10_000 - 20);
    expect(Number.isInteger(last)).toBe(true);
  });

  it('without elapsed, no time has passed while the clock was put back', () => {
    const { time, clock } = inner();
    const steady = steadied({ now: clock.now, after: clock.after });
    steady.now();
    time.now -= 1_000_000;
    expect(steady.now()).toBe(1_000_000);
    time.now += 5;
    expect(steady.now()).toBe(1_000_005);
  });

  it('all who use one clock have the same steady clock', () => {
    const { clock, steady } = inner();
    expect(steadied(clock)).toBe(steady);
    expect(steadied(steady)).toBe(steady);
  });
});
