// Random histories of changes, renewals, failures, trials, rollbacks and candidates, against a model that
// knows which values must be in force, under which number. Briefly here; longer with PROPERTY_RUNS.

import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Candidate, type Config, isConfigError, loadConfig } from '../../src/index.ts';
import { ChangingStore } from '../support/changing-store.ts';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 40);
const keep = 3;
const trial = { ms: 400, everyMs: 50 };

/** `a` and `b` are values, `s` is a secret, `l` a lease. */
interface Values {
  readonly a: number;
  readonly b: number;
  readonly s: number;
  readonly l: number;
}
type Patch = Partial<Pick<Values, 'a' | 'b'>>;

const isValid = ({ a, b, s }: Values): boolean => a + b < 4 && !(s === 3 && a === 2);
const Schema = z
  .object({ a: z.number(), b: z.number(), s: z.number(), l: z.number() })
  .refine(isValid, 'the values do not fit');

/** A generation of the model. `raw`: below all patches. */
interface Made {
  readonly number: number;
  readonly raw: Pick<Values, 'a' | 'b'>;
  readonly frozen: readonly Patch[];
  readonly active: readonly Patch[];
  readonly s: number;
  readonly l: number;
}

const valuesOf = ({ raw, frozen, active, s, l }: Omit<Made, 'number'>): Values => ({
  ...Object.assign({}, raw, ...[...active, ...frozen].reverse()),
  s,
  l,
});
const contentOf = (made: Omit<Made, 'number'>): string => {
  const { a, b } = valuesOf(made);
  return `${a} ${b}`;
};
const isSame = (one: Values, other: Values): boolean => JSON.stringify(one) === JSON.stringify(other);

interface Pin {
  readonly raw: Made['raw'];
  readonly frozen: readonly Patch[];
  /** The secret of then. */
  readonly s: number | undefined;
}

interface Load {
  readonly readsNothing?: boolean;
  readonly unpins?: boolean;
  readonly patch?: Patch;
  /** The keys that a candidate shows. */
  readonly diff?: readonly string[];
}

class Model {
  source: Values = { a: 0, b: 0, s: 0, l: 0 };
  active: readonly Patch[] = [];
  kept: readonly Made[];
  good: Made;
  pin: Pin | undefined;
  onTrial: string | undefined;
  readonly rejected = new Set<string>();
  #last = 1;

  constructor() {
    const { a, b, s, l } = this.source;
    this.kept = [{ number: 1, raw: { a, b }, frozen: [], active: [], s, l }];
    this.good = this.current;
  }

  get current(): Made {
    return this.kept[0] as Made;
  }

  /** Whether the load succeeds. */
  load({ readsNothing = false, unpins = false, patch, diff }: Load): boolean {
    const { current } = this;
    const { a, b, s, l } = readsNothing ? { ...current.raw, s: current.s, l: current.l } : this.source;
    const active = patch ? [patch, ...this.active] : this.active;
    // an override changes what is in force, also where that has come back after a failed trial
    const below = readsNothing ? current.frozen : [];
    const pin = unpins ? undefined : this.pin;
    let next = pin
      ? { raw: pin.raw, frozen: pin.frozen, active, s: pin.s ?? s, l }
      : { raw: { a, b }, frozen: below, active, s, l };
    if (!isValid(valuesOf(next))) return false;
    if (!pin && !unpins && this.rejected.has(contentOf(next))) {
      if (patch) return false;
      const frozen = [...current.active, ...current.frozen].filter((one) => !this.active.includes(one));
      next = { raw: current.raw, frozen, active, s, l };
      if (!isValid(valuesOf(next))) return false;
    }
    if (diff) {
      const [before, after] = [valuesOf(current), valuesOf(next)];
      const changed = (['a', 'b', 's'] as const).filter((key) => before[key] !== after[key]);
      if (changed.some((key) => !diff.includes(key))) return false;
    }
    if (unpins) {
      this.pin = undefined;
      this.rejected.clear();
    }
    this.active = active;
    this.#promote(next);
    return true;
  }

