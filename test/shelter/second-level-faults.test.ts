import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ConfigEvent } from '../../src/events.ts';
import { afterLimit } from '../../src/shelter/cache/time-limit.ts';
import { systemClock } from '../../src/shelter/clock.ts';
import type { SecondLevel } from '../../src/shelter/index.ts';
import { manualClock, type SecondLevelFault } from '../../src/testing/index.ts';
import { changedLevel, minute, SharedSource, sharedStore } from '../support/shared-store.ts';
import { value } from '../support/sheltering.ts';

const faults: readonly SecondLevelFault[] = ['hang', 'reject', 'throw', 'garbage'];
type Keep = SecondLevel['keep'];
type Kept = Parameters<Keep>[0][number];

describe('a second level that fails', () => {
  for (const fault of faults)
    it(`never fails a read or a write, and delays it by 25 ms at most (${fault})`, async () => {
      const { clock, engine, second } = sharedStore({ a: '1', b: '2' });
      second.fault = fault;
      const one = engine();
      const startedAt = clock.now();
      expect(await clock.until(value(one.get('a')), 5)).toBe('1');
      expect(clock.now() - startedAt).toBeLessThanOrEqual(35);
      expect((await clock.until(one.list(), 5)).map(({ key }) => key)).toEqual(['a', 'b']);
      expect(await value(clock.until(one.set('a', '3'), 5))).toBe('3');
      expect(await value(clock.until(one.get('a'), 5))).toBe('3');
      await clock.until(one.refresh(), 5);
      await clock.until(one.close(), 5);
      await clock.advance(minute);
    });

  it('is skipped after three failures, for a second that doubles up to thirty', async () => {
    const { clock, engine, second } = sharedStore();
    second.fault = 'hang';
    const one = engine();
    const notices: ConfigEvent[] = [];
    one.on((event) => event.type === 'notice' && notices.push(event));
    let n = 0;
    const failures = async (): Promise<number> => {
      const before = one.stats().second!.failures;
      await clock.until(one.get(`k${n++}`), 25);
      return one.stats().second!.failures - before;
    };
    while (one.stats().second!.failures < 3) await failures();
    expect(await failures()).toBe(0);
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      await clock.advance(pauseMs - 100);
      expect(await failures(), `before ${pauseMs}`).toBe(0);
      await clock.advance(100);
      expect(await failures(), `after ${pauseMs}`).toBe(1);
    }
    expect(notices.map((event) => 'message' in event && event.message)).toEqual([
      'store: the second level does not answer, so the store is read without it',
    ]);
    second.fault = undefined;
    await clock.advance(31_000);
    await one.get('x');
    await clock.advance(0);
    expect(one.stats().second).toMatchObject({ misses: 1 });
    second.fault = 'reject';
    await Promise.all(Array.from({ length: 5 }, () => one.get(`k${n++}`)));
    for (let i = 0; i < 3; i++) await one.get(`k${n++}`);
    expect(notices).toHaveLength(2);
  });

  it('a thousand readers of a hanging level wait once, and its pause does not grow with them', async () => {
    const { clock, engine, second, reads } = sharedStore({ a: '1' });
    second.fault = 'hang';
    const one = engine();
    const startedAt = clock.now();
    await clock.until(
      Promise.all(Array.from({ length: 1_000 }, (_, i) => one.get(i % 2 ? 'a' : `k${i}`))),
      5,
    );
    expect(clock.now() - startedAt).toBeLessThanOrEqual(35);
    for (let i = 0; i < 5; i++) await clock.until(one.get(`z${i}`), 25);
    second.fault = undefined;
    await clock.advance(1_000);
    await engine().get('warm');
    await clock.advance(0);
    await one.get('warm');
    expect(reads().filter((document) => document === 'warm')).toHaveLength(1);
  });

  it('an answer that comes too late is not used', async () => {
    const { clock, engine, second, source } = sharedStore({ a: '1' });
    await engine().get('a');
    await clock.advance(0);
    const late = changedLevel(second, {
      ask: async (...given) => {
        const answers = await second.ask(...given);
        await new Promise<void>((done) => clock.after(26, done));
        return answers;
      },
    });
    source.put('a', '2');
    const one = engine({}, source, late);
    expect(await value(clock.until(one.get('a'), 5))).toBe('2');
    await clock.advance(100);
    expect(await value(one.get('a'))).toBe('2');
  });

  it('an answer that has arrived while the process was busy is not late', async () => {
    const { clock, engine, second, source } = sharedStore({ a: '1' });
    await engine().get('a');
    await clock.advance(0);
    const busy = changedLevel(second, {
      ask: (...given) => {
        const arrived = new Promise((done) => setImmediate(done));
        for (const until = performance.now() + 30; performance.now() < until; );
        return arrived.then(() => second.ask(...given));
      },
    });
    const one = engine({ clock: { ...systemClock, now: clock.now } }, source, busy);
    expect(await value(one.get('a'))).toBe('1');
    expect(one.stats().second).toMatchObject({ hits: 1, failures: 0 });
  });

  it('a reader that waits, gets a damaged content and then no answer asks the store', async () => {
    const { clock, engine, second, source } = sharedStore({ a: '1' });
    let asks = 0;
    const level = changedLevel(second, {
      ask: async (names) => {
        asks++;
        if (asks === 1) return names.map(() => ({ ticket: 1, mine: false, waitMs: 1_000 }));
        if (asks === 2) return names.map(() => ({ ticket: 2, content: Buffer.from('damaged') }));
        return new Promise(() => undefined);
      },
    });
    expect(await value(clock.until(engine({}, source, level).get('a'), 50))).toBe('1');
    expect(asks).toBe(3);
  });

  it('a clock that is put back prolongs neither a wait nor a pause', async () => {
    const { clock, engine, second, source } = sharedStore({ a: '1', b: '1' });
    let backMs = 0;
    const moved = { ...clock, now: () => clock.now() - backMs, elapsed: clock.now };
    source.now = moved.now;
    const one = engine({ clock: moved });
    second.fault = 'reject';
    for (let i = 0; i < 6; i++) await one.get(`k${i}`);
    backMs = 3_600_000;
    second.fault = undefined;
    const { skipped } = one.stats().second!;
    await clock.advance(1_000);
    await one.get('b');
    expect(one.stats().second?.skipped).toBe(skipped);
    const lying = changedLevel(second, {
      ask: async (names) => names.map((_, i) => ({ ticket: i + 1, mine: false, waitMs: 1e9 })),
    });
    const waiting = value(engine({ clock: moved }, source, lying).get('a'));
    await clock.advance(1_000);
    backMs = 7_200_000;
    expect(await clock.until(waiting, 200)).toBe('1');
  });
});

