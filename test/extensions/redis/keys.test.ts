import { describe, expect, it } from 'vitest';
import { FakeKeys, redisFleet } from '../../support/redis-fleet.ts';
import { minute } from '../../support/shared-store.ts';
import { value } from '../../support/sheltering.ts';
import { warm } from '../../support/warm-level.ts';

const hour = 60 * minute;

describe('the data key of a domain', () => {
  it('is made by one of 12 processes and unwrapped once by each of the others, in each hour', async () => {
    await using fleet = redisFleet({ a: '1' });
    const { keys, clock } = fleet;
    keys.ready = () => new Promise((done) => clock.after(20, () => done(undefined)));
    const levels = Array.from({ length: 12 }, () => fleet.level());
    await clock.until(Promise.all(levels.map((one) => warm(one))), 5);
    expect([keys.wraps, keys.unwraps]).toEqual([1, 11]);
    await clock.advance(hour - minute);
    await clock.until(Promise.all(levels.slice(0, 3).map((one) => warm(one))), 5);
    expect([keys.wraps, keys.unwraps]).toEqual([1, 11]);
    await clock.advance(minute);
    for (let i = 0; i < 3; i++) {
      await clock.until(Promise.all(levels.map((one) => warm(one))), 10);
      await clock.advance(1_000);
    }
    expect([keys.wraps, keys.unwraps]).toEqual([2, 22]);
  });

  it('that is new leaves what the one before has encrypted readable, and publishes nothing', async () => {
    await using fleet = redisFleet({ a: '1' });
    const { clock, keys, server } = fleet;
    const one = await fleet.process();
    await clock.advance(hour - 20_000);
    expect(await value(clock.until(one.get('a'), 1))).toBe('1');
    await clock.advance(30_000);
    await clock.until(one.get('other'), 1);
    await clock.advance(10);
    expect(keys.wraps).toBe(2);
    const messages = server.published.length;
    const two = await fleet.process();
    expect(await value(clock.until(two.get('a'), 1))).toBe('1');
    expect(fleet.reads()).toEqual([]);
    await clock.until(two.get('a', { maxAgeMs: 0 }), 1);
    await clock.advance(10);
    expect(fleet.reads()).toEqual(['a']);
    expect(server.published).toHaveLength(messages);
  });

  it('delays no reader for long when its service is slow, and the store is asked once', async () => {
    await using fleet = redisFleet({ a: '1' });
    const { clock, keys } = fleet;
    await fleet.process();
    keys.ready = () => new Promise((done) => clock.after(200, () => done(undefined)));
    fleet.slow(20);
    const all = Array.from({ length: 10 }, () => fleet.engine({}, fleet.source, fleet.level()));
    const startedAt = clock.now();
    const found = await clock.until(Promise.all(all.map((one) => value(one.get('a')))), 1);
    expect(new Set(found)).toEqual(new Set(['1']));
    expect(clock.now() - startedAt).toBeLessThan(400);
    expect(fleet.reads()).toEqual(['a']);
  });

  it('is done without when its service hangs or refuses: each process asks the store', async () => {
    for (const kind of ['hangs', 'refuses'] as const) {
      await using fleet = redisFleet({ a: '1' });
      const { clock, keys, notices } = fleet;
      await fleet.process();
      if (kind === 'hangs') keys.ready = () => new Promise(() => {});
      else keys.wrapped.clear();
      const all = Array.from({ length: 3 }, () => fleet.engine({}, fleet.source, fleet.level()));
      const startedAt = clock.now();
      for (let i = 0; i < 3; i++)
        for (const one of all) expect(await value(clock.until(one.get('a', { maxAgeMs: 0 }), 5))).toBe('1');
      for (const one of all) expect(await value(clock.until(one.get('a'), 5))).toBe('1');
      expect(clock.now() - startedAt).toBeLessThan(4_000);
      await clock.advance(20_000);
      expect(new Set(notices)).toEqual(
        new Set(['redis: the data key cannot be wrapped or unwrapped, so contents are not shared']),
      );
    }
  });

  it('rotate makes a new one, and no process uses the old one any more', async () => {
    await using fleet = redisFleet({ a: '1' });
    const { clock, keys } = fleet;
    const [one, two] = [await fleet.process(), await fleet.process()];
    await clock.until(one.get('a'), 1);
    await clock.advance(10);
    await one.level.rotate();
    await clock.advance(10);
    expect(keys.wraps).toBe(2);
    const leaked = keys.wrapped.keys().next().value as string;
    keys.wrapped.delete(leaked);
    const three = await fleet.process();
    for (const engine of [two, three]) expect(await value(clock.until(engine.get('a'), 1))).toBe('1');
    expect(fleet.reads()).toEqual(['a']);
    expect(keys.unwraps).toBe(3);
  });

  it('rotate fails with unavailable when the server is away', async () => {
    await using fleet = redisFleet();
    const one = await fleet.process();
    fleet.server.disconnect(true);
    await expect(one.level.rotate()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('that an attacker puts back hours later does not open', async () => {
    await using fleet = redisFleet({ a: '1' });
    const { clock, server, keys } = fleet;
    const one = await fleet.process();
    const at = [...server.data].find(([, { value: held }]) => !Buffer.isBuffer(held) && held.has('keys'));
    const [name, old] = [at?.[0] as string, new Map(at?.[1].value as Map<string, Buffer>)];
    await clock.advance(2 * hour + minute);
    server.data.set(name, { value: old, endsAt: Number.POSITIVE_INFINITY });
    await clock.until(one.get('a'), 1);
    const two = fleet.level();
    await clock.until(warm(two), 1);
    expect(keys.wraps).toBe(2);
  });

  it('is not replaced by a process whose own key does not open it', async () => {
    await using fleet = redisFleet({ a: '1' });
    const { clock, notices, server } = fleet;
    const one = await fleet.process();
    await clock.until(one.get('a'), 1);
    const wrong = fleet.engine({}, fleet.source, fleet.level({ keys: new FakeKeys() }));
    expect(await value(clock.until(wrong.get('a'), 5))).toBe('1');
    await clock.advance(5_000);
    expect(await value(clock.until(wrong.get('a', { maxAgeMs: 0 }), 5))).toBe('1');
    expect(notices).toContain(
      'redis: the data key cannot be wrapped or unwrapped, so contents are not shared',
    );
    server.flush();
    fleet.source.asked.length = 0;
    const two = await fleet.process();
    expect(await value(clock.until(two.get('a'), 1))).toBe('1');
  });

  it('a forger cannot buy more than ten requests a minute to the key service', async () => {
    await using fleet = redisFleet({ a: '1' });
    const { clock, server, keys } = fleet;
    const one = await fleet.process();
    const ring = [...server.data.values()]
      .map(({ value: held }) => held as Map<string, Buffer>)
      .find((held) => held.has('keys'));
    for (let i = 0; i < 60; i++) {
      const forged = JSON.stringify([
        JSON.stringify([{ alg: 'fake-kms' }, Buffer.from(`f${i}`).toString('base64url')]),
      ]);
      ring?.set('keys', Buffer.from(forged));
      server.publish('acme:changes', '1 aaaaaaaaaaaaaaaaaaaaaa 1');
      await clock.until(one.get(`k${i}`), 1);
      await clock.advance(900);
    }
    expect(keys.unwraps).toBeLessThanOrEqual(11);
  });
});
