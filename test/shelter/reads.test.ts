import { execFile } from 'node:child_process';
import { inspect, promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { placesOf } from '../../src/shelter/places.ts';
import { down, failing, hang } from '../support/fake-source.ts';
import { program } from '../support/program.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

describe('single flight', () => {
  it('1,000 concurrent reads of one key are one request', async () => {
    const { provider, source } = sheltering({ token: 'fake-1' });
    const all = await Promise.all(Array.from({ length: 1_000 }, () => value(provider.get('token'))));
    expect(new Set(all)).toEqual(new Set(['fake-1']));
    expect(source.asked).toHaveLength(1);
    expect(provider.stats()).toMatchObject({ joined: 999, misses: 1, requests: 1 });
  });

  it('reads of ten fields of one document are one request', async () => {
    const fields = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, `fake-${i}`]));
    const { provider, source } = sheltering(
      { db: JSON.stringify(fields) },
      {},
      { places: [{ key: 'db', document: 'db', field: '' }] },
    );
    const all = await Promise.all(Object.keys(fields).map((name) => value(provider.get(`db.${name}`))));
    expect(all).toEqual(Object.values(fields));
    expect(source.asked).toHaveLength(1);
    expect(await value(provider.get('db.f3'))).toBe('fake-3');
    expect(source.asked).toHaveLength(1);
  });

  it('1,000 reads of a missing key are one request, at once or in a row', async () => {
    const { provider, source, clock } = sheltering();
    const all = await Promise.all(Array.from({ length: 1_000 }, () => provider.get('nothing')));
    expect(all.every((entry) => entry === undefined)).toBe(true);
    for (let i = 0; i < 100; i++) expect(await provider.get('nothing')).toBeUndefined();
    expect(source.asked).toHaveLength(1);
    expect(provider.stats().absentHits).toBe(100);
    await clock.advance(30_001);
    await provider.get('nothing');
    expect(source.asked).toHaveLength(2);
  });

  it('reads that are some promises apart are one request', async () => {
    const { provider, source } = sheltering({ a: '1', b: '2', c: '3' });
    const later = async (key: string, turns: number) => {
      for (let i = 0; i < turns; i++) await undefined;
      return value(provider.get(key));
    };
    expect(await Promise.all([later('a', 0), later('b', 3), later('c', 9)])).toEqual(['1', '2', '3']);
    expect(source.asked).toHaveLength(1);
  });
});

describe('a batch', () => {
  const keys = Array.from({ length: 25 }, (_, i) => `k${i}`);
  const documents = Object.fromEntries(keys.map((key) => [key, `fake-${key}`]));

  it('25 concurrent reads are three requests of up to ten documents', async () => {
    const { provider, source } = sheltering(documents);
    expect(await Promise.all(keys.map((key) => value(provider.get(key))))).toEqual(Object.values(documents));
    expect(source.asked.map((one) => one.documents.length)).toEqual([10, 10, 5]);
  });

  it('a denied document of a batch fails alone', async () => {
    const { provider, source } = sheltering(documents);
    source.refused.set('k3', 'access_denied');
    const all = await provider.getMany(keys);
    expect([...all].filter(([, answer]) => answer instanceof ConfigError).map(([key]) => key)).toEqual([
      'k3',
    ]);
    expect(source.asked).toHaveLength(3);
  });

  it('a throttled document of a batch is retried alone', async () => {
    const { provider, source, clock } = sheltering(documents);
    source.refused.set('k3', 'throttled');
    const all = provider.getMany(keys);
    await clock.advance(0);
    source.refused.clear();
    await clock.advance(10_000);
    expect([...(await all).values()].map((entry) => (entry as { value: unknown }).value)).toEqual(
      Object.values(documents),
    );
    expect(source.asked.map((one) => one.documents.length)).toEqual([10, 10, 5, 1]);
    expect(source.asked[3]?.documents).toEqual(['k3']);
    expect(source.asked[3]?.id).toBe(source.asked[0]?.id);
  });

  it('a batch that is refused as a whole is read one by one', async () => {
    const { provider, source } = sheltering({ a: '1', b: '2', c: '3' });
    source.befall = ({ documents: asked }) => {
      if (asked.includes('b')) failing('access_denied')();
    };
    const all = await provider.getMany(['a', 'b', 'c']);
    expect(
      [...all].map(([key, answer]) => [key, answer instanceof ConfigError ? answer.code : answer?.value]),
    ).toEqual([
      ['a', '1'],
      ['b', 'access_denied'],
      ['c', '3'],
    ]);
    expect(source.asked.map((one) => one.documents)).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
  });

  it('a document that is missing in the response is unavailable, never absent', async () => {
    const { provider, source } = sheltering({ a: '1', b: '2' }, { resilience: { attempts: 1 } });
    source.read = async () => new Map();
    expect(await code(provider.get('a'))).toBe('unavailable');
  });

  it('an outcome of the wrong type is unavailable', async () => {
    const { provider, source } = sheltering({ a: '1' }, { resilience: { attempts: 1 } });
    for (const lie of [null, 7, 'nothing', {}, { value: undefined }]) {
      source.read = async () => new Map([['a', lie as never]]);
      expect(await code(provider.get('a'))).toBe('unavailable');
    }
  });
});

