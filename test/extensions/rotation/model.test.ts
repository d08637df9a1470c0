// Random histories of two orchestrators: steps that are killed or stall, a store or a target that is down, a
// clock that jumps, edits by hand, a target that forgets. However they go, a calm end repairs everything.
// Runs longer with PROPERTY_RUNS.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RotationLock, rotate, type StepResult } from '../../../src/extensions/rotation/index.ts';
import { type ManualClock, manualClock } from '../../../src/testing/clock.ts';
import { runs } from '../../support/runs.ts';
import { type Backend, backends, Points } from './stores.ts';
import { type TargetWorld, targets } from './targets.ts';

const hour = 3_600_000;
const schedule = { everyMs: 100 * hour, overlapMs: 10 * hour, graceMs: 10 * hour };

type Action =
  | {
      readonly do: 'step';
      readonly process: 0 | 1;
      readonly killAfter?: number;
      readonly stallAfter?: number;
    }
  | { readonly do: 'wake' | 'edit' | 'forget' | 'storeDown' | 'targetDown' | 'up' }
  | { readonly do: 'advance' | 'jump'; readonly hours: number }
  | { readonly do: 'use'; readonly count: number };

const point = fc.option(fc.nat(45), { nil: undefined, freq: 3 });
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .record({ process: fc.constantFrom(0 as const, 1 as const), killAfter: point, stallAfter: point })
        .map(
          ({ process, killAfter, stallAfter }): Action => ({
            do: 'step',
            process,
            ...(killAfter !== undefined && { killAfter }),
            ...(stallAfter !== undefined && { stallAfter }),
          }),
        ),
    },
    {
      weight: 3,
      arbitrary: fc.integer({ min: 1, max: 120 }).map((hours) => ({ do: 'advance' as const, hours })),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: -500, max: 500 }).map((hours) => ({ do: 'jump' as const, hours })),
    },
    { weight: 1, arbitrary: fc.nat(2).map((count) => ({ do: 'use' as const, count })) },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom('wake', 'edit', 'forget', 'storeDown', 'targetDown', 'up')
        .map((name) => ({ do: name as 'wake' })),
    },
  ),
  { maxLength: 25 },
);

class History {
  readonly #clock: ManualClock;
  readonly #world: TargetWorld;
  readonly #backend: Backend;
  readonly #isLease: boolean;
  #offset = 0;
  #edits = 0;
  #isHeld = false;
  #isStoreDown = false;
  #isTargetDown = false;
  /** Steps that stall, and how to wake them. */
  readonly #stalled = new Set<{ readonly wake: () => void; readonly end: Promise<unknown> }>();

  constructor(
    openBackend: (typeof backends)[number][1],
    openTarget: (typeof targets)[number][1],
    isLease: boolean,
  ) {
    this.#clock = manualClock();
    this.#world = openTarget();
    this.#backend = openBackend(this.#world.first, () => this.#now());
    this.#isLease = isLease;
  }

  #now(): number {
    return this.#clock.now() + this.#offset;
  }

  get isAccepted(): boolean {
    return this.#world.accepts(this.#backend.current());
  }

  get live(): number {
    return this.#world.live();
  }

  async run(action: Action): Promise<void> {
    switch (action.do) {
      case 'step': {
        const { stallAfter, killAfter } = action;
        const result = await this.step({ stallAfter, killAfter });
        const isAlone = this.#stalled.size === 0;
        if (isAlone && result !== undefined && result !== 'busy') expect(this.isAccepted, result).toBe(true);
        return;
      }
      case 'wake':
        for (const { wake, end } of this.#stalled) {
          wake();
          await end;
        }
        return;
      case 'edit':
        return this.#backend.edit({ ...(this.#backend.current() as object), host: `host-${++this.#edits}` });
      case 'forget':
        return this.#world.forget(this.#backend.current());
      case 'storeDown':
        this.#isStoreDown = true;
        return;
      case 'targetDown':
        this.#isTargetDown = true;
        return;
      case 'up':
        this.#isStoreDown = false;
        this.#isTargetDown = false;
        return;
      case 'advance':
        return this.#clock.advance(action.hours * hour);
      case 'jump':
        this.#offset += action.hours * hour;
        return;
      case 'use':
        this.#world.inUse = action.count;
    }
  }

  /** One step of a process. Undefined if it fails, or stalls: then it goes on when it is woken. */
  async step({
    stallAfter,
    killAfter,
  }: {
    readonly stallAfter?: number | undefined;
    readonly killAfter?: number | undefined;
  }): Promise<StepResult | undefined> {
    const [toStore, toTarget] = [new Points(), new Points()];
    toStore.down = this.#isStoreDown;
    toTarget.down = this.#isTargetDown;
    let passed = 0;
    let isStalled: (() => void) | undefined;
    const stalling = new Promise<void>((resolve) => {
      isStalled = resolve;
    });
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const pause = (): Promise<void> | undefined => {
      const at = passed++;
      if (at === killAfter) throw new Error('killed');
      if (at !== stallAfter) return undefined;
      isStalled?.();
      return woken;
    };
    toStore.pause = pause;
    toTarget.pause = pause;
    const rotation = rotate(this.#backend.open(toStore), this.#world.open(toTarget), {
      lock: this.#lock(),
      revoke: 'auto',
      clock: { ...this.#clock, now: () => this.#now() },
      settleMs: 0,
      timeoutMs: Number.MAX_SAFE_INTEGER,
      ...schedule,
    });
    const stepping = rotation.step().catch(() => undefined);
    const outcome = await Promise.race([stepping, stalling.then(() => 'stalled' as const)]);
    if (outcome !== 'stalled') return outcome;
    const stalled = { wake, end: stepping };
    this.#stalled.add(stalled);
    void stepping.then(() => this.#stalled.delete(stalled));
    return undefined;
  }

  /** A lock that a stalled process keeps, or a lease that others get meanwhile. */
  #lock(): RotationLock {
    if (this.#isLease) return { run: (_name, step) => step({}) };
    return {
      run: async (_name, step) => {
        if (this.#isHeld) return undefined;
        this.#isHeld = true;
        try {
          return await step({});
        } finally {
          this.#isHeld = false;
        }
      },
    };
  }

  /** Everything works again. Returns what the last step said. */
  async calm(): Promise<StepResult | undefined> {
    await this.run({ do: 'up' });
    await this.run({ do: 'wake' });
    this.#world.inUse = 0;
    let last: StepResult | undefined;
    for (let steps = 0; steps < 12; steps++) {
      last = await this.step({});
      if (steps > 0) expect(this.isAccepted, `after ${last}`).toBe(true);
      if (last === 'idle') break;
      await this.#clock.advance(11 * hour);
    }
    return last;
  }

  state() {
    return this.#backend.open(new Points()).read();
  }
}

describe.each(backends)('any history with %s', (store, openBackend) => {
  it.each(targets)('two orchestrators of %s end well', async (target, openTarget) => {
    const property = fc.asyncProperty(actions, fc.boolean(), async (all, isLease) => {
      const history = new History(openBackend, openTarget, isLease);
      for (const action of all) await history.run(action);
      expect(await history.calm()).toBe('idle');
      expect(history.isAccepted).toBe(true);
      expect((await history.state()).previous).toBeUndefined();
      // of keys, a process that dies as it makes one, before an edit by hand, leaves one over
      if (!isLease && target !== 'generated keys') expect(history.live).toBe(1);
    });
    await fc.assert(property, { numRuns: runs(25, 400) });
    expect(store).not.toBe('');
  });
});