  #promote(next: Omit<Made, 'number'>): void {
    const { current } = this;
    const [before, after] = [valuesOf(current), valuesOf(next)];
    const [, ...earlier] = this.kept;
    if (isSame(before, after)) {
      const same = { ...next, number: current.number };
      if (this.good === current) this.good = same;
      this.kept = [same, ...earlier];
      return;
    }
    const made = { ...next, number: ++this.#last };
    const isRenewal = isSame({ ...before, l: 0 }, { ...after, l: 0 });
    this.kept = isRenewal ? [made, ...earlier] : [made, ...this.kept].slice(0, keep + 1);
    const content = contentOf(made);
    if (content === contentOf(this.good)) {
      this.good = made;
      this.onTrial = undefined;
    } else this.onTrial = content;
  }

  /** Whether it succeeds. */
  rollback(steps: number, secrets: 'now' | 'then'): boolean {
    const target = this.kept[steps];
    if (!target || !this.#goBack(target, secrets)) return false;
    const { raw, frozen } = this.current;
    this.pin = { raw, frozen, s: secrets === 'then' ? target.s : undefined };
    return true;
  }

  #goBack(target: Made, secrets: 'now' | 'then'): boolean {
    const { current } = this;
    const all = [...target.active, ...target.frozen];
    const next = {
      raw: target.raw,
      frozen: all.filter((one) => !this.active.includes(one)),
      active: all.filter((one) => this.active.includes(one)),
      s: secrets === 'then' ? target.s : current.s,
      l: current.l,
    };
    const values = valuesOf(next);
    if (!isValid(values)) return false;
    const same = [current, target].find((one) => isSame(values, valuesOf(one)));
    const made = { ...next, number: same?.number ?? ++this.#last };
    const at = this.kept.findIndex(({ number }) => number === target.number);
    this.kept = [made, ...(at < 0 ? [] : this.kept.slice(at + 1))];
    this.good = made;
    this.active = this.active.filter((one) => next.active.includes(one));
    this.onTrial = undefined;
    return true;
  }

  /** The application is unhealthy for a moment. */
  sick(): void {
    if (this.onTrial === undefined) return;
    this.rejected.add(this.onTrial);
    this.onTrial = undefined;
    this.#goBack(this.good, 'now');
  }

  pass(): void {
    if (this.onTrial === undefined) return;
    this.onTrial = undefined;
    this.good = this.current;
  }
}

type Step =
  | { readonly kind: 'change'; readonly key: keyof Values; readonly value: number; readonly emits: boolean }
  | { readonly kind: 'rollback'; readonly steps: number; readonly secrets: 'now' | 'then' }
  | { readonly kind: 'propose' | 'override'; readonly patch: Patch }
  | { readonly kind: 'promote' | 'release'; readonly which: number }
  | { readonly kind: 'reload' | 'outage' | 'sick' | 'pass' };

const number = fc.integer({ min: 0, max: 3 });
const patch: fc.Arbitrary<Patch> = fc.oneof(
  fc.record({ a: number }),
  fc.record({ b: number }),
  fc.record({ a: number, b: number }),
);
const change = fc.record({
  kind: fc.constant('change' as const),
  key: fc.constantFrom('a', 'b', 's', 'l'),
  value: number,
  emits: fc.boolean(),
}) as fc.Arbitrary<Step>;
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: change, weight: 6 },
  {
    arbitrary: fc.record({
      kind: fc.constant('rollback' as const),
      steps: fc.integer({ min: 1, max: keep + 1 }),
      secrets: fc.constantFrom('now' as const, 'then' as const),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ kind: fc.constantFrom('propose' as const, 'override' as const), patch }),
    weight: 3,
  },
  {
    arbitrary: fc.record({ kind: fc.constantFrom('promote' as const, 'release' as const), which: number }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('reload' as const, 'outage' as const, 'sick' as const, 'pass' as const),
    }),
    weight: 5,
  },
);

interface Proposed {
  readonly patch: Patch;
  readonly diff: readonly string[];
  readonly isSound: boolean;
  release(): Promise<unknown>;
  readonly promote: (() => Promise<unknown>) | undefined;
}

beforeAll(async () => {
  // an import takes time that no fake clock passes
  await Promise.all([import('../../src/config/trial.ts'), import('../../src/config/vanished.ts')]);
});
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether a call succeeds. Any error but ours is a bug. */
const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    (error: unknown) => {
      if (!isConfigError(error) || error.code === 'io') throw error;
      return false;
    },
  );

