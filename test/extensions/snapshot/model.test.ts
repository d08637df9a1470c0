// Random histories of a store and two processes against a model of what may be answered: a log of all that a
// process has seen, of which the latest statement about a key counts. Runs longer with PROPERTY_RUNS.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isUnreadable } from '../../../src/entry.ts';
import { type Remembered, remembered } from '../../../src/extensions/snapshot/index.ts';
import { startsWith } from '../../../src/key.ts';
import { Store, testKey } from './world.ts';

const maxStaleMs = 60_000;
const toleranceMs = 5_000;
const keys = ['a', 'db.host', 'db.port'] as const;
const prefixes = ['', 'db'] as const;

/** What a process has seen. `seen`: the keys that a complete listing had, and those it had as holes. */
type Seen =
  | {
      readonly at: number;
      readonly kind: 'value';
      readonly key: string;
      readonly value: number;
      readonly endsAt: number;
    }
  | { readonly at: number; readonly kind: 'absent' | 'refused'; readonly key: string }
  | {
      readonly at: number;
      readonly kind: 'complete';
      readonly key: string;
      readonly seen: readonly string[];
    };

/** The latest statement about a key. */
function lastAbout(log: ReadonlySet<Seen>, key: string): Seen | undefined {
  const isAbout = (one: Seen): boolean =>
    one.kind === 'complete' ? startsWith(key, one.key) && !one.seen.includes(key) : one.key === key;
  return [...log].filter(isAbout).reduce<Seen | undefined>((a, b) => (a && a.at > b.at ? a : b), undefined);
}

/** The answer to a read of `key`: a value, `absent` or `outage`. */
function answerOf(log: ReadonlySet<Seen>, key: string, now: number, maxAgeMs: number): number | string {
  const last = lastAbout(log, key);
  if (!last || last.kind === 'refused' || now - last.at > maxAgeMs) return 'outage';
  if (last.kind !== 'value') return 'absent';
  return last.endsAt > now ? last.value : 'outage';
}

interface Process {
  provider: Remembered<Store>;
  log: Set<Seen>;
  startedAt: number;
}

class History {
  readonly #folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lcm-'));
  readonly #file = path.join(this.#folder, 'app.snapshot');
  /** The time that has passed, and that of the system, which can be put back. */
  #time = 1_700_000_000_000;
  #offset = 0;
  readonly #moves: { readonly at: number; readonly ms: number }[] = [];
  #next = 0;
  readonly #store = new Store(() => this.#now());
  readonly #ends = new Map<string, number>();
  #saved = new Set<Seen>();
  readonly #processes: Process[];

