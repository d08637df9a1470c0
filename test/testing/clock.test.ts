import { describe, expect, it, vi } from 'vitest';
import { manualClock } from '../../src/testing/index.ts';

describe('manualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = manualClock(1_000);
    expect(clock.now()).toBe(1_000);
    await clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it('calls back in the order of time, and tells the right time meanwhile', async () => {
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

  it('passes what is only started on the way', async () => {
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

  it('does not call back who has cancelled', async () => {
    const clock = manualClock(0);
    const log: string[] = [];
    const cancel = clock.after(10, () => log.push('called'));
    cancel();
    cancel();
    await clock.advance(100);
    expect(log).toEqual([]);
  });

  it('moves on until an answer is there, and no further', async () => {
    const clock = manualClock(0);
    const answer = new Promise<string>((done) => clock.after(230, () => done('there')));
    expect(await clock.until(answer)).toBe('there');
    expect(clock.now()).toBe(250);
    await expect(clock.until(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(clock.now()).toBe(250);
  });

  it('overtakes nothing that happens in real time', async () => {
    const clock = manualClock(0);
    const answer = new Promise<string>((done, refuse) => {
      clock.after(10_000, () => refuse(new Error('too late')));
      setTimeout(() => done('in time'), 5);
    });
    expect(await clock.until(answer)).toBe('in time');
  });

  it('gives up on an answer that waits for another clock', async () => {
    vi.stubGlobal('setTimeout', (then: () => void) => setImmediate(then)); // its pauses, which are real
    const { manualClock: hasty } = (await import('../../src/testing/clock.ts?hasty' as string)) as {
      manualClock: typeof manualClock;
    };
    vi.unstubAllGlobals();
    const answer = hasty().until(new Promise(() => {}));
    await expect(answer).rejects.toThrow('no answer within 20000 steps of 50 ms');
  });
});