describe('a second level that lies', () => {
  /** What a process that keeps `a` sends to the level. */
  async function kept(): Promise<{ store: ReturnType<typeof sharedStore>; content: Kept }> {
    const store = sharedStore({ a: '1' });
    let content: Kept | undefined;
    const spy = changedLevel(store.second, {
      keep: (contents) => {
        content = contents[0];
        return store.second.keep(contents);
      },
    });
    await store.engine({}, store.source, spy).get('a');
    await store.clock.advance(0);
    return { store, content: content as Kept };
  }

  it('contents that are damaged, moved or of a wrong type are misses', async () => {
    const { store, content } = await kept();
    const { engine, source, second, clock } = store;
    source.put('a', '2');
    const { ticket } = content;
    const flipped = (at: number): Uint8Array =>
      content.content.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const long = new Uint8Array(2 ** 20 + 1);
    const bad: readonly unknown[] = [
      ...Array.from({ length: content.content.length }, (_, i) => flipped(i)),
      ...[0, 1, 15, 16, 17, content.content.length - 1].map((end) => content.content.slice(0, end)),
      ...[randomBytes(100), long, 'text', 7, {}, [], null, { length: 3 }],
    ];
    for (const one of bad) {
      const level = changedLevel(second, {
        ask: async (names, options) =>
          options.maxAgeMs > 0 ? [{ content: one as Uint8Array, ticket }] : second.ask(names, options),
      });
      const reader = engine({}, source, level);
      expect(await value(reader.get('a'))).toBe('2');
      expect(reader.stats().second).toMatchObject({ hits: 0, refused: 1 });
    }
    await clock.advance(0);
  });

  it('contents of another name, view, store, kind or ticket are misses', async () => {
    const { store, content } = await kept();
    const { engine, second, source } = store;
    const always = changedLevel(second, {
      ask: async (names) => names.map(() => ({ content: content.content, ticket: content.ticket })),
    });
    expect(await value(engine({}, source, always).get('a'))).toBe('1');
    source.put('a', '2');
    source.put('b', '2');
    const other = (id: object) => Object.assign(new SharedSource(), { store: source.store, id });
    expect(await value(engine({}, source, always).get('b'))).toBe('2');
    for (const id of [
      { store: 'fake store', view: 'v' },
      { store: 'other', view: '' },
    ])
      expect(await value(engine({}, other(id), always).get('a'))).toBe('2');
    expect((await engine({}, source, always).list()).map(({ key }) => key)).toEqual(['a', 'b']);
    const moved = changedLevel(second, {
      ask: async () => [{ content: content.content, ticket: content.ticket + 1 }],
    });
    expect(await value(engine({}, source, moved).get('a'))).toBe('2');
  });

  it('an age that lies in the future, or is over, is refused', async () => {
    const { store, content } = await kept();
    const { clock, engine, second, source } = store;
    source.put('a', '2');
    const always = changedLevel(second, {
      ask: async (names) => names.map(() => ({ content: content.content, ticket: content.ticket })),
    });
    const at = (offsetMs: number) =>
      value(engine({ clock: { ...clock, now: () => clock.now() + offsetMs } }, source, always).get('a'));
    expect(await at(-900)).toBe('1');
    expect(await at(-1_100)).toBe('2');
    expect(await at(minute - 1)).toBe('1');
    expect(await at(minute + 1)).toBe('2');
  });

  it('a reader never goes back to an older content', async () => {
    const { store, content } = await kept();
    const { clock, engine, second, source } = store;
    let old = false;
    const level = changedLevel(second, {
      ask: async (names, options) =>
        old
          ? names.map(() => ({ content: content.content, ticket: content.ticket }))
          : second.ask(names, options),
    });
    const one = engine({ cache: { max: 1 } }, source, level);
    source.put('a', '2');
    expect(await value(one.get('a', { maxAgeMs: 0 }))).toBe('2');
    await clock.advance(0);
    await one.get('evicts', { maxAgeMs: 0 });
    old = true;
    expect(await value(one.get('a', { maxAgeMs: 30_000 }))).toBe('2');
    old = false;
    const other = engine({}, source, level);
    expect(await value(other.get('a'))).toBe('2');
    expect(other.stats().requests).toBe(0);
  });

  it('answers of a wrong shape are failures, and never errors', async () => {
    const shapes: readonly unknown[] = [
      [],
      [undefined],
      [null],
      [7],
      [{}],
      [{ ticket: 'x' }],
      [{ ticket: -1 }],
      [{ ticket: 1.5 }],
      [{ ticket: 2 ** 60 }],
      [{ ticket: 1 }, { ticket: 2 }],
      'x',
      null,
      undefined,
      { length: 1 },
      new Proxy([], {
        get: () => {
          throw new Error('trap');
        },
      }),
    ];
    for (const shape of shapes) {
      const { clock, engine, second, source } = sharedStore({ a: '1' });
      const level = changedLevel(second, {
        ask: async () => shape as never,
        keep: async () => shape as never,
        watch: () => {
          throw new Error('no watch');
        },
      });
      const one = engine({}, source, level);
      expect(await value(one.get('a'))).toBe('1');
      await clock.advance(0);
      await one.close();
    }
  });

  it('a lock that never ends delays a reader by twice its length at most', async () => {
    const { clock, engine, second, source } = sharedStore({ a: '1' });
    const level = changedLevel(second, {
      ask: async (names) => names.map((_, i) => ({ ticket: i + 1, mine: false, waitMs: 1 })),
    });
    const startedAt = clock.now();
    expect(await value(clock.until(engine({}, source, level).get('a'), 50))).toBe('1');
    expect(clock.now() - startedAt).toBeLessThanOrEqual(6_200);
  });
});