async function play(steps: readonly Step[]): Promise<void> {
  const store = new ChangingStore();
  const model = new Model();
  let isHealthy = true;
  const put = (key: keyof Values, value: number): void =>
    store.set(key, value, {
      ...((key === 's' || key === 'l') && { secret: true }),
      ...(key === 'l' && { expiresAt: 2_000_000_000_000 + value }),
    });
  for (const key of ['a', 'b', 's', 'l'] as const) put(key, 0);
  await using config: Config<Values> = await loadConfig(Schema, store, {
    watch: { settleMs: 0 },
    keep,
    trial: { ...trial, healthy: () => isHealthy },
    on: () => {},
  });
  const proposed: Proposed[] = [];
  for (const one of steps) {
    const expected = await does(one);
    if (expected) expect(await succeeds(expected.work), JSON.stringify(one)).toBe(expected.succeeds);
    await vi.advanceTimersByTimeAsync(1);
    const { a, b, s, l } = config.value;
    const { number: current } = config.generation;
    const history = (await config.history()).map((entry) => entry.number);
    expect({ values: { a, b, s, l }, current, history }, JSON.stringify(one)).toEqual({
      values: valuesOf(model.current),
      current: model.current.number,
      history: model.kept.map((made) => made.number),
    });
  }

  async function does(one: Step): Promise<{ work: Promise<unknown>; succeeds: boolean } | undefined> {
    switch (one.kind) {
      case 'change':
        put(one.key, one.value);
        model.source = { ...model.source, [one.key]: one.value };
        if (!one.emits) return undefined;
        store.emit();
        await vi.advanceTimersByTimeAsync(1);
        model.load({});
        return undefined;
      case 'reload':
        return { work: config.reload(), succeeds: model.load({ unpins: true }) };
      case 'outage': {
        store.isDown = true;
        await expect(config.reload()).rejects.toMatchObject({ code: 'unavailable' });
        store.isDown = false;
        return undefined;
      }
      case 'rollback': {
        const { steps: back, secrets } = one;
        return { work: config.rollback(back, { secrets }), succeeds: model.rollback(back, secrets) };
      }
      case 'propose': {
        const candidate = await config.candidate(one.patch);
        const { current } = model;
        const after = valuesOf({ ...current, active: [one.patch, ...current.active] });
        expect(candidate.problems.length === 0).toBe(isValid(after));
        const diff = (['a', 'b'] as const).filter((key) => valuesOf(current)[key] !== after[key]);
        expect(candidate.diff.map(({ key }) => key).sort()).toEqual(diff);
        proposed.push(madeOf(candidate, one.patch, diff));
        return undefined;
      }
      case 'override': {
        const made = model.load({ readsNothing: true, patch: one.patch });
        const work = config.override(one.patch).then((override) => {
          const release = async () => override[Symbol.asyncDispose]();
          proposed.push({ patch: one.patch, diff: [], isSound: true, release, promote: undefined });
        });
        return { work, succeeds: made };
      }
      case 'promote': {
        const { patch: own, diff, isSound, promote } = proposed[one.which] ?? {};
        if (!own || !promote) return undefined;
        const isIn = model.active.includes(own);
        const made = isSound === true && (isIn || model.load({ patch: own, diff: diff ?? [] }));
        return { work: promote(), succeeds: made };
      }
      case 'release': {
        const { patch: own, release } = proposed[one.which] ?? {};
        if (!own || !release) return undefined;
        const had = model.active.includes(own);
        model.active = model.active.filter((active) => active !== own);
        return { work: release(), succeeds: !had || model.load({ readsNothing: true }) };
      }
      case 'sick':
        isHealthy = false;
        await vi.advanceTimersByTimeAsync(trial.everyMs + 1);
        isHealthy = true;
        model.sick();
        return undefined;
      case 'pass':
        await vi.advanceTimersByTimeAsync(trial.ms + 2);
        model.pass();
        return undefined;
    }
  }
}

const madeOf = (candidate: Candidate<Values>, own: Patch, diff: readonly string[]): Proposed => ({
  patch: own,
  diff,
  isSound: candidate.problems.length === 0,
  release: () => candidate.release(),
  promote: () => candidate.promote(),
});

it(`${numRuns} random histories have in force what the model knows`, { timeout: 3_600_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), play), { numRuns });
});
