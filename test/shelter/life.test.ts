import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/provider.ts';
import { down, failing, hang } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const leased = [{ key: 'creds', document: 'creds', field: '', leased: true as const }];
const forever = { ttlMs: 2_000_000_000, staleIfErrorMs: 3_600_000, staleWhileRevalidateMs: 2_000_000_000 };

/** A store that creates credentials for 60 s at each read. */
function lessor(options: Parameters<typeof sheltering>[1] = {}) {
  const set = sheltering({}, { cache: forever, resilience: { attempts: 1 }, ...options }, { places: leased });
  let made = 0;
  set.source.outcome = () => ({
    value: { user: `u${++made}` },
    secret: true,
    text: true,
    expiresAt: set.clock.now() + 60_000,
  });
  return set;
}

describe('a lease', () => {
  it('a lease is never served after its end, whatever the options', async () => {
    const { provider, source, clock } = lessor();
    expect(await value(provider.get('creds.user'))).toBe('u1');
    source.befall = down;
    await clock.advance(59_999);
    expect(await value(provider.get('creds.user'))).toBe('u1');
    await clock.advance(1);
    expect(await code(provider.get('creds.user'))).toBe('unavailable');
    expect(await code(provider.list('', { acquire: true }))).toBe('unavailable');
  });

  it('a lease is served for two thirds of its life, then renewed once', async () => {
    const { provider, source, clock } = lessor();
    await provider.get('creds.user');
    await clock.advance(39_999);
    expect(await value(provider.get('creds.user', { maxAgeMs: 0 }))).toBe('u1');
    expect(source.asked).toHaveLength(1);
    await clock.advance(1);
    const all = await Promise.all(Array.from({ length: 100 }, () => value(provider.get('creds.user'))));
    expect(new Set(all)).toEqual(new Set(['u2']));
    expect(source.asked).toHaveLength(2);
  });

  it('a list creates no lease, and shows a cached one', async () => {
    const { provider, source } = lessor();
    const [hole] = await provider.list();
    expect(hole).toMatchObject({ key: 'creds', error: { code: 'on_demand' } });
    expect(source.asked).toHaveLength(0);
    await provider.list('', { acquire: true });
    expect(await provider.list('', { maxAgeMs: 0 })).toMatchObject([{ key: 'creds', value: { user: 'u1' } }]);
    expect(source.asked).toHaveLength(1);
  });

  it('a lease is cached even with cache: false', async () => {
    const { provider, source } = lessor({ cache: false });
    await provider.get('creds.user');
    await provider.get('creds.user');
    expect(source.asked).toHaveLength(1);
  });

  it('a timer renews a lease only while the provider is watched', async () => {
    const { provider, source, clock } = lessor();
    await provider.get('creds.user');
    await clock.advance(50_000);
    expect(source.asked).toHaveLength(1);
    await clock.advance(20_000);
    await provider.get('creds.user');
    const changes: Change[] = [];
    const watching = provider.watch((change) => changes.push(change));
    await clock.advance(40_000);
    expect(source.asked).toHaveLength(3);
    expect(changes.map((change) => change.keys)).toEqual([['creds']]);
    expect(await value(provider.get('creds.user'))).toBe('u3');
    watching[Symbol.dispose]();
    await clock.advance(200_000);
    expect(source.asked).toHaveLength(3);
  });

  it('a failed renewal is retried with growing pauses until the lease ends', async () => {
    const { provider, source, clock } = lessor({ resilience: { attempts: 1, breaker: false } });
    const changes: Change[] = [];
    provider.watch((change) => changes.push(change));
    await provider.get('creds.user');
    source.befall = failing('access_denied');
    await clock.advance(60_000);
    expect(source.asked.length).toBeLessThan(8);
    expect(changes).toHaveLength(1);
    expect(await code(provider.get('creds.user'))).toBe('access_denied');
    await clock.advance(600_000);
    expect(changes).toHaveLength(1);
  });
});

