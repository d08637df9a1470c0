// Random interleavings over several processes, a second level that fails in every way, and one store.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../src/errors.ts';
import type { SecondLevel } from '../../src/shelter/index.ts';
import type { MemorySecondLevel, SecondLevelFault } from '../../src/testing/index.ts';
import { changedLevel, sharedStore } from '../support/shared-store.ts';

const runs = Number(process.env.PROPERTY_RUNS ?? 150);
const engines = 3;
const ttlMs = 400;

const who = fc.nat(engines - 1);
const key = fc.constantFrom('a', 'b');
const maxAgeMs = fc.constantFrom(undefined, undefined, undefined, 0, 50, 300);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('read' as const), who, key, maxAgeMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), who, key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('list' as const), who }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 7, 30, 120, 450) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('outage' as const), on: fc.constantFrom(true, false, false) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('slow' as const), ms: fc.constantFrom(0, 5, 40) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      fault: fc.constantFrom<SecondLevelFault | undefined>(
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        'hang',
        'reject',
        'throw',
        'garbage',
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), on: fc.boolean() }) },
);

/** A level whose answers take up to 20 ms, and arrive in any order. */
function dawdling(level: MemorySecondLevel, after: (ms: number) => Promise<void>, seed: number): SecondLevel {
  let n = seed;
  const next = (): number => {
    n = (n * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (n >> 8) % 10;
  };
  const late =
    <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await after(next());
      const answer = await call(...given);
      await after(next());
      return answer;
    };
  return changedLevel(level, {
    ask: late((...given: Parameters<SecondLevel['ask']>) => level.ask(...given)),
    keep: late((...given: Parameters<SecondLevel['keep']>) => level.keep(...given)),
    failed: late((...given: Parameters<SecondLevel['failed']>) => level.failed(...given)),
  });
}

describe('any interleaving of processes that share a second level', () => {
  it('no reader steps back, reads what is too old, or fails because of the level', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }),
        fc.nat(1_000),
        async (steps, seed) => {
          const { clock, engine, second, source } = sharedStore(
            { a: '0', b: '0' },
            { cache: { ttlMs, absentTtlMs: 100, jitter: 0, max: 1 } },
          );
          source.locate = (asked) => [{ key: asked, document: asked, field: '' }];
          const after = (ms: number): Promise<void> =>
            ms === 0 ? Promise.resolve() : new Promise((done) => void clock.after(ms, done));
          const level = dawdling(second, after, seed);
          let isDown = false;
          let delayMs = 0;
          source.befall = async () => {
            const fails = isDown;
            await after(delayMs);
            if (fails) throw new Error('down');
          };
          let last = 0;
          /** By document and version: when it was replaced. */
          const replacedAt = new Map<string, number>();
          const put = source.put;
          source.put = (name, text) => {
            const version = source.store.get(name)?.version;
            if (version !== undefined) replacedAt.set(`${name} ${version}`, clock.now());
            put.call(source, name, text);
          };
          const make = () => ({ provider: engine({}, source, level), seen: new Map<string, number>() });
          const all = Array.from({ length: engines }, make);
          const tracked: Promise<unknown>[] = [];
          const track = (work: Promise<unknown>): void => {
            work.catch(() => {});
            tracked.push(work);
          };
          let wasDown = false;

          const read = async (
            one: (typeof all)[number],
            name: string,
            age: number | undefined,
          ): Promise<void> => {
            const startedAt = clock.now();
            const floor = one.seen.get(name) ?? 0;
            let found: number;
            try {
              const options = age === undefined ? {} : { maxAgeMs: age };
              found = Number((await one.provider.get(name, options))?.version);
            } catch (error) {
              expect(wasDown, `failed: ${(error as ConfigError).message}`).toBe(true);
              return;
            }
            expect(found, `version of ${name}`).toBeGreaterThanOrEqual(floor);
            one.seen.set(name, Math.max(found, one.seen.get(name) ?? 0));
            const goneAt = replacedAt.get(`${name} ${found}`) ?? Number.POSITIVE_INFINITY;
            const oldest = startedAt - Math.min(age ?? ttlMs, ttlMs);
            expect(goneAt, `version ${found} of ${name} is too old`).toBeGreaterThanOrEqual(oldest);
          };

          for (const now of steps) {
            if (now.do === 'read') track(read(all[now.who]!, now.key, now.maxAgeMs));
            else if (now.do === 'write') {
              const one = all[now.who]!;
              const written = one.provider.set(now.key, String(++last));
              track(
                written.then(
                  ({ version }) =>
                    one.seen.set(now.key, Math.max(Number(version), one.seen.get(now.key) ?? 0)),
                  () => {},
                ),
              );
            } else if (now.do === 'change') source.put(now.key, String(++last));
            else if (now.do === 'refresh') {
              const { provider, seen } = all[now.who]!;
              await provider.refresh();
              // what is read from here on must have been asked for after it
              for (const [name, { version }] of source.store) seen.set(name, version);
            } else if (now.do === 'list') track(all[now.who]!.provider.list().catch(() => {}));
            else if (now.do === 'pass') await clock.advance(now.ms);
            else if (now.do === 'outage') {
              isDown = now.on;
              wasDown ||= now.on;
            } else if (now.do === 'restart') all[now.who] = make();
            else if (now.do === 'clear') second.clear();
            else if (now.do === 'slow') delayMs = now.ms;
            else if (now.do === 'fault') second.fault = now.fault;
            else second.losesMessages = now.on;
          }
          await clock.until(Promise.all(tracked), 20);
        },
      ),
      { numRuns: runs },
    );
  }, 240_000);
});