describe('an outage', () => {
  const options = { cache: { ttlMs: 60_000, staleIfErrorMs: 600_000 }, resilience: { attempts: 1 } };

  it('an outage serves fresh values, then stale ones as long as allowed, then fails', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake-1' }, options);
    expect(await value(provider.get('token'))).toBe('fake-1');
    source.befall = down;
    await clock.advance(59_999);
    expect(await value(provider.get('token'))).toBe('fake-1');
    expect(source.asked).toHaveLength(1);
    await clock.advance(1);
    expect(await value(provider.get('token'))).toBe('fake-1');
    expect(source.asked).toHaveLength(2);
    expect(provider.stats().stale).toBe(1);
    expect(provider.status('token')).toMatchObject({ ageMs: 60_000, stale: true });
    await clock.advance(599_999);
    expect(await value(provider.get('token'))).toBe('fake-1');
    await clock.advance(1);
    expect(await code(provider.get('token'))).toMatch(/unavailable|circuit_open/);
  });

  it('opens the breaker after five failures in a row, then probes once within two minutes', async () => {
    const { provider, source, clock } = sheltering({}, { resilience: { attempts: 1 } });
    source.befall = down;
    for (let i = 0; i < 5; i++) {
      expect(provider.status('token')?.breaker).toBe('closed');
      expect(await code(provider.get(`k${i}`))).toBe('unavailable');
    }
    expect(provider.status('token')?.breaker).toBe('open');
    for (let i = 0; i < 60; i++) {
      expect(await code(provider.get('token'))).toBe('circuit_open');
      await clock.advance(999);
    }
    expect(source.asked).toHaveLength(5);
    await clock.advance(60_060);
    source.befall = hang;
    const probes = Array.from({ length: 20 }, (_, i) => code(provider.get(`p${i}`)));
    await clock.advance(1);
    expect(provider.status('token')?.breaker).toBe('half-open');
    expect(source.asked.slice(5)).toHaveLength(1);
    await clock.advance(20_000);
    expect(new Set(await Promise.all(probes))).toEqual(new Set(['timeout', 'circuit_open']));
    expect(source.asked.slice(5)).toHaveLength(1);
  });

  it('closes the breaker on any definite answer, also a refusal', async () => {
    const { provider, source, clock } = sheltering(
      {},
      { resilience: { attempts: 1, breaker: { failures: 1, resetMs: 1_000 } } },
    );
    source.befall = down;
    await code(provider.get('token'));
    await clock.advance(2_000);
    source.befall = failing('access_denied');
    expect(await code(provider.get('token'))).toBe('access_denied');
    expect(provider.status('token')?.breaker).toBe('closed');
  });

  it('a definite answer between failures keeps the breaker closed', async () => {
    const { provider, source } = sheltering({}, { resilience: { attempts: 1 } });
    for (let i = 0; i < 12; i++) {
      source.befall = i % 4 === 3 ? failing('disabled') : down;
      await code(provider.get(`k${i}`));
    }
    expect(source.asked).toHaveLength(12);
    expect(provider.status('x')?.breaker).toBe('closed');
  });

  it('circuit_open has the last failure and the time of the next request', async () => {
    const { provider, source } = sheltering({}, { resilience: { attempts: 1, breaker: { failures: 1 } } });
    source.befall = () => {
      throw new ConfigError('throttled', 'the store says slow down');
    };
    await code(provider.get('token'));
    const error = (await provider.get('token').catch((thrown) => thrown)) as ConfigError;
    expect(error).toMatchObject({ code: 'circuit_open', transient: true });
    expect(error.message).toMatch(/throttled: the store says slow down/);
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(60_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(120_000);
    expect((error.cause as ConfigError).code).toBe('throttled');
  });

  it('the call that opens the circuit fails with the real error', async () => {
    const { provider, source, clock } = sheltering(
      {},
      { resilience: { attempts: 3, breaker: { failures: 2 } } },
    );
    source.befall = down;
    const reading = code(provider.get('token'));
    await clock.advance(20_000);
    expect(await reading).toBe('unavailable');
    expect(source.asked).toHaveLength(2);
  });

  it('a remembered absence is never served as stale', async () => {
    const { provider, source, clock } = sheltering({}, options);
    expect(await provider.get('token')).toBeUndefined();
    source.befall = down;
    await clock.advance(30_001);
    expect(await code(provider.get('token'))).toBe('unavailable');
  });

  it('a key is found although the absence of its outer documents has expired', async () => {
    const { provider, source, clock } = sheltering({ 'a/b/c': 'fake' }, options);
    expect(await value(provider.get('a.b.c'))).toBe('fake');
    source.befall = down;
    await clock.advance(45_000);
    expect(await value(provider.get('a.b.c'))).toBe('fake');
    expect(source.asked).toHaveLength(1);
    await clock.advance(60_000);
    expect(await value(provider.get('a.b.c'))).toBe('fake');
  });

  it('a stale value is revalidated less and less often while that fails', async () => {
    const { provider, source, clock } = sheltering(
      { token: 'fake-1' },
      {
        cache: { ttlMs: 1_000, staleWhileRevalidateMs: 600_000 },
        resilience: { attempts: 1, breaker: false },
      },
    );
    await provider.get('token');
    source.put('token', 'fake-2');
    await clock.advance(1_000);
    expect(await value(provider.get('token'))).toBe('fake-1');
    await clock.advance(0);
    expect(await value(provider.get('token'))).toBe('fake-2');
    source.befall = down;
    await clock.advance(1_000);
    const before = source.asked.length;
    for (let i = 0; i < 300; i++) {
      expect(await value(provider.get('token'))).toBe('fake-2');
      await clock.advance(1_000);
    }
    expect(source.asked.length - before).toBeLessThan(14);
    source.befall = () => undefined;
    await clock.advance(60_000 * 1.5);
    await provider.get('token');
    await clock.advance(0);
    const after = source.asked.length;
    expect(await value(provider.get('token'))).toBe('fake-2');
    expect(source.asked).toHaveLength(after);
  });
});