describe('a document with an end', () => {
  it('a document is not served after its end, and watchers are notified', async () => {
    const { provider, source, clock } = sheltering({}, { cache: forever });
    source.put('token', 'fake', { expiresAt: clock.now() + 5_000 });
    const changes: Change[] = [];
    provider.watch((change) => changes.push(change));
    await provider.get('token');
    source.put('token', 'other');
    await clock.advance(5_000);
    expect(changes).toHaveLength(1);
    expect(await value(provider.get('token'))).toBe('other');
  });

  it('a document may end beyond the longest timer', async () => {
    const { provider, source, clock } = sheltering({}, { cache: forever });
    source.put('token', 'fake', { expiresAt: clock.now() + 10 * 2 ** 31 });
    const changes: Change[] = [];
    provider.watch((change) => changes.push(change));
    await provider.get('token');
    await clock.advance(2 ** 31);
    expect(changes).toHaveLength(0);
  });

  it('freshMs of the store replaces the TTL', async () => {
    const { provider, source, clock } = sheltering({});
    source.put('token', 'fake', { freshMs: 100 });
    await provider.get('token');
    source.put('token', 'other');
    await clock.advance(100);
    expect(await value(provider.get('token'))).toBe('other');
  });
});

describe('refresh and maxAgeMs', () => {
  const options = {
    cache: { staleIfErrorMs: 60_000, staleWhileRevalidateMs: 60_000 },
    resilience: { attempts: 1 },
  };

  it('refresh keeps the stale value for an outage', async () => {
    const { provider, source } = sheltering({ token: 'fake', db: '{"a":"1"}' }, options);
    await provider.list();
    source.befall = down;
    await provider.refresh();
    expect(await value(provider.get('token'))).toBe('fake');
    expect(await provider.list()).toHaveLength(2);
    expect(provider.stats().stale).toBeGreaterThan(0);
  });

  it('refresh makes the next read ask the store', async () => {
    const { provider, source } = sheltering({ token: 'fake', other: 'fake' }, options);
    await provider.getMany(['token', 'other']);
    source.put('token', 'new');
    source.put('other', 'new');
    await provider.refresh('token');
    expect(await value(provider.get('token'))).toBe('new');
    expect(await value(provider.get('other'))).toBe('fake');
    await provider.refresh();
    expect(await value(provider.get('other'))).toBe('new');
  });

  it('refresh drops reads that began before', async () => {
    const { provider, source, clock } = sheltering({ token: 'old' });
    let answer = (): void => {};
    source.befall = () => new Promise<void>((resolve) => (answer = resolve));
    const read = source.outcome.bind(source);
    const old = read('token');
    source.outcome = () => old;
    const first = value(provider.get('token'));
    await clock.advance(0);
    await provider.refresh();
    answer();
    expect(await first).toBe('old');
    source.put('token', 'new');
    source.outcome = read;
    source.befall = () => undefined;
    expect(await value(provider.get('token'))).toBe('new');
  });

  it('maxAgeMs: 0 throws in an outage and keeps the cached value', async () => {
    const { provider, source } = sheltering({ token: 'fake' }, options);
    await provider.get('token');
    source.befall = down;
    expect(await code(provider.get('token', { maxAgeMs: 0 }))).toBe('unavailable');
    expect(await code(provider.list('', { maxAgeMs: 0 }))).toBe('unavailable');
    expect(await value(provider.get('token'))).toBe('fake');
    source.befall = () => undefined;
    source.put('token', 'new');
    expect(await value(provider.get('token', { maxAgeMs: 0 }))).toBe('new');
    expect(await value(provider.get('token'))).toBe('new');
  });

  it('maxAgeMs excludes older values, also in an outage', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake' }, options);
    await provider.get('token');
    source.put('token', 'new');
    await clock.advance(5_000);
    expect(await value(provider.get('token', { maxAgeMs: 5_000 }))).toBe('fake');
    source.befall = down;
    expect(await code(provider.get('token', { maxAgeMs: 4_999 }))).toBe('unavailable');
    source.befall = () => undefined;
    expect(await value(provider.get('token', { maxAgeMs: 4_999 }))).toBe('new');
  });

  it('maxAgeMs: 0 joins only a request that is not sent yet', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake' });
    const gates: (() => void)[] = [];
    source.befall = () => new Promise<void>((resolve) => gates.push(resolve));
    const first = value(provider.get('token'));
    await clock.advance(0);
    const exact = Array.from({ length: 10 }, () => value(provider.get('token', { maxAgeMs: 0 })));
    await clock.advance(0);
    expect(source.asked).toHaveLength(2);
    for (const open of gates) open();
    expect(new Set(await Promise.all([first, ...exact]))).toEqual(new Set(['fake']));
  });

  it('refresh expires named places by their keys', async () => {
    const places = [
      { key: 'a', document: 'd', field: 'x' },
      { key: 'b', document: 'd', field: 'y' },
    ];
    const { provider, source } = sheltering({ d: '{"x":"1","y":"2"}' }, {}, { places });
    await provider.getMany(['a', 'b']);
    source.put('d', '{"x":"3","y":"4"}');
    await provider.refresh('b');
    expect(await value(provider.get('a'))).toBe('3');
  });
});

