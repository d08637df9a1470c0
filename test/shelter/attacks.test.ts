import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { down, failing, hang } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const lost: unknown[] = [];
const note = (reason: unknown): void => void lost.push(reason);
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));

beforeEach(() => {
  lost.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  await turn();
  process.off('unhandledRejection', note);
  expect(lost).toEqual([]);
});

/** Throws on every access. */
const untouchable = new Proxy(() => {}, {
  get: () => {
    throw new Error('must not be accessed');
  },
});

const once = { attempts: 1, breaker: false } as const;

describe('a source that returns garbage', () => {
  it.each([
    ['nothing', undefined],
    ['a number', 5],
    ['a list', []],
    ['a value that throws on every access', untouchable],
  ])('fails the read when read returns %s', async (_, answer) => {
    const { provider, source, clock } = sheltering({}, { resilience: once });
    source.read = async () => answer as never;
    const reading = code(provider.get('a'));
    await clock.advance(0);
    expect(await reading).toBe('unavailable');
  });

  it.each([
    ['a number', 5],
    ['found without a list', { found: 5, next: [] }],
    ['next without a list', { found: [], next: 5 }],
    ['a value that throws on every access', untouchable],
  ])('fails the list when page returns %s', async (_, page) => {
    const { provider, source, clock } = sheltering({}, { resilience: once });
    source.page = async () => page as never;
    const listing = code(provider.list());
    await clock.advance(0);
    expect(await listing).toBe('unavailable');
  });

  it('the cache ignores documents that were not requested', async () => {
    const { provider, source } = sheltering();
    source.read = async () =>
      new Map([
        ['a', { value: '1', secret: true, text: true }],
        ['b', { value: 'not asked for', secret: true, text: true }],
      ]);
    expect(await value(provider.get('a'))).toBe('1');
    expect(provider.stats().size).toBe(1);
  });

  it('one value that throws on access fails alone', async () => {
    const { provider, source, clock } = sheltering({}, { resilience: once });
    const bad = {
      get value(): never {
        throw new Error('must not be accessed');
      },
    };
    source.read = async (documents) =>
      new Map(
        documents.map((name) => [
          name,
          name === 'b' ? (bad as never) : { value: name, secret: true, text: true },
        ]),
      );
    const found = provider.getMany(['a', 'b', 'c']);
    await clock.advance(0);
    const answers = await found;
    expect([answers.get('a'), answers.get('c')]).toMatchObject([{ value: 'a' }, { value: 'c' }]);
    expect(answers.get('b')).toMatchObject({ code: 'unavailable' });
  });

  it.each([Number.NaN, 'soon', -1])(
    'a document is read each time when expiresAt is %s',
    async (expiresAt) => {
      const { provider, source } = sheltering();
      source.put('token', 'fake', { expiresAt: expiresAt as number });
      await provider.get('token');
      await provider.get('token');
      expect(source.asked).toHaveLength(2);
    },
  );

  it('a source may return a frozen tree with ten thousand names', async () => {
    const { provider, source } = sheltering();
    const wide = Object.freeze(
      Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, Object.freeze({ x: `${i}` })])),
    );
    source.outcome = (name) => (name === 'wide' ? { value: wide, secret: true, text: true } : 'absent');
    expect(await value(provider.get('wide.k9999.x'))).toBe('9999');
  });

  it('a key for which locate throws fails alone', async () => {
    const { provider, source } = sheltering({ a: '1' });
    const { locate } = source;
    source.locate = (key) => {
      if (key === 'b') throw new TypeError('no such place');
      return locate.call(source, key);
    };
    const answers = await provider.getMany(['a', 'b']);
    expect(answers.get('a')).toMatchObject({ value: '1' });
    expect(answers.get('b')).toMatchObject({ code: 'unavailable', key: 'b' });
    expect(await code(provider.get('b'))).toBe('unavailable');
  });

  it('an error of locate or refusal is classified wherever they are called', async () => {
    const { provider, source } = sheltering({ a: '1' });
    const thrown = () => {
      throw new TypeError('fake-locate-secret');
    };
    const own = source.locate;
    Object.assign(source, { locate: () => [], refusal: thrown });
    expect(await code(provider.set('b', '2'))).toBe('unavailable');
    Object.assign(source, { locate: thrown });
    for (const call of [() => provider.set('b', '2'), () => provider.delete('b')])
      expect(await code(call())).toBe('unavailable');
    for (const call of [() => provider.where('b'), () => provider.status('b')])
      expect(call).toThrow(expect.objectContaining({ code: 'unavailable', provider: 'store', key: 'b' }));
    Object.assign(source, { locate: own });
    expect(await value(provider.get('a'))).toBe('1');
  });

  it('fails the read when relogin throws', async () => {
    const { provider, source, clock } = sheltering({ a: '1' }, { resilience: once });
    Object.assign(source, {
      relogin: () => {
        throw new Error('relogin must not be called');
      },
    });
    source.befall = failing('unauthenticated');
    const reading = code(provider.get('a'));
    await clock.advance(0);
    expect(await reading).toBe('unavailable');
  });

  it('a batch that timed out is not split', async () => {
    const { provider, source, clock } = sheltering(
      { a: '1', b: '2' },
      { resilience: { attempts: 1, timeoutMs: 1_000 } },
    );
    source.read = (documents, call) =>
      new Promise((_, reject) => {
        source.asked.push({ operation: 'read', documents, at: clock.now(), id: call.id });
        call.signal.addEventListener('abort', () =>
          reject(new ConfigError('aborted', 'the request was cancelled')),
        );
      });
    const found = provider.getMany(['a', 'b']);
    await clock.advance(5_000);
    expect([...(await found).values()]).toMatchObject([{ code: 'timeout' }, { code: 'timeout' }]);
    expect(source.asked).toHaveLength(1);
  });

  it('fails the read when neither the error nor the classified error can be accessed', async () => {
    const { provider, source, clock } = sheltering({}, { resilience: once });
    source.classify = () => untouchable as never;
    source.befall = () => {
      throw untouchable;
    };
    const reading = code(provider.get('a'));
    await clock.advance(0);
    expect(await reading).toBe('unavailable');
  });
});

