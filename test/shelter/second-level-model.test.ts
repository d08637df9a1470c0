// Random interleavings over several processes, one store, and a second level: one that works, and one that
// fails and lies in every way. With one that works, own writes reach all processes at once, no reader waits
// for long, and the number of requests is bounded.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../src/errors.ts';
import type { SecondLevelFault } from '../../src/testing/index.ts';
import { faultyLevel } from '../support/faulty-level.ts';
import { runs } from '../support/runs.ts';
import { changedLevel, sharedStore } from '../support/shared-store.ts';

// a third of the runs for each of the three properties
const numRuns = Math.ceil(runs(75, 1_500) / 3);
const processes = 3;
const ttlMs = 400;
const slowestMs = 40;

const who = fc.nat(processes - 1);
const key = fc.constantFrom('a', 'a', 'a', 'b');
const age = fc.constantFrom(undefined, undefined, undefined, 0, 0, 60, 60, 60);
const ages = fc.array(age, { minLength: 2, maxLength: 4 });
const ms = fc.constantFrom(0, 1, 9, 9, 30, 30, 70, 70, 150, ttlMs - 1, ttlMs, ttlMs + 1);
const fault = fc.constantFrom<(SecondLevelFault | undefined)[]>(
  ...[undefined, undefined, undefined, undefined],
  ...(['hang', 'reject', 'throw', 'garbage'] as const),
);
/** Now, or when the process next receives an answer from the store, or sends a content to the level. */
const when = fc.constantFrom('now', 'answered', 'kept', 'kept');
const on = fc.boolean();
const step = <D extends string, T extends object>(weight: number, name: D, more: fc.Arbitrary<T>) => ({
  weight,
  arbitrary: more.map((fields) => ({ do: name, ...fields })),
});

/** What happens to the processes and to their store. */
const ordinary = fc.oneof(
  step(10, 'read', fc.record({ who, key, age })),
  step(5, 'reads', fc.record({ key, ages })),
  step(4, 'change', fc.record({ key })),
  step(3, 'write', fc.record({ who, key, when })),
  // most of the time after a change that nothing else has reported
  step(5, 'refresh', fc.record({ who, changed: fc.constantFrom('a', 'a', undefined), when })),
  step(9, 'pass', fc.record({ ms })),
  step(3, 'restart', fc.record({ who, closes: on })),
  step(2, 'slow', fc.record({ ms: fc.constantFrom(0, slowestMs, slowestMs) })),
);
const outage = fc.record({ on }).map((fields) => ({ do: 'outage' as const, ...fields }));
/** What happens to the level. */
const harm = fc.oneof(
  step(1, 'fault', fc.record({ fault })),
  step(1, 'lose', fc.record({ on })),
  step(1, 'clear', fc.record({})),
  step(3, 'lie', fc.record({ replays: on })),
);
type Step = typeof ordinary | typeof outage | typeof harm extends fc.Arbitrary<infer S> ? S : never;
const sequence = (steps: fc.Arbitrary<Step>) =>
  fc.array(steps, { minLength: 15, maxLength: 45, size: 'max' });
const calm = sequence(ordinary);
const outages = sequence(fc.oneof({ weight: 15, arbitrary: ordinary }, { weight: 1, arbitrary: outage }));
const harmful = sequence(
  fc.oneof(
    { weight: 30, arbitrary: ordinary },
    { weight: 1, arbitrary: outage },
    { weight: 4, arbitrary: harm },
  ),
);

