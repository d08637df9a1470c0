import fc from 'fast-check';
import { beforeEach } from 'vitest';

// The same random numbers in every run. Set PROPERTY_SEED for others.
const seed = Number(process.env.PROPERTY_SEED ?? 1);
fc.configureGlobal({ seed });

/** Every test sees the same random numbers, regardless of the tests before it. */
beforeEach(() => {
  Math.random = mulberry32(seed);
});

/** A small generator, uniform enough for random delays. */
function mulberry32(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
