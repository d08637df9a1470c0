import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RedisClient, shared } from '../../../src/extensions/redis/index.ts';
import type { FakeRedis } from '../../support/fake-redis.ts';
import { bytesOf, FakeKeys, redisFleet } from '../../support/redis-fleet.ts';
import { minute, SharedSource } from '../../support/shared-store.ts';
import { value } from '../../support/sheltering.ts';

type Hash = Map<string, Buffer>;
/** The documents that a server holds. */
const documentsIn = (server: FakeRedis): readonly Hash[] =>
  [...server.data.values()]
    .map(({ value: held }) => held as Hash)
    .filter((held) => held instanceof Map && [...held.keys()].some((field) => field.startsWith('c')));
const field = (hash: Hash, letter: string): string =>
  [...hash.keys()].find((name) => name.startsWith(letter) && name.length > 1) as string;

describe('contents that others have changed', () => {
  const changes: Readonly<Record<string, (a: Hash, b: Hash, before: Hash) => void>> = {
    'a flipped bit': (a) => {
      const content = a.get(field(a, 'c')) as Buffer;
      content[content.length - 1]! ^= 1;
    },
    'a flipped bit in the head': (a) => {
      (a.get(field(a, 'c')) as Buffer)[12]! ^= 1;
    },
    truncated: (a) => void a.set(field(a, 'c'), (a.get(field(a, 'c')) as Buffer).subarray(0, 40)),
    'one byte': (a) => void a.set(field(a, 'c'), Buffer.from('x')),
    'swapped with another document': (a, b) => {
      a.set(field(a, 'c'), b.get(field(b, 'c')) as Buffer);
      a.set(field(a, 't'), b.get(field(b, 't')) as Buffer);
    },
    'another ticket': (a) => {
      const ticket = Number(a.get(field(a, 't'))) + 1;
      a.set(field(a, 't'), Buffer.from(String(ticket)));
      a.set('n', Buffer.from(String(ticket)));
    },
    'an older content with its ticket, in a reader that knows the newer one': (a, _, before) => {
      for (const letter of ['c', 't']) a.set(field(a, letter), before.get(field(a, letter)) as Buffer);
    },
    'text for a number': (a) => void a.set('n', Buffer.from('many')),
    'a ticket of the year 2200': (a) => void a.set('n', Buffer.from('7258118400000000')),
  };
  for (const [title, change] of Object.entries(changes))
    it(`are not used, and no read fails: ${title}`, async () => {
      await using fleet = redisFleet({ a: 'one', b: 'other' });
      const { clock, server } = fleet;
      const [one, two, cold] = [await fleet.process(), await fleet.process(), await fleet.process()];
      for (const key of ['a', 'b']) await clock.until(one.get(key), 1);
      await clock.advance(10);
      const hashOf = (name: string): Hash => server.data.get(`acme:1:${documentId(name)}`)?.value as Hash;
      const before = new Map(hashOf('a'));
      fleet.source.put('a', 'two');
      await clock.until(one.get('a', { maxAgeMs: 0 }), 1);
      await clock.advance(10);
      expect(await value(clock.until(two.get('a'), 1))).toBe('two');
      change(hashOf('a'), hashOf('b'), before);
      await clock.advance(1);
      await clock.until(two.refresh(), 1);
      expect(await value(clock.until(two.get('a'), 1))).toBe('two');
      if (!title.startsWith('an older')) expect(await value(clock.until(cold.get('a'), 1))).toBe('two');
    });

  it('are reported once, and counted as refused', async () => {
    await using fleet = redisFleet({ a: 'one', b: 'two' });
    const { clock, server, notices } = fleet;
    const [one, two] = [await fleet.process(), await fleet.process()];
    for (const key of ['a', 'b']) await clock.until(one.get(key), 1);
    await clock.advance(10);
    for (const hash of documentsIn(server)) (hash.get(field(hash, 'c')) as Buffer)[30]! ^= 1;
    fleet.source.asked.length = 0;
    for (const key of ['a', 'b']) await clock.until(two.get(key), 1);
    expect(fleet.reads()).toEqual(['a', 'b']);
    expect(two.stats().second).toMatchObject({ refused: 2, failures: 0 });
    expect(notices).toEqual(['redis: a content was changed by others, so it is not used']);
  });

  it('a key of another type is replaced', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, server } = fleet;
    const [one, two] = [await fleet.process(), await fleet.process()];
    server.data.set(`acme:1:${documentId('a')}`, { value: Buffer.from('x'), endsAt: 2 ** 50 });
    expect(await value(clock.until(one.get('a'), 1))).toBe('one');
    await clock.advance(10);
    expect(await value(clock.until(two.get('a'), 1))).toBe('one');
    expect(fleet.reads()).toEqual(['a']);
  });
});

