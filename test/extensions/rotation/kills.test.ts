// A process that is killed before or after any call of any step, with each store and each kind of target.
// Another process then goes on.

import { describe, expect, it } from 'vitest';
import { type RotationLock, rotate, type StepResult } from '../../../src/extensions/rotation/index.ts';
import { manualClock } from '../../../src/testing/clock.ts';
import { backends, Points } from './stores.ts';
import { targets } from './targets.ts';

/** One process at a time: the test runs one step after the other. */
const lock: RotationLock = { run: (_name, step) => step({}) };
const schedule = { everyMs: 1_000_000, overlapMs: 1_000, graceMs: 1_000, settleMs: 0 };

/** A rotation that is killed at a point. Returns whether it came that far. */
async function killedAt(
  point: number,
  openBackend: (typeof backends)[number][1],
  openTarget: (typeof targets)[number][1],
): Promise<boolean> {
  const clock = manualClock();
  const world = openTarget();
  const backend = openBackend(world.first, clock.now);
  const old = backend.current();
  const points = new Points();
  points.killAt = point;
  const overlaps = world.open(points).overlap;
  points.onEffect = () => {
    if (overlaps) expect(world.accepts(backend.current()), 'the current secret is refused').toBe(true);
  };
  const results: StepResult[] = [];
  for (let tries = 0; tries < 12; tries++) {
    const store = backend.open(points);
    const rotation = rotate(store, world.open(points), { lock, revoke: 'auto', clock, ...schedule });
    const isBegun = JSON.stringify(backend.current()) !== JSON.stringify(old);
    const result = await rotation.step({ begin: !isBegun }).catch(() => 'killed' as const);
    if (result === 'killed') continue;
    expect(world.accepts(backend.current())).toBe(true);
    results.push(result);
    if (isBegun && result === 'idle') break;
    await clock.advance(600);
  }
  const state = await backend.open(new Points()).read();
  expect(results.at(-1), results.join()).toBe('idle');
  expect(world.accepts(backend.current())).toBe(true);
  expect(world.accepts(old)).toBe(false);
  expect(world.live()).toBe(1);
  expect([state.pending, state.previous]).toEqual([undefined, undefined]);
  const { user, password, key, ...others } = backend.current() as Record<string, string>;
  const { user: _user, password: _password, key: _key, ...before } = world.first as Record<string, string>;
  expect(others).toEqual(before);
  return points.isKilled;
}

describe.each(backends)('a rotation with %s', (_store, openBackend) => {
  it.each(targets)(
    'a rotation of %s ends well, wherever a process is killed',
    async (_target, openTarget) => {
      let point = 0;
      while (await killedAt(point, openBackend, openTarget)) point++;
      expect(point).toBeGreaterThan(20);
    },
  );
});
