import { describe, expect, it } from 'vitest';
import { redisFleet } from '../../support/redis-fleet.ts';
import { code, value } from '../../support/sheltering.ts';

describe('pace', () => {
  it('counts the turns of all processes, by the clock of Redis', async () => {
    await using fleet = redisFleet();
    const { clock } = fleet;
    const [one, two, other] = ['a', 'a', 'b'].map((name) => fleet.level().pace(name));
    expect(await one!.take(10, 100)).toEqual({ turns: 10, waitMs: 0 });
    expect(await two!.take(10, 100)).toEqual({ turns: 10, waitMs: 100 });
    expect(await other!.take(10, 100)).toEqual({ turns: 10, waitMs: 0 });
    expect([one!.processes, two!.processes]).toEqual([1, 2]);
    await clock.advance(150);
    expect(await one!.take(1, 100)).toEqual({ turns: 1, waitMs: 50 });
    expect(one!.processes).toBe(2);
    await clock.advance(40_000);
    expect(await one!.take(1, 100)).toEqual({ turns: 1, waitMs: 0 });
    expect(one!.processes).toBe(1);
  });

  it('gives out no turns that are further ahead than half a minute', async () => {
    await using fleet = redisFleet();
    const pace = fleet.level().pace('a');
    await pace.take(40, 1);
    expect(await pace.take(1, 1)).toEqual({ turns: 0, waitMs: 40_000 });
  });

  it('limits a provider, and each process takes its share while Redis is away', async () => {
    await using fleet = redisFleet(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, 'x'])));
    const { clock, server, source } = fleet;
    source.batch = 1;
    const keys = [...source.store.keys()];
    const engines = [1, 2].map(() =>
      fleet.engine({
        limits: { perSecond: 20, shared: fleet.level().pace('a', { processes: 2 }) },
        second: undefined as never,
      }),
    );
    server.disconnect(true);
    for (const engine of engines) await clock.until(value(engine.get('k0')), 5);
    for (const isAway of [true, false]) {
      if (!isAway) server.start();
      await clock.advance(3_000);
      source.asked.length = 0;
      const reads = engines.map((engine) => engine.refresh().then(() => engine.getMany(keys)));
      await clock.advance(2_000);
      // 40 in two seconds, and a lease
      expect(source.asked.length, `${isAway}`).toBeLessThanOrEqual(43);
      expect(source.asked.length, `${isAway}`).toBeGreaterThan(30);
      await clock.until(Promise.all(reads.map(code)), 50);
    }
  });

  it('refuses wrong names and numbers', () => {
    const level = redisFleet().level();
    const invalid = expect.objectContaining({ code: 'invalid_option' });
    expect(() => level.pace('')).toThrow(invalid);
    expect(() => level.pace('a', { processes: 0 })).toThrow(invalid);
  });
});
