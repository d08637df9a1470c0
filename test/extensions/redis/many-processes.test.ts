import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { type ResilienceOptions, sheltered } from '../../../src/shelter/index.ts';
import { redisFleet } from '../../support/redis-fleet.ts';
import { SharedSource } from '../../support/shared-store.ts';

const minute = 60_000;

/** Processes that have their data key. */
async function processesOf(
  fleet: ReturnType<typeof redisFleet>,
  n: number,
  source?: SharedSource,
  resilience: ResilienceOptions = {},
) {
  const all: Awaited<ReturnType<typeof fleet.process>>[] = [];
  for (let i = 0; i < n; i++) all.push(await fleet.process({}, source, { resilience }));
  return all;
}

describe('many processes', () => {
  it('20 that watch make 1 request for a change, 5 for a poll, and no message in an hour', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    await using fleet = redisFleet(Object.fromEntries(keys.map((key) => [key, 'one'])));
    const { clock, server, source } = fleet;
    const all = await processesOf(fleet, 20);
    const readAll = (maxAgeMs?: number) =>
      clock.until(
        Promise.all(all.map((one) => one.getMany(keys, maxAgeMs === undefined ? {} : { maxAgeMs }))),
        1,
      );
    for (const one of all) one.watch(() => void one.getMany(keys).catch(() => undefined));
    await readAll();
    await clock.advance(50);
    expect(fleet.reads()).toEqual(keys);

    const messages = server.published.length;
    for (let passed = 0; passed < 60; passed += 20) {
      await clock.advance(20 * minute);
      await readAll();
    }
    expect(server.published).toHaveLength(messages);

    source.put('c', 'new');
    await clock.advance(2 * minute);
    source.asked.length = 0;
    await clock.until(all[0]!.getMany(keys), 1);
    await clock.advance(2_000);
    await readAll();
    expect(fleet.reads()).toHaveLength(5);
    expect(server.published).toHaveLength(messages + 1);
    for (const one of all) expect((await one.get('c'))?.value).toBe('new');

    source.put('d', 'new');
    source.asked.length = 0;
    await clock.until(all[7]!.get('d', { maxAgeMs: 0 }), 1);
    await clock.advance(2_000);
    await readAll();
    expect(fleet.reads()).toEqual(['d']);
  });

  it('40 unwrap the data key once each in an hour', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, keys } = fleet;
    const all = await processesOf(fleet, 40);
    await clock.advance(minute);
    // the next hour begins with the next key
    for (const one of all) await clock.until(one.get('a'), 5);
    const before = { wraps: keys.wraps, unwraps: keys.unwraps };
    expect(before.wraps).toBe(1);
    expect(before.unwraps).toBeLessThanOrEqual(40);
    for (let passed = 0; passed < 60; passed += 20) {
      await clock.advance(20 * minute);
      for (const one of all) await clock.until(one.get('a'), 5);
    }
    expect(keys.wraps - before.wraps).toBe(1);
    expect(keys.unwraps - before.unwraps).toBeLessThanOrEqual(40);
  });
});

describe('ten processes on a cold key', () => {
  const storeMs = 5;
  const resilience = { attempts: 3, timeoutMs: 600, deadlineMs: 1_500, backoff: { initialMs: 100 } };
  const kinds: Readonly<Record<string, (wait: (ms: number) => Promise<void>) => Promise<void>>> = {
    absent: (wait) => wait(storeMs),
    denied: async (wait) => {
      await wait(storeMs);
      throw new ConfigError('access_denied', 'denied', { provider: 'fake' });
    },
    'that times out': (wait) => wait(1e6),
  };
  for (const [title, befall] of Object.entries(kinds))
    it(`wait no longer than alone and 25 ms: ${title}`, async () => {
      await using fleet = redisFleet();
      const { clock } = fleet;
      const wait = (ms: number) => new Promise<void>((done) => void clock.after(ms, done));
      const source = new SharedSource({}, { now: clock.now });
      const all = await processesOf(fleet, 10, source, resilience);
      source.befall = () => befall(wait);
      const took = async (engine: { get(key: string): Promise<unknown> }): Promise<number> => {
        const startedAt = clock.now();
        await engine.get('cold').catch(() => undefined);
        return clock.now() - startedAt;
      };
      const single = sheltered(source, { clock, resilience });
      const alone = await clock.until(took(single), 5);
      const together = await clock.until(Promise.all(all.map(took)), 5);
      expect(Math.max(...together)).toBeLessThanOrEqual(alone + 25);
    });

  it('ask at once, each for itself, when the first attempt of one shows that the store is down', async () => {
    await using fleet = redisFleet();
    const { clock } = fleet;
    const source = new SharedSource({}, { now: clock.now });
    const backoff = { initialMs: 5_000 };
    const all = await processesOf(fleet, 10, source, { attempts: 3, backoff });
    const startedAt = clock.now();
    const asked: number[] = [];
    source.befall = async () => {
      asked.push(clock.now() - startedAt);
      throw new ConfigError('unavailable', 'connect ECONNREFUSED', { provider: 'fake' });
    };
    const reads = all.map((one) => one.get('cold').catch(() => undefined));
    await clock.advance(60);
    expect(asked.filter((ms) => ms <= 25)).toHaveLength(10);
    await clock.until(Promise.all(reads), 500);
  });
});
