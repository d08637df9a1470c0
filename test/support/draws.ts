import fc from 'fast-check';
import { beforeEach } from 'vitest';

// The same draws and the same chances in every run; PROPERTY_SEED makes others.
const seed = Number(process.env.PROPERTY_SEED ?? 1);
fc.configureGlobal({ seed });

/** A test sees the same chances whatever ran before it. */
beforeEach(() => {
  Math.random = chances(seed);
});

/** Mulberry32: small, and even enough for what waits a random while. */
function chances(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