/** Draws from 0 to 9, the same in every run with this seed. */
function drawing(seed: number): () => number {
  let n = seed;
  return () => {
    n = (n * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (n >> 8) % 10;
  };
}

interface Process {
  readonly provider: ReturnType<ReturnType<typeof sharedStore>['engine']>;
  /** By document: no read that starts from now on may return an older version. */
  readonly floors: Map<string, number>;
  /** By moment: called once, when it comes. */
  readonly waiting: Map<string, () => void>;
  closed?: true;
}

/** Runs the steps and checks every read. Returns the number of requests, and the number that is allowed,
 *  by document. */
async function run(steps: readonly Step[], seed: number, max: number, works: boolean) {
  const { clock, engine, second, source, reads } = sharedStore(
    { a: '0', b: '0' },
    { cache: { ttlMs, absentTtlMs: 100, jitter: 0, max } },
  );
  const draw = drawing(seed);
  const after = (ms: number): Promise<void> =>
    ms > 0 ? new Promise((done) => void clock.after(ms, done)) : Promise.resolve();
  const faulty = faultyLevel(second, after, draw);
  faulty.ignoresAge = !works;
  faulty.replays = !works && seed % 2 === 0;
  source.locate = (asked) => [{ key: asked, document: asked, field: '' }];
  let isDown = false;
  let wasDown = false;
  let delayMs = slowestMs;
  const delay = (): Promise<void> => after(Math.round((delayMs * draw()) / 9));
  source.befall = async () => {
    if (!isDown) return;
    await delay();
    throw new Error('down');
  };
  const { put } = source;
  /** By document and version: when it was replaced. */
  const replacedAt = new Map<string, number>();
  const current = (name: string): number => source.store.get(name)?.version ?? 0;
  source.put = (name, text) => {
    replacedAt.set(`${name} ${current(name)}`, clock.now());
    put.call(source, name, text);
  };

  let last = 0;
  const startedAt = clock.now();
  const allowed = new Map([
    ['a', 1],
    ['b', 1],
  ]);
  const allow = (name: string, more: number) => allowed.set(name, (allowed.get(name) ?? 0) + more);
  /** What all processes must see from now on. */
  const written = new Map<string, number>();
  const raise = (floors: Map<string, number>, name: string, version: number) =>
    floors.set(name, Math.max(version, floors.get(name) ?? 0));
  const start = (): Process => {
    const waiting = new Map<string, () => void>();
    const comes = (moment: string): void => {
      const then = waiting.get(moment);
      waiting.delete(moment);
      then?.();
    };
    // The store serves requests in the order in which they were sent, and answers arrive in any order. A
    // store that serves a later request with an older value can make a reader step back, with or without a
    // level.
    const own = Object.assign(Object.create(source) as typeof source, {
      read: async (...given: Parameters<typeof source.read>) => {
        const answer = await source.read(...given);
        comes('answered');
        await delay();
        return answer;
      },
      write: (...given: Parameters<typeof source.write>) => source.write(...given).finally(delay),
    });
    const level = changedLevel(faulty.level, {
      keep: (contents) => {
        const kept = faulty.level.keep(contents);
        comes('kept');
        return kept;
      },
    });
    return { provider: engine({}, own, level), floors: new Map(), waiting };
  };
  const all = Array.from({ length: processes }, start);
  let open = 0;
  const tracked: Promise<unknown>[] = [];
  const track = (work: Promise<unknown>): void => {
    open++;
    tracked.push(work.finally(() => open--));
    tracked.at(-1)?.catch(() => {});
  };

  async function read(reader: Process, name: string, maxAgeMs: number | undefined): Promise<void> {
    const { provider, floors } = reader;
    const at = clock.now();
    const fresh = maxAgeMs === 0 ? current(name) : 0;
    const floor = Math.max(fresh, floors.get(name) ?? 0, works ? (written.get(name) ?? 0) : 0);
    const options = maxAgeMs === undefined ? {} : { maxAgeMs };
    const failed = (error: ConfigError): undefined => {
      expect(wasDown || reader.closed, `${name} failed: ${error.message}`).toBe(true);
    };
    const found = await provider.get(name, options).catch(failed);
    const tookMs = clock.now() - at;
    expect(tookMs, `wait for ${name}`).toBeLessThanOrEqual(works ? 300 : 7_000);
    if (!found) return;
    const version = Number(found.version);
    expect(version, `version of ${name}`).toBeGreaterThanOrEqual(floor);
    raise(floors, name, version);
    const goneAt = replacedAt.get(`${name} ${version}`) ?? Number.POSITIVE_INFINITY;
    const oldest = at - Math.min(maxAgeMs ?? ttlMs, ttlMs);
    expect(goneAt, `version ${version} of ${name} is too old`).toBeGreaterThanOrEqual(oldest);
  }

  async function write({ provider, floors }: Process, name: string): Promise<void> {
    allow(name, processes);
    const version = Number((await provider.set(name, String(++last))).version);
    raise(floors, name, version);
    raise(written, name, version);
  }

  function refresh({ provider, floors }: Process, changed: string | undefined): void {
    if (changed) source.put(changed, String(++last));
    for (const name of source.store.keys()) {
      allow(name, 1);
      raise(floors, name, current(name));
    }
    track(provider.refresh().catch(() => {}));
  }

  function at(moment: string, { waiting }: Process, act: () => void): void {
    if (moment === 'now') act();
    else waiting.set(moment, act);
  }

  for (const now of steps) {
    if (now.do === 'read') {
      if (now.age !== undefined) allow(now.key, 1);
      track(read(all[now.who]!, now.key, now.age));
    } else if (now.do === 'reads') {
      for (const [i, maxAgeMs] of now.ages.entries()) {
        if (maxAgeMs !== undefined) allow(now.key, 1);
        track(read(all[i % 2]!, now.key, maxAgeMs));
      }
    } else if (now.do === 'write') {
      const process = all[now.who]!;
      at(now.when, process, () => track(write(process, now.key).catch(() => {})));
    } else if (now.do === 'change') source.put(now.key, String(++last));
    else if (now.do === 'refresh') {
      const process = all[now.who]!;
      at(now.when, process, () => refresh(process, now.changed));
    } else if (now.do === 'pass') await clock.advance(now.ms);
    else if (now.do === 'restart') {
      const before = all[now.who]!;
      all[now.who] = start();
      if (!now.closes) continue;
      before.closed = true;
      track(before.provider.close());
    } else if (now.do === 'slow') delayMs = now.ms;
    else if (now.do === 'outage') {
      isDown = now.on;
      wasDown ||= now.on;
    } else if (now.do === 'fault') second.fault = now.fault;
    else if (now.do === 'lose') {
      if (second.losesMessages && !now.on) second.reconnect();
      second.losesMessages = now.on;
    } else if (now.do === 'clear') second.clear();
    else faulty.replays = now.replays;
  }
  while (open > 0) await clock.advance(20);
  await Promise.all(tracked);
  const expiries = Math.floor((clock.now() - startedAt) / ttlMs);
  return { reads: reads(), allowed: (name: string) => (allowed.get(name) ?? 0) + expiries * processes };
}

describe('any interleaving of processes that share a second level', () => {
  const property = (
    steps: fc.Arbitrary<Step[]>,
    check: (steps: Step[], seed: number, max: number) => Promise<void>,
  ) => fc.assert(fc.asyncProperty(steps, fc.nat(1_000), fc.constantFrom(1, 10), check), { numRuns });

  it(
    'no reader steps back or makes a request too many, and all see own writes',
    () =>
      property(calm, async (steps, seed, max) => {
        const { reads, allowed } = await run(steps, seed, max, true);
        for (const name of ['a', 'b'])
          expect(reads.filter((one) => one === name).length, `requests for ${name}`).toBeLessThanOrEqual(
            allowed(name),
          );
      }),
    240_000,
  );

  it(
    'no reader waits for long while requests fail',
    () =>
      property(outages, async (steps, seed, max) => {
        await run(steps, seed, max, true);
      }),
    240_000,
  );

  it(
    'no reader steps back, reads what is too old, or fails because of a level that fails and lies',
    () =>
      property(harmful, async (steps, seed, max) => {
        await run(steps, seed, max, false);
      }),
    240_000,
  );
});