describe('what Redis holds', () => {
  it('has no name, value or domain in clear, and neither have messages, events and inspections', () =>
    fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[A-Z2-9]{14}$/), async (canary) => {
        const key = `${canary}K`;
        await using fleet = redisFleet({ [key]: `${canary}V` });
        const { clock, server, notices, keys } = fleet;
        const options = { domain: `${canary}D` };
        const [one, two] = [await fleet.process(options), await fleet.process(options)];
        expect(await value(clock.until(one.get(key), 1))).toBe(`${canary}V`);
        await clock.until(one.list(), 1);
        await clock.advance(10);
        expect(await value(clock.until(two.get(key), 1))).toBe(`${canary}V`);
        await clock.until(two.set(key, `${canary}W`), 1);
        await clock.until(one.get(key), 1);
        const data = bytesOf(server);
        expect(data.length).toBeGreaterThan(500);
        expect(server.published.length).toBeGreaterThan(0);
        const texts = [inspect(one.level, { depth: 9 }), JSON.stringify(one.level), notices.join()];
        for (const dataKey of keys.wrapped.values()) expect(data.includes(Buffer.from(dataKey))).toBe(false);
        for (const form of [
          canary,
          Buffer.from(canary).toString('base64').slice(0, 16),
          Buffer.from(canary).toString('hex'),
        ]) {
          expect(data.includes(form)).toBe(false);
          for (const text of texts) expect(text).not.toContain(form);
        }
      }),
      { numRuns: Math.ceil(Number(process.env.PROPERTY_RUNS ?? 300) / 100) },
    ));

  it('is of no use to another domain, another key or another view', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock, source } = fleet;
    const one = await fleet.process();
    await clock.until(one.get('a'), 1);
    await clock.advance(10);
    const view = new SharedSource({ a: 'one' }, { now: clock.now });
    view.id = { store: 'fake store', view: 'label=green' };
    const others = [
      await fleet.process({ domain: 'other', keys: new FakeKeys() }),
      await fleet.process({}, view),
    ];
    source.asked.length = 0;
    for (const other of others) expect(await value(clock.until(other.get('a'), 1))).toBe('one');
    expect(fleet.reads()).toEqual(['a']);
    expect(view.asked).toHaveLength(1);
  });

  it('a process that the store has denied reads no more of it, until the store answers', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock } = fleet;
    const denied = new SharedSource({ a: 'one' }, { now: clock.now });
    const [one, two] = [await fleet.process(), await fleet.process({}, denied)];
    denied.refused.set('a', 'access_denied');
    await expect(clock.until(two.get('a', { maxAgeMs: 0 }), 1)).rejects.toMatchObject({
      code: 'access_denied',
    });
    await clock.until(one.get('a'), 1);
    await clock.advance(10);
    await expect(clock.until(two.get('a'), 1)).rejects.toMatchObject({ code: 'access_denied' });
    await clock.advance(2 * minute);
    await clock.until(one.get('a'), 1);
    await expect(clock.until(two.get('a'), 1)).rejects.toMatchObject({ code: 'access_denied' });
  });
});

