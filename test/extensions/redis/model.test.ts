// Random interleavings of processes that share a store over Redis, whose server is frozen, killed, flushed,
// full or read-only, and whose data key is rotated. No read fails, no reader steps back or reads what is
// older than one life, and once the server works, one request is enough for all.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redisFleet } from '../../support/redis-fleet.ts';
import { runs } from '../../support/runs.ts';
import { minute } from '../../support/shared-store.ts';

const processes = 3;
const who = fc.nat(processes - 1);
const key = fc.constantFrom('a', 'a', 'b');
const step = <D extends string, T extends object>(weight: number, name: D, more: fc.Arbitrary<T>) => ({
  weight,
  arbitrary: more.map((fields) => ({ do: name, ...fields })),
});
const steps = fc.array(
  fc.oneof(
    step(12, 'read', fc.record({ who, key, maxAgeMs: fc.constantFrom(undefined, undefined, 0, 5_000) })),
    step(4, 'change', fc.record({ key })),
    step(3, 'write', fc.record({ who, key })),
    step(2, 'refresh', fc.record({ who })),
    step(8, 'pass', fc.record({ ms: fc.constantFrom(1, 20, 30, 1_000, 20_000, minute, 2 * minute) })),
    step(
      2,
      'server',
      fc.record({ is: fc.constantFrom('well', 'well', 'frozen', 'down', 'OOM', 'READONLY', 'flushed') }),
    ),
    step(1, 'rotate', fc.record({ who })),
    step(1, 'restart', fc.record({ who })),
  ),
  { minLength: 10, maxLength: 35, size: 'max' },
);
type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

async function run(all: readonly Step[]): Promise<void> {
  await using fleet = redisFleet({ a: '0', b: '0' });
  const { clock, server, source } = fleet;
  const settle = <T>(work: Promise<T>): Promise<T> => clock.until(work, 5);
  const start = async () => ({ engine: await fleet.process(), floors: new Map<string, number>() });
  const fleetOf: { engine: Awaited<ReturnType<typeof fleet.process>>; floors: Map<string, number> }[] = [];
  for (let i = 0; i < processes; i++) fleetOf.push(await start());
  const replacedAt = new Map<string, number>();
  const current = (name: string): number => source.store.get(name)?.version ?? 0;
  let last = 0;
  const put = (name: string): string => {
    replacedAt.set(`${name} ${current(name)}`, clock.now());
    return String(++last);
  };
  const isWell = () => server.up && !server.frozen && server.refuses === undefined;
  const become = (is: string): void => {
    server.frozen = is === 'frozen';
    server.refuses = is === 'OOM' || is === 'READONLY' ? is : undefined;
    if (is === 'down') server.disconnect(true);
    else if (!server.up) server.start();
    if (is === 'flushed') server.flush();
  };

  const read = async (of: number, name: string, maxAgeMs: number | undefined): Promise<void> => {
    const { engine, floors } = fleetOf[of]!;
    const at = clock.now();
    const floor = Math.max(maxAgeMs === 0 ? current(name) : 0, floors.get(name) ?? 0);
    const entry = await settle(engine.get(name, maxAgeMs === undefined ? {} : { maxAgeMs }));
    const version = Number(entry?.version);
    expect(version, `version of ${name}`).toBeGreaterThanOrEqual(floor);
    floors.set(name, version);
    const goneAt = replacedAt.get(`${name} ${version}`) ?? Number.POSITIVE_INFINITY;
    expect(goneAt, `age of ${name}`).toBeGreaterThanOrEqual(at - Math.min(maxAgeMs ?? minute, minute));
    expect(clock.now() - at, `wait for ${name}`).toBeLessThanOrEqual(60);
  };

  for (const now of all) {
    if (now.do === 'read') await read(now.who, now.key, now.maxAgeMs);
    else if (now.do === 'change') source.put(now.key, put(now.key));
    else if (now.do === 'write') {
      const { engine, floors } = fleetOf[now.who]!;
      await settle(engine.set(now.key, put(now.key)));
      floors.set(now.key, current(now.key));
    } else if (now.do === 'refresh') {
      const { engine, floors } = fleetOf[now.who]!;
      for (const name of source.store.keys()) floors.set(name, current(name));
      await settle(engine.refresh());
    } else if (now.do === 'pass') await clock.advance(now.ms);
    else if (now.do === 'server') become(now.is);
    else if (now.do === 'rotate')
      await settle(fleetOf[now.who]!.engine.level.rotate().catch(() => undefined));
    else if (isWell()) {
      await settle(fleetOf[now.who]!.engine.close());
      fleetOf[now.who] = await start();
    }
  }

  become('well');
  // longer than the longest pause after failures
  await clock.advance(2 * minute);
  for (let i = 0; i < processes; i++) await read(i, 'a', undefined);
  await clock.advance(2 * minute);
  source.asked.length = 0;
  for (let i = 0; i < processes; i++) {
    await read(i, 'a', undefined);
    await clock.advance(30);
  }
  expect(fleet.reads(), 'requests at the end').toEqual(['a']);
}

it('any interleaving of processes and of the faults of their server', { timeout: 1_200_000 }, () =>
  fc.assert(fc.asyncProperty(steps, run), { numRuns: runs(4, 40) }),
);