describe('what is shared', () => {
  const shares = async (document: object): Promise<{ entry: unknown; requests: number }> => {
    const { clock, engine, source } = sharedStore({ a: '1' });
    source.outcome = () => ({ secret: false, text: false, ...document }) as never;
    await engine().get('a');
    await clock.advance(0);
    const other = engine();
    const entry = await other.get('a').catch((error) => error.code);
    return { entry, requests: other.stats().requests };
  };

  it('every field of a document survives', async () => {
    const document = {
      value: { x: { ['__proto__']: 1, list: [1, null, 'ä\ud800', true, {}] } },
      raw: 'raw',
      version: 'v',
      modifiedAt: 5,
      expiresAt: 2e12,
      metadata: { type: 't', tags: ['x'] },
    };
    const proto = JSON.parse('{"__proto__":{"polluted":1},"y":"\\ud800"}');
    for (const value of [document.value.x.list, proto, '', 0, false, null, 1e-7, Number.MAX_VALUE]) {
      const { entry, requests } = await shares({ ...document, value: [value] });
      expect(requests).toBe(0);
      expect(entry).toMatchObject({ value: [value], version: 'v', modifiedAt: 5, expiresAt: 2e12 });
      expect(Object.keys((entry as { value: object[] }).value[0] ?? {})).toEqual(Object.keys(value ?? {}));
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('a value that JSON would change is not shared, and read as without a level', async () => {
    const values = [
      10n,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      [undefined],
      new Array(1),
      { x: new Date(0) },
      [10n],
    ];
    for (const value of values) expect((await shares({ value: [value] })).requests).toBe(1);
    expect((await shares({ value: 'x'.repeat(2 ** 20) })).requests).toBe(1);
    expect((await shares({ value: 'x'.repeat(2 ** 20 - 1_000) })).requests).toBe(0);
  });

  it('a document that ends is never served after its end', async () => {
    const { clock, engine, source } = sharedStore({ a: '1' }, { cache: { staleIfErrorMs: minute } });
    source.put('a', '1', { expiresAt: clock.now() + 5_000 });
    await engine().get('a');
    await clock.advance(4_999);
    expect((await engine().get('a'))?.expiresAt).toBe(clock.now() + 1);
    expect(source.count('read')).toBe(1);
    await clock.advance(1);
    source.put('a', '2');
    expect(await value(engine().get('a'))).toBe('2');
  });

  it('a text that cannot be parsed is shared with its fault', async () => {
    const { clock, engine, reads } = sharedStore({ a: '{"x":' });
    const codes = [];
    for (let i = 0; i < 2; i++) {
      codes.push(
        await engine()
          .get('a.x')
          .catch((error) => error.code),
      );
      await clock.advance(0);
    }
    expect(codes[0]).toBe(codes[1]);
    expect(reads()).toEqual(['a', 'a/x']);
  });
});

describe('the time limit of a second level', () => {
  it('is 25 ms, and longer while the process has to wait for its turn', async () => {
    for (const [lateMs, tookMs] of [
      [0, 25],
      [1, 26],
      [9, 130],
    ] as const) {
      const clock = manualClock();
      const busy = { ...clock, after: (ms: number, then: () => void) => clock.after(ms + lateMs, then) };
      let at = 0;
      const startedAt = clock.now();
      afterLimit(busy, () => {
        at = clock.now() - startedAt;
      });
      await clock.advance(1_000);
      expect(at).toBe(tookMs);
    }
  });

  it('does not pass once it is cancelled', async () => {
    const clock = manualClock();
    let late = 0;
    const cancel = afterLimit(clock, () => void late++);
    await clock.advance(24);
    cancel();
    await clock.advance(1_000);
    expect(late).toBe(0);
  });
});
