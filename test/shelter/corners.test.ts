import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Entry } from '../../src/entry.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { placesOf } from '../../src/shelter/places.ts';
import { down, FakeSource, failing, hang } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('the cache', () => {
  it('the cache returns the right value for each of thousands of keys', async () => {
    const keys = Array.from({ length: 6_000 }, (_, i) => `k${i}`);
    const { provider, source } = sheltering(
      Object.fromEntries(keys.map((key) => [key, key])),
      {},
      { batch: 1_000 },
    );
    await provider.getMany(keys);
    const asked = source.asked.length;
    let right = 0;
    for (let round = 0; round < 2; round++)
      for (const key of [...keys, 'k1', 'k5999']) if ((await value(provider.get(key))) === key) right++;
    expect(right).toBe(12_004);
    expect([...(await provider.getMany(keys)).values()].every((entry) => entry && 'value' in entry)).toBe(
      true,
    );
    expect(source.asked).toHaveLength(asked);
    expect(provider.stats()).toMatchObject({ size: 6_000, misses: 6_000 });
    expect(provider.stats().ratio).toBeCloseTo(0.75, 1);
  });

  it('refresh and a write also reach what the full cache has dropped', async () => {
    const { provider, source } = sheltering({ a: '1', b: '1' }, { cache: { max: 1 } });
    for (const key of ['a', 'b']) await provider.get(key);
    source.put('a', '2');
    await provider.refresh();
    expect(await value(provider.get('a'))).toBe('2');
    await provider.get('b');
    await provider.set('a', '3');
    expect(await value(provider.get('a'))).toBe('3');
  });

  it('the full cache drops the least recently used document', async () => {
    const { provider, source } = sheltering({ a: '1', b: '2', c: '3' }, { cache: { max: 2 } });
    for (const key of ['a', 'b', 'a', 'c']) await provider.get(key, { version: '1' });
    const asked = source.asked.length;
    await provider.get('a', { version: '1' });
    expect(source.asked).toHaveLength(asked);
    await provider.get('b', { version: '1' });
    expect(source.asked).toHaveLength(asked + 1);
  });

  it('get refuses an empty version', async () => {
    const { provider, source } = sheltering({ a: '1' });
    await expect(provider.get('a', { version: '' })).rejects.toMatchObject({
      code: 'invalid_option',
      provider: 'store',
      key: 'a',
    });
    expect(source.asked).toEqual([]);
  });

  it('entries keep metadata, and are secret by name when the store does not say', async () => {
    const { provider, source } = sheltering();
    source.put('db', '{"host":"h","password":"fake","pool":{"max":"5"}}', {
      secret: false,
      text: false,
      modifiedAt: 5,
      metadata: { type: 'api-key' },
    });
    const host = await provider.get('db.host');
    expect(host).toMatchObject({ secret: false, modifiedAt: 5, metadata: { type: 'api-key' } });
    expect(host && 'text' in host).toBe(false);
    expect(await provider.get('db.password')).toMatchObject({ secret: true });
    const [tree] = (await provider.list()) as [Entry];
    expect([
      tree.leaf?.('host').secret,
      tree.leaf?.('password').secret,
      tree.leaf?.('nothing').secret,
    ]).toEqual([false, true, false]);
    expect(tree.secret).toBe(false);
  });

  it('a field that ends in # is read as text', async () => {
    const places = placesOf('Test', 'secrets', {
      pool: 'db#pool#',
      host: 'db#host#',
      plain: 'text#',
      none: 'db#none#',
    });
    const { provider } = sheltering({ db: '{"pool":{"max":"5"},"host":"h"}', text: 'fake' }, {}, { places });
    expect(await value(provider.get('pool'))).toBe('{"max":"5"}');
    expect(await value(provider.get('host'))).toBe('h');
    expect(await value(provider.get('plain'))).toBe('fake');
    expect(await provider.get('none')).toBeUndefined();
    expect(await provider.get('pool.max')).toBeUndefined();
    await provider.set('host', 'other');
    expect(await value(provider.get('host'))).toBe('other');
  });
});