describe('a rotation reported by the source', () => {
  it('a rotation expires documents, then notifies watchers', async () => {
    const { provider, source } = sheltering({ token: 'fake' });
    let changed: (documents: readonly string[]) => void = () => {};
    let stopped = 0;
    source.watch = (listener) => {
      changed = listener;
      return () => void stopped++;
    };
    await provider.get('token');
    const seen: unknown[] = [];
    const watching = provider.watch(({ keys }) => seen.push(keys, value(provider.get('token'))));
    source.put('token', 'new');
    changed(['token']);
    changed(['never read']);
    expect(await Promise.all(seen)).toEqual([['token'], 'new', undefined, 'new']);
    watching[Symbol.dispose]();
    watching[Symbol.dispose]();
    expect(stopped).toBe(1);
  });
});

describe('closing', () => {
  it('close aborts requests in flight, rejects later calls, and is idempotent', async () => {
    const { provider, source, clock } = sheltering(
      { token: 'fake' },
      { limits: { concurrency: 1 } },
      { batch: 1 },
    );
    await provider.get('token');
    source.befall = hang;
    const waiting = ['a', 'b', 'c'].map((key) => code(provider.get(key)));
    await clock.advance(0);
    await provider.close();
    await provider.close();
    expect(await Promise.all(waiting)).toEqual(['aborted', 'aborted', 'aborted']);
    expect(await code(provider.get('token'))).toBe('aborted');
    expect(await code(provider.list())).toBe('aborted');
    expect(await code(provider.health())).toBe('aborted');
    expect(source.closed).toBe(1);
  });
});

describe('health', () => {
  it('health pings once where the source can, and reports the breaker', async () => {
    const { provider, source } = sheltering({}, { resilience: { breaker: { failures: 2 } } });
    source.ping = (call) => source.happen('ping', [], call);
    expect(await provider.health()).toMatchObject({ status: 'ok', breaker: 'closed' });
    source.befall = down;
    expect(await provider.health()).toMatchObject({
      status: 'down',
      reason: 'unavailable: the store is down',
    });
    await provider.health();
    expect(await provider.health()).toMatchObject({ status: 'down', breaker: 'open' });
    expect(source.count('ping')).toBe(3);
  });

  it('health reports the last request of a source without ping', async () => {
    const { provider, source } = sheltering({ a: '1' }, { resilience: { attempts: 1 } });
    expect(await provider.health()).toMatchObject({ status: 'ok' });
    source.befall = down;
    await code(provider.get('a'));
    expect(await provider.health()).toMatchObject({ status: 'down' });
    source.befall = failing('access_denied');
    await code(provider.get('a'));
    expect(await provider.health()).toMatchObject({ status: 'ok' });
    expect(provider.stats()).toMatchObject({ errors: 2, requests: 2, retries: 0 });
  });
});
