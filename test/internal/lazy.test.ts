import { describe, expect, it } from 'vitest';
import { lazy } from '../../src/internal/lazy.ts';

describe('lazy', () => {
  it('makes a thing once, on first use, for all who ask meanwhile', async () => {
    let made = 0;
    const get = lazy(async () => ++made);
    expect(made).toBe(0);
    expect(await Promise.all([get(), get(), get()])).toEqual([1, 1, 1]);
    expect(await get()).toBe(1);
  });

  it('forgets a failure, so that one failed connection does not fail for ever', async () => {
    let tries = 0;
    const get = lazy(async () => {
      if (++tries < 3) throw new Error(`try ${tries}`);
      return tries;
    });
    await expect(Promise.all([get(), get()])).rejects.toThrow('try 1');
    await expect(get()).rejects.toThrow('try 2');
    expect(await get()).toBe(3);
  });
});
