import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { down, failing } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const once = { attempts: 1, breaker: false } as const;

/** A store and the `stale` events of its provider. */
function listening(...args: Parameters<typeof sheltering>) {
  const set = sheltering(...args);
  const stale: ConfigEvent[] = [];
  set.provider.on((event) => event.type === 'stale' && stale.push(event));
  return { ...set, stale };
}

describe('a stale answer', () => {
  it('a read that is served stale counts once: as stale, not as a miss', async () => {
    const { provider, source, clock, stale } = listening(
      { token: 'fake' },
      { cache: { ttlMs: 1_000, staleIfErrorMs: 60_000 }, resilience: once },
    );
    await provider.get('token');
    source.befall = down;
    await clock.advance(1_000);
    await Promise.all([provider.get('token'), provider.get('token')]);
    expect(provider.stats()).toMatchObject({ hits: 0, misses: 1, joined: 0, stale: 2, ratio: 2 / 3 });
    expect(stale.map((event) => 'ageMs' in event && event.ageMs)).toEqual([1_000, 1_000]);
    await clock.advance(60_000);
    await code(provider.get('token'));
    expect(provider.stats()).toMatchObject({ misses: 2, stale: 2 });
  });

  it('a read during a revalidation counts once, and its request is not a miss', async () => {
    const { provider, clock } = listening(
      { token: 'fake' },
      { cache: { ttlMs: 1_000, staleWhileRevalidateMs: 60_000 }, resilience: once },
    );
    await provider.get('token');
    await clock.advance(1_000);
    await provider.get('token');
    await clock.advance(0);
    expect(provider.stats()).toMatchObject({ hits: 0, misses: 1, stale: 1, requests: 2 });
  });

  it('a lease within its life is not stale when its renewal fails', async () => {
    const { provider, source, clock, stale } = listening(
      {},
      { resilience: once },
      { places: [{ key: 'creds', document: 'creds', field: '', leased: true }] },
    );
    source.put('creds', '{"user":"u1"}', { expiresAt: clock.now() + 60_000 });
    await provider.get('creds.user');
    source.befall = down;
    await clock.advance(50_000);
    expect(await value(provider.get('creds.user'))).toBe('u1');
    expect(stale).toEqual([]);
    expect(provider.stats()).toMatchObject({ stale: 0, misses: 2 });
  });

  it('an answer that another request has just read is not stale', async () => {
    const { provider, source, clock, stale } = listening(
      { token: 'old' },
      { cache: { ttlMs: 1_000, staleIfErrorMs: 60_000 }, resilience: once },
    );
    await provider.get('token');
    await clock.advance(1_000);
    let fail = (): void => {};
    source.befall = () =>
      new Promise<void>((_, reject) => {
        fail = () => reject(new Error('down'));
      });
    const slow = value(provider.get('token'));
    await clock.advance(0);
    source.befall = () => undefined;
    source.put('token', 'new');
    await provider.get('token', { maxAgeMs: 0 });
    fail();
    expect(await slow).toBe('new');
    expect(stale).toEqual([]);
    expect(provider.stats().stale).toBe(0);
  });
});

describe('absentStaleMs', () => {
  const absences = { cache: { absentTtlMs: 1_000, absentStaleMs: 60_000 }, resilience: once };

  it('keys of weaker sources survive an outage for absentStaleMs, and not a millisecond longer', async () => {
    const { provider, source, clock, stale } = listening({}, absences);
    const chain = new ProviderChain([provider, new MemoryProvider({ 'llm.model': 'small' })]);
    expect(await value(chain.get('llm.model'))).toBe('small');
    source.befall = down;
    await clock.advance(60_000);
    expect(await value(chain.get('llm.model'))).toBe('small');
    expect(stale).toHaveLength(2); // the documents llm and llm/model
    await clock.advance(1);
    expect(await code(chain.get('llm.model'))).toBe('unavailable');
  });

  it('by default, an absence does not outlast absentTtlMs in an outage', async () => {
    const { provider, source, clock } = listening({}, { resilience: once });
    expect(await provider.get('token')).toBeUndefined();
    source.befall = down;
    await clock.advance(30_000);
    expect(await code(provider.get('token'))).toBe('unavailable');
  });

  it('a key that the store never reported absent fails in an outage', async () => {
    const { provider, source } = listening({}, absences);
    source.befall = down;
    expect(await code(provider.get('token'))).toBe('unavailable');
  });

  it('a secret that was there is not absent', async () => {
    const { provider, source, clock } = listening({ token: 'fake' }, absences);
    await provider.get('token');
    source.befall = down;
    await clock.advance(300_000);
    expect(await code(provider.get('token'))).toBe('unavailable');
  });

  it.each(['access_denied', 'unauthenticated', 'disabled'] as const)(
    '%s is not an outage',
    async (refusal) => {
      const { provider, source, clock } = listening({}, absences);
      await provider.get('token');
      source.befall = failing(refusal);
      await clock.advance(1_000);
      expect(await code(provider.get('token'))).toBe(refusal);
    },
  );

  it('a secret added during the outage is seen when the store is back', async () => {
    const { provider, source, clock } = listening({}, absences);
    await provider.get('token');
    source.befall = down;
    source.put('token', 'added');
    await clock.advance(2_000);
    expect(await provider.get('token')).toBeUndefined();
    source.befall = () => undefined;
    expect(await value(provider.get('token'))).toBe('added');
  });

  it('maxAgeMs limits the age of an absence, and maxAgeMs: 0 fails', async () => {
    const { provider, source, clock } = listening({}, absences);
    await provider.get('token');
    source.befall = down;
    await clock.advance(5_000);
    expect(await provider.get('token', { maxAgeMs: 5_000 })).toBeUndefined();
    expect(await code(provider.get('token', { maxAgeMs: 4_999 }))).toBe('unavailable');
    expect(await code(provider.get('token', { maxAgeMs: 0 }))).toBe('unavailable');
  });

  it('an absence ends with our own write', async () => {
    const { provider, source, clock } = listening({}, absences);
    await provider.get('token');
    await provider.set('token', 'written');
    source.befall = down;
    await clock.advance(1_000);
    expect(await code(provider.get('token'))).toBe('unavailable');
  });

  it('a value above an hour is refused', () => {
    expect(() => sheltering({}, { cache: { absentStaleMs: 3_600_001 } })).toThrow(/absentStaleMs/);
  });
});