describe('a server that fails', () => {
  it('fails no read, however it fails, and is used again when it is back', async () => {
    for (const kind of ['frozen', 'down', 'error', 'flushed'] as const) {
      await using fleet = redisFleet({ a: 'one' });
      const { clock, server } = fleet;
      const [one, two] = [await fleet.process(), await fleet.process()];
      await clock.until(one.get('a'), 1);
      if (kind === 'frozen') server.frozen = true;
      if (kind === 'down') server.disconnect(true);
      if (kind === 'error') server.error = 'LOADING Redis is loading the dataset in memory';
      if (kind === 'flushed') server.flush();
      let waited = 0;
      for (let i = 0; i < 8; i++) {
        const startedAt = clock.now();
        expect(await value(clock.until(two.get('a', { maxAgeMs: 0 }), 1))).toBe('one');
        if (clock.now() - startedAt > 10) waited++;
        expect(clock.now() - startedAt).toBeLessThanOrEqual(35);
      }
      // each process waits three times before it does without
      expect(waited, kind).toBeLessThanOrEqual(4);
      server.frozen = false;
      server.error = undefined;
      server.start();
      await clock.advance(60_000);
      await clock.until(two.get('a'), 1);
      await clock.advance(10);
      fleet.source.asked.length = 0;
      const cold = await fleet.process();
      expect(await value(clock.until(cold.get('a'), 1))).toBe('one');
      expect(fleet.reads(), kind).toEqual([]);
    }
  });

  it('that refuses writes is still read, and is written to again later', async () => {
    for (const refusal of ['OOM', 'READONLY', 'NOPERM'] as const) {
      await using fleet = redisFleet({ a: 'one', b: 'two', c: 'three' });
      const { clock, server, notices } = fleet;
      const [one, two] = [await fleet.process(), await fleet.process()];
      await clock.until(one.get('a'), 1);
      await clock.advance(10);
      fleet.source.asked.length = 0;
      server.refuses = refusal;
      expect(await value(clock.until(two.get('a'), 1))).toBe('one');
      expect(fleet.reads()).toEqual([]);
      for (const engine of [one, two]) expect(await value(clock.until(engine.get('b'), 1))).toBe('two');
      await clock.advance(10);
      expect(fleet.reads()).toEqual(['b', 'b']);
      expect(two.stats().second?.failures).toBe(0);
      expect(new Set(notices).size).toBe(1);
      server.refuses = undefined;
      await clock.advance(6_000);
      fleet.source.asked.length = 0;
      expect(await value(clock.until(one.get('c'), 1))).toBe('three');
      await clock.advance(10);
      expect(await value(clock.until(two.get('c'), 1))).toBe('three');
      expect(fleet.reads(), refusal).toEqual(['c']);
    }
  });

  it('moves one document of a cluster, and the others are still shared', async () => {
    await using fleet = redisFleet();
    const { clock, server } = fleet;
    const one = await fleet.process();
    const run = server.run.bind(server);
    const moving = `acme:1:${documentId('a')}`;
    server.run = async (...given) => {
      if (String(given[3][0]) === moving) throw new Error('TRYAGAIN Multiple keys request during rehashing');
      return run(...given);
    };
    const name = { store: 'fake store', view: '', kind: 'document' as const };
    const answers = await one.level.ask(
      [
        { ...name, name: 'a' },
        { ...name, name: 'b' },
      ],
      { maxAgeMs: 1_000, lockMs: 1_000 },
    );
    expect(answers).toMatchObject([{ mine: false, waitMs: 0 }, { mine: true }]);
    const contents = answers.map(({ ticket }, i) => ({
      ...name,
      name: 'ab'[i] as string,
      ticket,
      content: Buffer.from('x'),
      lifeMs: 1_000,
      revision: 'x',
    }));
    expect(await one.level.keep(contents)).toEqual([false, true]);
    await clock.advance(0);
  });
});

/** The key of a document without the prefix, as it is documented. */
const documentId = (name: string): string =>
  createHash('sha256')
    .update(JSON.stringify(['inference', 'fake store', 'document', name]))
    .digest('base64url')
    .slice(0, 22);

describe('shared', () => {
  it('refuses wrong options and clients, and quotes none', () => {
    const client = {} as RedisClient;
    const code = 'invalid_option';
    const { level } = redisFleet();
    expect(() => shared(client, { keys: new FakeKeys(), domain: 'd' })).toThrow(
      expect.objectContaining({ code }),
    );
    for (const wrong of [
      { domain: '' },
      { domain: undefined },
      { keys: undefined },
      { prefix: '{a}' },
      { keys: {} },
    ])
      expect(() => level(wrong as never), JSON.stringify(wrong)).toThrow(expect.objectContaining({ code }));
  });

  it('works with a client of ioredis', async () => {
    await using fleet = redisFleet({ a: 'one' });
    const { clock } = fleet;
    const [one, two] = [1, 2].map(() => fleet.engine({}, fleet.source, fleet.level({}, 'ioredis')));
    for (let i = 0; i < 3; i++) await clock.until(one!.get(`warm${i}`), 1);
    await clock.until(two!.get('warm0'), 1);
    fleet.source.asked.length = 0;
    for (const engine of [one, two]) expect(await value(clock.until(engine!.get('a'), 1))).toBe('one');
    await clock.until(one!.set('a', 'two'), 1);
    await clock.advance(10);
    expect(await value(clock.until(two!.get('a'), 1))).toBe('two');
    expect(fleet.reads().filter((name) => name === 'a')).toHaveLength(3);
  });

  it('close ends its own connections and leaves the client open', async () => {
    const fleet = redisFleet();
    const one = await fleet.process();
    const client = fleet.server.nodeRedis();
    const level = shared(client, { keys: fleet.keys, domain: 'd', clock: fleet.clock });
    level.watch(() => undefined);
    await level.ask([], { maxAgeMs: 0, lockMs: 0 });
    await level.close();
    await level.close();
    expect(client).toMatchObject({ isOpen: true });
    const name = { store: 's', view: '', kind: 'document', name: 'n' } as const;
    await expect(level.ask([name], { maxAgeMs: 1, lockMs: 0 })).rejects.toThrow('closed');
    await one.level.close();
  });
});
