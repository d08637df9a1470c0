import { describe, expect, it, vi } from 'vitest';
import { manualClock } from '../../src/testing/index.ts';

describe('manualClock', () => {
  it('does not move until it is advanced', async () => {
    const clock = manualClock(1_000);
    expect(clock.now()).toBe(1_000);
    await clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it('runs timers in order, at the time when each is due', async () => {
    const clock = manualClock(0);
    const log: unknown[] = [];
    clock.after(30, () => log.push(['late', clock.now()]));
    clock.after(10, () => log.push(['early', clock.now()]));
    await clock.advance(29);
    expect(log).toEqual([['early', 10]]);
    await clock.advance(1);
    expect(log).toEqual([
      ['early', 10],
      ['late', 30],
    ]);
  });

  it('runs timers that other timers start on the way', async () => {
    const clock = manualClock(0);
    const log: number[] = [];
    const tick = (): void => {
      log.push(clock.now());
      clock.after(10, tick);
    };
    clock.after(10, tick);
    await clock.advance(35);
    expect(log).toEqual([10, 20, 30]);
  });

  it('does not run a cancelled timer', async () => {
    const clock = manualClock(0);
    const log: string[] = [];
    const cancel = clock.after(10, () => log.push('called'));
    cancel();
    cancel();
    await clock.advance(100);
    expect(log).toEqual([]);
  });

  it('until advances only until the promise settles', async () => {
    const clock = manualClock(0);
    const answer = new Promise<string>((done) => clock.after(230, () => done('there')));
    expect(await clock.until(answer)).toBe('there');
    expect(clock.now()).toBe(250);
    await expect(clock.until(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(clock.now()).toBe(250);
  });

  it('until leaves time for work that happens in real time', async () => {
    const clock = manualClock(0);
    const answer = new Promise<string>((done, refuse) => {
      clock.after(10_000, () => refuse(new Error('too late')));
      setTimeout(() => done('in time'), 5);
    });
    expect(await clock.until(answer)).toBe('in time');
  });

  it('until gives up on a promise that waits for another clock', async () => {
    vi.stubGlobal('setTimeout', (then: () => void) => setImmediate(then)); // makes its real pauses short
    const { manualClock: hasty } = (await import('../../src/testing/clock.ts?hasty' as string)) as {
      manualClock: typeof manualClock;
    };
    vi.unstubAllGlobals();
    const answer = hasty().until(new Promise(() => {}));
    await expect(answer).rejects.toThrow('did not settle within 20000 steps of 50 ms');
  });
});
