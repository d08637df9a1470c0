import { describe, expect, it } from 'vitest';
import { Names } from '../../../src/extensions/redis/names.ts';
import type { Invalidated } from '../../../src/shelter/index.ts';
import { redisFleet } from '../../support/redis-fleet.ts';
import { value } from '../../support/sheltering.ts';

describe('invalidation', () => {
  it('one change makes one request in four processes that watch, and an idle hour no message', async () => {
    await using fleet = redisFleet({ a: 'one', b: 'two' });
    const { clock, server, source } = fleet;
    const all = [];
    for (let i = 0; i < 4; i++) all.push(await fleet.process());
    const rereads = all.map((one) => {
      one.watch(() => void one.get('a').catch(() => undefined));
      return clock.until(one.get('a'), 1);
    });
    await Promise.all(rereads);
    await clock.advance(50);
    const messages = server.published.length;
    for (let passed = 0; passed < 9; passed++) {
      await clock.advance(7 * 60_000);
      await clock.until(Promise.all(all.map((one) => one.get('a'))), 5);
    }
    expect(server.published).toHaveLength(messages);
    source.put('a', 'new');
    source.asked.length = 0;
    await clock.until(all[0]!.get('a', { maxAgeMs: 0 }), 1);
    await clock.advance(100);
    expect(server.published).toHaveLength(messages + 1);
    expect(fleet.reads()).toEqual(['a']);
    for (const one of all) expect(await value(clock.until(one.get('a'), 1))).toBe('new');
    expect(fleet.reads()).toEqual(['a']);
  });

  it('a message has a hash and a ticket, in the form of all releases', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, server } = fleet;
    const one = await fleet.process();
    await clock.until(one.set('a', 'two'), 1);
    expect(server.published.at(-1)).toMatch(/^1 [\w-]{22} \d{16}$/);
    const name = {
      store: 'https://vault:8200 secret',
      view: 'any',
      kind: 'document',
      name: 'acme/llm',
    } as const;
    // frozen: other releases compute the same
    expect(new Names('prefix', 'domain', () => undefined).of(name).id).toBe('s9nIgDzxBsu6Ull0Qt4o99');
  });

  it('after a write no process serves the old value', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock } = fleet;
    const [one, two, cold] = [await fleet.process(), await fleet.process(), await fleet.process()];
    for (const engine of [one, two]) expect(await value(clock.until(engine.get('a'), 1))).toBe('one');
    await clock.until(one.set('a', 'two'), 1);
    await clock.advance(10);
    for (const engine of [one, two, cold]) expect(await value(clock.until(engine.get('a'), 1))).toBe('two');
  });

  it('a reconnection expires everything that came from Redis', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, server, source } = fleet;
    const [one, two] = [await fleet.process(), await fleet.process()];
    for (const engine of [one, two]) await clock.until(engine.get('a'), 1);
    await clock.advance(10);
    const heard: unknown[] = [];
    two.level.watch((names) => heard.push(names));
    server.disconnect(true);
    source.put('a', 'two');
    server.start();
    await clock.until(one.get('a', { maxAgeMs: 0 }), 1);
    await clock.advance(3_000);
    expect(heard).toContain(undefined);
    expect(await value(clock.until(two.get('a'), 1))).toBe('two');
  });

  it('a write while Redis is away invalidates when it is back', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, server } = fleet;
    const [one, two] = [await fleet.process(), await fleet.process()];
    for (const engine of [one, two]) await clock.until(engine.get('a'), 1);
    await clock.advance(10);
    server.disconnect(true);
    for (let i = 0; i < 4; i++) await clock.until(one.get(`k${i}`), 1);
    await clock.until(one.set('a', 'two'), 1);
    const messages = server.published.length;
    await clock.advance(5_000);
    server.start();
    await clock.advance(5_000);
    expect(server.published.length).toBeGreaterThan(messages);
    expect(await value(clock.until(two.get('a'), 1))).toBe('two');
    const cold = await fleet.process();
    expect(await value(clock.until(cold.get('a'), 1))).toBe('two');
  });

  it('many messages about a document cost at most one read a second', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, server } = fleet;
    const one = await fleet.process();
    await clock.until(one.get('a'), 1);
    await clock.until(one.set('a', 'two'), 1);
    await clock.advance(1_500);
    const form = /^(1 [\w-]+) /.exec(server.published.at(-1) as string)?.[1];
    fleet.source.asked.length = 0;
    for (let i = 0; i < 200; i++) {
      server.publish('acme:changes', `${form} ${(clock.now() + i) * 1_000}`);
      await clock.advance(25);
      await clock.until(one.get('a'), 1);
    }
    expect(fleet.reads().length).toBeLessThanOrEqual(7);
  });

  it('a forged message with a ticket of the future locks no reader out', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, server } = fleet;
    const [one, two] = [await fleet.process(), await fleet.process()];
    for (const engine of [one, two]) await clock.until(engine.get('a'), 1);
    await clock.until(one.set('a', 'two'), 1);
    await clock.advance(10);
    for (const text of ['', '1', '2 x 1', '1 !!! 5', `1 ${'a'.repeat(22)} 5`])
      server.publish('acme:changes', text);
    const form = /^(1 [\w-]+) /.exec(server.published.find((text) => / \d{16}$/.test(text)) as string)?.[1];
    for (const message of [...server.published]) {
      const target = /^(1 [\w-]{22}) \d/.exec(message)?.[1];
      if (target) server.publish('acme:changes', `${target} 9007199254740991`);
    }
    expect(form).toBeDefined();
    await clock.advance(5_000);
    for (const engine of [one, two]) await clock.until(engine.get('a'), 1);
    await clock.advance(100);
    fleet.source.asked.length = 0;
    await clock.advance(61_000);
    for (const engine of [one, two]) expect(await value(clock.until(engine.get('a'), 1))).toBe('two');
    await clock.advance(10);
    expect(fleet.reads()).toEqual(['a']);
  });

  it('reports only names that this process has asked for', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock } = fleet;
    const [one, two] = [await fleet.process(), await fleet.process()];
    const heard: (readonly Invalidated[] | undefined)[] = [];
    two.level.watch((names) => heard.push(names));
    await clock.until(one.set('other', 'x'), 1);
    await clock.advance(10);
    expect(heard).toEqual([]);
  });
});
