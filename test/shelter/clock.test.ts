import { afterEach, describe, expect, it, vi } from 'vitest';
import { later, systemClock } from '../../src/shelter/clock.ts';

afterEach(() => vi.restoreAllMocks());

describe('time', () => {
  const timer = (): NodeJS.Timeout => vi.mocked(setTimeout).mock.results.at(-1)?.value;

  it('keeps the process alive while somebody waits, such as for the next try while a store is down at start-up', () => {
    vi.spyOn(globalThis, 'setTimeout');
    const cancel = systemClock.after(60_000, () => {});
    expect(timer().hasRef()).toBe(true);
    cancel();
  });

  it('keeps no process alive for what nobody waits for, such as a renewal', () => {
    vi.spyOn(globalThis, 'setTimeout');
    const cancel = later(systemClock, 60_000, () => {});
    expect(timer().hasRef()).toBe(false);
    cancel();
  });

  it('lets a clock of two methods do for both', () => {
    const after = vi.fn(() => () => {});
    later({ now: () => 0, after }, 5, () => {});
    expect(after).toHaveBeenCalledWith(5, expect.any(Function));
  });
});