describe('stale while revalidating', () => {
  it('staleWhileRevalidateMs revalidates all documents of a key', async () => {
    const { provider, source, clock } = sheltering(
      { 'a/b': 'old' },
      { cache: { ttlMs: 1_000, absentTtlMs: 1_000, staleWhileRevalidateMs: 10_000 } },
    );
    expect(await value(provider.get('a.b'))).toBe('old');
    source.put('a/b', 'new');
    await clock.advance(1_500);
    source.befall = hang;
    expect(await value(provider.get('a.b'))).toBe('old');
    await clock.advance(0);
    expect(source.asked.at(-1)?.documents).toEqual(['a', 'a/b']);
    await clock.advance(10_000);
    await provider.close();
  });
});

describe('the request queue', () => {
  it('queued requests are rejected when the circuit opens', async () => {
    const { provider, source, clock } = sheltering(
      {},
      { limits: { concurrency: 1 }, resilience: { attempts: 1, breaker: { failures: 1 } } },
      { batch: 1 },
    );
    await provider.get('warm');
    source.befall = async () => {
      await new Promise<void>((resolve) => void clock.after(100, resolve));
      down();
    };
    const all = ['a', 'b', 'c'].map((key) => code(provider.get(key)));
    await clock.advance(100);
    expect(await Promise.all(all)).toEqual(['unavailable', 'circuit_open', 'circuit_open']);
    expect(source.asked).toHaveLength(2);
  });

  it('the queue keeps its pace and its timeouts on the system clock', async () => {
    vi.useFakeTimers();
    const source = new FakeSource({ a: '1', b: '2', c: '3' }, { batch: 1 });
    const provider = sheltered(source, { limits: { concurrency: 1, perSecond: 1 } });
    const all = Promise.all(['a', 'b', 'c'].map((key) => value(provider.get(key))));
    await vi.waitFor(() => expect(source.asked).toHaveLength(1), { timeout: 20_000 });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await all).toEqual(['1', '2', '3']);
    source.befall = hang;
    const hanging = code(provider.get('d'));
    await vi.advanceTimersByTimeAsync(16_000);
    expect(await hanging).toBe('timeout');
    expect(vi.getTimerCount()).toBe(0);
    await provider.close();
  });
});

describe('a renewal', () => {
  const places = [{ key: 'creds', document: 'creds', field: '', leased: true as const }];

  it('a renewal skips a document that was replaced meanwhile', async () => {
    const { provider, source, clock } = sheltering({}, {}, { places });
    source.put('creds', '{"user":"u"}', { expiresAt: clock.now() + 60_000 });
    provider.watch(() => {});
    await provider.get('creds.user');
    await provider.refresh();
    source.put('creds', '{"user":"v"}', { expiresAt: clock.now() + 600_000 });
    expect(await value(provider.get('creds.user'))).toBe('v');
    await clock.advance(60_000);
    expect(source.asked).toHaveLength(2);
  });

  it('the first read after refresh renews a lease', async () => {
    const { provider, source, clock } = sheltering(
      {},
      { resilience: { attempts: 1, breaker: false } },
      { places },
    );
    source.put('creds', '{"user":"u"}', { expiresAt: clock.now() + 60_000 });
    await provider.get('creds.user');
    await provider.refresh('creds');
    source.befall = failing('throttled');
    expect(await value(provider.get('creds.user'))).toBe('u');
    expect(provider.status('creds.user')).toMatchObject({ stale: true });
    expect(source.asked).toHaveLength(2);
  });
});

describe('status and refresh', () => {
  it('status reports the cached document without a request', async () => {
    const { provider, source, clock } = sheltering({ a: '1' });
    expect(provider.status('a')).toEqual({ breaker: 'closed' });
    await provider.refresh('a.b');
    await provider.get('a', { version: '1' });
    await provider.get('a');
    await clock.advance(5);
    expect(provider.status('a')).toEqual({ ageMs: 5, stale: false, breaker: 'closed' });
    await provider.refresh('a');
    expect(provider.status('a')?.stale).toBe(true);
    await provider.get('a', { version: '1' });
    expect(source.asked).toHaveLength(3);
  });
});