  constructor() {
    this.#processes = [0, 1].map(() => ({
      provider: this.#start(),
      log: new Set<Seen>(),
      startedAt: this.#time,
    }));
  }

  #now(): number {
    return this.#time + this.#offset;
  }

  #start(): Remembered<Store> {
    // timers never run: each write is a step of the history
    const clock = { now: () => this.#now(), elapsed: () => this.#time, after: () => () => undefined };
    const options = { keys: testKey, app: 'inference', file: this.#file, maxStaleMs, clock };
    return remembered(this.#store, options);
  }

  async run(step: Step): Promise<void> {
    this.#time += 1;
    const process = this.#processes[step.process] as Process;
    const { key } = step;
    if (step.type === 'write') {
      this.#store.values.set(key, ++this.#next);
      if (step.flag) this.#store.expiring.set(key, this.#now() + 20_000);
      else this.#store.expiring.delete(key);
      this.#ends.set(key, step.flag ? this.#time + 20_000 : Number.POSITIVE_INFINITY);
    } else if (step.type === 'remove') this.#store.values.delete(key);
    else if (step.type === 'refuse') this.#store.refused.set(key, step.flag ? 'access_denied' : 'crypto');
    else if (step.type === 'allow') this.#store.refused.delete(key);
    else if (step.type === 'wait') this.#time += step.ms;
    else if (step.type === 'fail') this.#store.failure = step.flag ? 'unavailable' : undefined;
    else if (step.type === 'put back') {
      this.#offset -= step.ms;
      this.#moves.push({ at: this.#time, ms: step.ms });
    } else if (step.type === 'get') await this.#get(process, key, step.flag ? step.ms : undefined);
    else if (step.type === 'list') await this.#list(process, step.wanted, step.prefix);
    else if (step.type === 'save') await this.#save(process);
    else if (step.type === 'probe') await this.#probe(process, step);
    else await this.#restart(process, step.flag);
  }

  async #get(process: Process, key: string, maxAgeMs = maxStaleMs): Promise<void> {
    const isDown = this.#store.failure !== undefined;
    const options = maxAgeMs === maxStaleMs ? undefined : { maxAgeMs };
    const found = await process.provider.get(key, options).then(
      (entry) => entry?.value ?? 'absent',
      ({ code }: { code: string }) => (code === 'unavailable' ? 'outage' : code),
    );
    if (isDown) return this.#check(process, key, found, maxAgeMs);
    if (found === 'access_denied') process.log.add({ at: this.#time, kind: 'refused', key });
    else if (found === 'absent') process.log.add({ at: this.#time, kind: 'absent', key });
    else if (typeof found === 'number') process.log.add(this.#value(key, found));
  }

  /** Reads everything while the store is down. */
  async #probe(process: Process, { prefix, wanted, flag }: Step): Promise<void> {
    const { failure } = this.#store;
    this.#store.failure = 'unavailable';
    await this.#list(process, flag ? wanted : undefined, prefix);
    for (const key of keys) await this.#get(process, key);
    this.#store.failure = failure;
  }

  #value(key: string, value: number): Seen {
    return { at: this.#time, kind: 'value', key, value, endsAt: this.#ends.get(key) as number };
  }

  async #list(process: Process, wanted: readonly string[] | undefined, prefix: string): Promise<void> {
    const isDown = this.#store.failure !== undefined;
    const options = wanted && { wanted: { keys: wanted, prefixes: [] } };
    const at = wanted ? '' : prefix;
    const items = await process.provider.list(at, options).catch(() => undefined);
    const found = new Map(
      items?.map((item) => [item.key, isUnreadable(item) ? item.error.code : item.value]),
    );
    const asked = wanted ?? keys.filter((key) => startsWith(key, prefix));
    if (isDown) {
      this.#learn(process);
      const expected = asked.map((key) => answerOf(process.log, key, this.#time, maxStaleMs));
      if (!items && this.#moves.length === 0 && wanted)
        expect(expected.every((one) => one === 'outage')).toBe(true);
      if (items)
        for (const key of asked) {
          const item = found.get(key) ?? 'absent';
          this.#check(
            process,
            key,
            item === 'unavailable' ? 'outage' : (item as number | string),
            maxStaleMs,
          );
        }
      return;
    }
    for (const key of asked) {
      const value = found.get(key);
      if (typeof value === 'number') process.log.add(this.#value(key, value));
      else if (value !== undefined) {
        // a hole for another reason than a denial leaves the value that is known
        if (value === 'access_denied' || lastAbout(process.log, key)?.kind !== 'value')
          process.log.add({ at: this.#time, kind: 'refused', key });
      } else if (wanted) process.log.add({ at: this.#time, kind: 'absent', key });
    }
    if (!wanted) process.log.add({ at: this.#time, kind: 'complete', key: at, seen: [...found.keys()] });
  }

  /** Before an answer from memory, the file is read. */
  #learn(process: Process): void {
    for (const one of this.#saved) process.log.add(one);
  }

  #check(process: Process, key: string, found: unknown, maxAgeMs: number): void {
    this.#learn(process);
    if (this.#moves.length === 0) {
      expect([key, found]).toEqual([key, answerOf(process.log, key, this.#time, maxAgeMs)]);
      return;
    }
    // after the clock was put back, less may be answered, and nothing longer
    const limit = Math.min(maxAgeMs, maxStaleMs) + toleranceMs;
    // a process cannot know that the clock was put back before it started
    const unknown = (since: number): number =>
      this.#moves.reduce((sum, { at, ms }) => (at > since && at <= process.startedAt ? sum + ms : sum), 0);
    const allowed = [...process.log].flatMap((one): unknown[] => {
      if (this.#time - one.at > limit + unknown(one.at)) return [];
      if (one.kind === 'value') return one.key === key ? [one.value] : [];
      return one.kind === 'complete' || one.kind === 'absent' ? ['absent'] : [];
    });
    expect(['outage', ...allowed]).toContain(found);
  }

  async #save(process: Process): Promise<void> {
    const { writes } = process.provider.stats();
    await process.provider.save();
    if (process.provider.stats().writes === writes) return;
    this.#learn(process);
    this.#saved = new Set(process.log);
  }

  /** A process ends, or is killed: then what it has not saved is lost. */
  async #restart(process: Process, isKilled: boolean): Promise<void> {
    if (!isKilled) {
      await this.#save(process);
      await process.provider.close();
    }
    process.provider = this.#start();
    process.log = new Set();
    process.startedAt = this.#time;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map(({ provider }) => provider.close()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const step = fc.record({
  type: fc.constantFrom(
    ...([
      'remove',
      'refuse',
      'allow',
      'wait',
      'wait',
      'fail',
      'save',
      'save',
      'restart',
      'put back',
    ] as const),
    ...(['write', 'write', 'get', 'get', 'get', 'list', 'list', 'list', 'probe', 'probe', 'probe'] as const),
  ),
  process: fc.constantFrom(0, 1),
  key: fc.constantFrom(...keys),
  prefix: fc.constantFrom(...prefixes),
  wanted: fc.option(fc.subarray([...keys], { minLength: 1 }), { nil: undefined }),
  ms: fc.constantFrom(10, 9_000, 25_000, 61_000),
  flag: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

it('a history answers what the model allows, and during an outage nothing else', async () => {
  const histories = fc.array(step, { minLength: 10, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(histories, fc.boolean(), async (steps, isPutBack) => {
      await using history = new History();
      for (const one of steps) if (isPutBack || one.type !== 'put back') await history.run(one);
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 20) },
  );
}, 3_600_000);