describe('an error that is not an outage', () => {
  for (const refusal of ['access_denied', 'disabled'] as const) {
    it(`${refusal} is never retried, counted or served stale`, async () => {
      const { provider, source, clock } = sheltering(
        { token: 'fake-1' },
        { cache: { ttlMs: 1_000, staleIfErrorMs: 3_600_000 } },
      );
      await provider.get('token');
      await clock.advance(1_000);
      for (let i = 0; i < 20; i++) {
        source.refused.set('token', refusal);
        expect(await code(provider.get('token', { maxAgeMs: 0 }))).toBe(refusal);
        expect(await code(provider.get('token'))).toBe(refusal);
      }
      // a denial is remembered for a second
      expect(source.asked).toHaveLength(refusal === 'access_denied' ? 21 : 41);
      expect(provider.status('token')?.breaker).toBe('closed');
      source.refused.clear();
      await clock.advance(1_000);
      expect(await value(provider.get('token'))).toBe('fake-1');
    });
  }
});

describe('versions of a document', () => {
  it('versions of a key are cached apart', async () => {
    const { provider, source } = sheltering({ token: 'fake' });
    source.put('token', 'fake');
    const read = (version?: string) => value(provider.get('token', version === undefined ? {} : { version }));
    for (let i = 0; i < 3; i++) {
      expect(await Promise.all([read(), read('1'), read('2'), read('9')])).toEqual([
        'fake',
        'fake@1',
        'fake@2',
        undefined,
      ]);
    }
    expect(source.asked.map((one) => one.version).sort()).toEqual(['1', '2', '9', undefined]);
    expect(source.asked.every((one) => one.documents.length === 1)).toBe(true);
  });

  it('a write invalidates all versions', async () => {
    const { provider, source } = sheltering({ token: 'fake' });
    const before = await value(provider.get('token', { version: '1' }));
    await provider.set('token', 'other');
    expect(before).toBe('fake@1');
    expect(await value(provider.get('token', { version: '1' }))).toBe('other@1');
    expect(source.count('read')).toBe(3);
  });
});