const hour = 3_600_000;
/** A clock that can be set. Pending timers are not affected. */
const wrongClock = () => {
  const real = manualClock();
  let ahead = hour;
  const set = (by: number) => () => void (ahead = by);
  return {
    clock: { now: () => real.now() + ahead, after: real.after },
    advance: real.advance,
    putBack: set(0),
    leap: set(2 * hour),
  };
};

describe('a clock that leaps forward', () => {
  it('deadlines that passed while the process was suspended expire', async () => {
    const { clock, leap, advance } = wrongClock();
    const { provider, source } = sheltering(
      { b: '1' },
      { clock, resilience: { breaker: false } },
      { batch: 1 },
    );
    await provider.get('warm');
    source.befall = hang;
    const before = code(provider.get('a'));
    await advance(1_000);
    leap();
    source.befall = down;
    const after = value(provider.get('b'));
    await advance(0);
    source.befall = () => undefined;
    await advance(1_000);
    expect(await after).toBe('1');
    await provider.close();
    await before;
  });
});

describe('a clock that is put back', () => {
  it('a clock that is put back at most doubles a timeout', async () => {
    const { clock, putBack, advance } = wrongClock();
    const { provider, source } = sheltering({}, { clock, resilience: once });
    source.befall = hang;
    const before = code(provider.get('a'));
    await advance(1_000);
    putBack();
    const after = code(provider.get('b'));
    await advance(10_000);
    expect(await after).toBe('timeout');
    await advance(10_000);
    expect(await before).toBe('timeout');
  });
});

describe('many callers', () => {
  it('a thousand callers cost one request, and only those that abort fail', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake' });
    let answer = (): void => {};
    source.befall = () => new Promise<void>((resolve) => (answer = resolve));
    const callers = Array.from({ length: 1_000 }, () => new AbortController());
    const all = callers.map(({ signal }) => code(provider.get('token', { signal })));
    await clock.advance(0);
    for (const [i, caller] of callers.entries()) if (i % 2) caller.abort();
    answer();
    const codes = await Promise.all(all);
    expect(codes.filter((one) => one === 'aborted')).toHaveLength(500);
    expect(codes.filter((one) => one === 'answered')).toHaveLength(500);
    expect(source.asked).toHaveLength(1);
  });

  it('a list that began before a write is not cached', async () => {
    const { provider, source, clock } = sheltering(
      { a: '1', b: '1', c: '1' },
      {},
      { pageSize: 1, freePages: true },
    );
    const gates: (() => void)[] = [];
    source.befall = ({ operation }) =>
      operation === 'page' ? new Promise<void>((resolve) => gates.push(resolve)) : undefined;
    const listing = provider.list();
    await clock.advance(0);
    gates.shift()?.();
    await clock.advance(0);
    await provider.set('a', '2');
    for (let i = 0; i < 3; i++) {
      for (const open of gates.splice(0)) open();
      await clock.advance(0);
    }
    await listing;
    source.befall = () => undefined;
    const [first] = await provider.list();
    expect(first).toMatchObject({ key: 'a', value: '2' });
    expect(await value(provider.get('a'))).toBe('2');
  });

  it('close rejects a list, a write and a read that wait for the log-in', async () => {
    const { provider, source, clock } = sheltering({ a: '1' });
    source.connect = hang;
    const all = [code(provider.list()), code(provider.set('a', '2')), code(provider.get('a'))];
    await clock.advance(0);
    await provider.close();
    expect(await Promise.all(all)).toEqual(['aborted', 'aborted', 'aborted']);
  });

  it('a watcher or a listener that throws does not affect callers', async () => {
    const { provider } = sheltering({ a: '1' });
    const harm = (): never => {
      throw new Error('the listener failed');
    };
    provider.watch(harm);
    provider.on(harm);
    await provider.set('a', '2');
    expect(await value(provider.get('a'))).toBe('2');
    await provider.close();
  });
});
