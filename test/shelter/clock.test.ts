import { afterEach, describe, expect, it, vi } from 'vitest';
import { later, systemClock } from '../../src/shelter/clock.ts';

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