describe('a store that hangs', () => {
  it('a hanging store gives each of 50 callers a timeout, and leaves no timer', async () => {
    const { provider, source, clock } = sheltering({});
    const rejections: unknown[] = [];
    const warnings: unknown[] = [];
    const note = (what: unknown[]) => (thing: unknown) => void what.push(thing);
    const [unhandled, warned] = [note(rejections), note(warnings)];
    process.on('unhandledRejection', unhandled);
    process.on('warning', warned);
    const signals: AbortSignal[] = [];
    source.befall = (_, call) => {
      signals.push(call.signal);
      return hang();
    };
    const controller = new AbortController();
    const waiting = Array.from({ length: 50 }, () =>
      code(provider.get('token', { signal: controller.signal })),
    );
    await clock.advance(15_000);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['timeout']));
    expect(signals.every((signal) => signal.aborted)).toBe(true);
    await clock.advance(1);
    process.off('unhandledRejection', unhandled);
    process.off('warning', warned);
    expect([rejections, warnings]).toEqual([[], []]);
    await provider.close();
  });

  it('a hanging store keeps the process alive until the last timeout', async () => {
    const child = await program(new URL('../support/hanging.ts', import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [child], { timeout: 60_000 });
    expect(stderr).toBe('');
    expect(stdout).toBe('50 timeout, loop empty at once');
  });

  it('queued requests end within the deadline', async () => {
    const { provider, source, clock } = sheltering(
      {},
      { limits: { concurrency: 1 }, resilience: { breaker: false } },
      { batch: 1 },
    );
    source.befall = hang;
    const waiting = Array.from({ length: 5 }, (_, i) => code(provider.get(`k${i}`)));
    await clock.advance(15_000);
    expect(await Promise.all(waiting)).toEqual(Array(5).fill('timeout'));
    expect(source.asked.length).toBeLessThan(5);
  });

  it('Retry-After is honoured, unless it is beyond the deadline', async () => {
    const { provider, source, clock } = sheltering({ a: '1' });
    source.befall = ({ at }) => {
      if (at < clock.now() || source.asked.length < 2)
        throw new ConfigError('throttled', 'slow down', { retryAfterMs: 7_000 });
    };
    const reading = value(provider.get('a'));
    await clock.advance(6_999);
    expect(source.asked).toHaveLength(1);
    await clock.advance(1);
    expect(await reading).toBe('1');
    source.befall = () => {
      throw new ConfigError('throttled', 'slow down', { retryAfterMs: 20_000 });
    };
    expect(await code(provider.get('b'))).toBe('throttled');
  });
});

describe('a caller that aborts', () => {
  it('a caller that aborts is rejected at once, while the other 99 get the value', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake-1' });
    let answer = (): void => {};
    source.befall = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const controller = new AbortController();
    const gaveUp = code(provider.get('token', { signal: controller.signal }));
    const others = Array.from({ length: 99 }, () => value(provider.get('token')));
    await clock.advance(1);
    controller.abort();
    expect(await gaveUp).toBe('aborted');
    answer();
    expect(new Set(await Promise.all(others))).toEqual(new Set(['fake-1']));
    expect(source.asked).toHaveLength(1);
  });

  it('an aborted caller makes no request, and is rejected during a pause', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake-1' });
    expect(await code(provider.get('token', { signal: AbortSignal.abort() }))).toBe('aborted');
    expect(await code(provider.list('', { signal: AbortSignal.abort() }))).toBe('aborted');
    expect(source.asked).toHaveLength(0);
    source.befall = down;
    const controller = new AbortController();
    const reading = code(provider.get('token', { signal: controller.signal }));
    await clock.advance(1);
    controller.abort();
    expect(await reading).toBe('aborted');
  });

  it('a request goes on when all callers abort, and its result is cached', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake-1' });
    let answer = (): void => {};
    source.befall = () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      });
    const controller = new AbortController();
    const gaveUp = code(provider.get('token', { signal: controller.signal }));
    await clock.advance(1);
    controller.abort();
    await gaveUp;
    answer();
    await clock.advance(1);
    expect(await value(provider.get('token'))).toBe('fake-1');
    expect(source.asked).toHaveLength(1);
    expect(await code(provider.get('token', { signal: AbortSignal.abort() }))).toBe('aborted');
  });
});

describe('a secret with a repeated key in its JSON', () => {
  const twice = '{"password":"fake-old","password":"fake-new"}';

  it('a repeated key fails all fields, and no lower provider replaces them', async () => {
    const { provider } = sheltering({ db: twice, other: 'fake' });
    const failed = await provider.get('db.password').catch((error: unknown) => error as ConfigError);
    expect(failed).toMatchObject({
      code: 'parse',
      key: 'db.password',
      message: expect.stringContaining('store: the JSON of db holds a duplicate key'),
    });
    expect(`${inspect(failed)}${JSON.stringify(failed)}`).not.toContain('fake');
    expect(await code(provider.get('db'))).toBe('parse');
    expect(await provider.list()).toMatchObject([
      { key: 'db', error: { code: 'parse' } },
      { key: 'other', value: 'fake' },
    ]);
    expect(await value(provider.get('other'))).toBe('fake');
  });

  it('a repeated key leaves the whole text readable, but no field writable', async () => {
    const { provider, source } = sheltering(
      { db: twice },
      {},
      { places: placesOf('Test', 'secrets', { text: 'db#', part: 'db#password' }) },
    );
    expect(await value(provider.get('text'))).toBe(twice);
    expect(await code(provider.get('part'))).toBe('parse');
    expect(await code(provider.set('part', 'fake-newer'))).toBe('parse');
    expect(source.count('write')).toBe(0);
    await provider.set('text', '{"password":"fake-newer"}');
    expect(await value(provider.get('part'))).toBe('fake-newer');
  });
});
