import { describe, expect, it } from 'vitest';
import type { ConfigEvent } from '../../src/index.ts';
import { ProviderChain } from '../../src/index.ts';
import type { CacheOptions } from '../../src/shelter/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { down } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const documents = { 'llm/key': 'fake-1', 'llm/model': 'fake-2', 'db/password': 'fake-3' };

function storing(cache: CacheOptions = {}) {
  const manual = manualClock();
  let shift = 0;
  const shelter = sheltering(
    documents,
    {
      cache: { ttlMs: 1_000, absentTtlMs: 100, ...cache },
      resilience: { attempts: 1 },
      clock: { now: () => manual.now() + shift, after: manual.after },
    },
    { locate: (key) => [{ key, document: key.replaceAll('.', '/'), field: '' }] },
  );
  const { provider, source } = shelter;
  const events: ConfigEvent[] = [];
  provider.on((event) => void events.push(event));
  const get = (key: string, options = {}) => value(provider.get(key, options));
  const vanished = () => events.filter((event) => event.type === 'vanished');
  return {
    ...shelter,
    clock: manual,
    putBack: (ms: number) => void (shift -= ms),
    events,
    get,
    vanished,
    wipe: () => source.store.clear(),
  };
}

const keys = ['llm.key', 'llm.model', 'db.password'];

describe('a document that the cache held and the store no longer has', () => {
  it('is absent, and emits vanished once with its last version and without its value', async () => {
    const { get, vanished, source, clock } = storing();
    source.put('llm/key', 'fake-newer');
    await get('llm.key');
    source.store.delete('llm/key');
    await clock.advance(1_000);
    expect(await get('llm.key')).toBeUndefined();
    await clock.advance(100);
    expect(await get('llm.key')).toBeUndefined();
    expect(vanished()).toMatchObject([
      { key: 'llm.key', version: '2', outcome: 'absent', layer: 'shelter', provider: 'store' },
    ]);
    expect(JSON.stringify(vanished())).not.toContain('fake');
    source.put('llm/key', 'fake-again');
    await clock.advance(100);
    expect(await get('llm.key')).toBe('fake-again');
    source.store.delete('llm/key');
    expect(await get('llm.key', { maxAgeMs: 0 })).toBeUndefined();
    expect(vanished()).toHaveLength(2);
  });

  it('emits nothing if it was never held, if this process deleted it, or if it is a version', async () => {
    const { get, vanished, provider, source } = storing();
    expect(await get('llm.none')).toBeUndefined();
    await get('llm.key');
    await (provider as unknown as { delete(key: string): Promise<boolean> }).delete('llm.key');
    expect(await get('llm.key')).toBeUndefined();
    await get('llm.model', { version: '1' });
    source.store.delete('llm/model');
    expect(await get('llm.model', { version: '1', maxAgeMs: 0 })).toBeUndefined();
    expect(vanished()).toEqual([]);
  });

  it('emits vanished on a chain, and the next provider answers', async () => {
    const { provider, source, clock } = storing();
    const events: ConfigEvent[] = [];
    const chain = new ProviderChain([provider]);
    chain.on((event) => void events.push(event));
    await chain.get('llm.key');
    source.store.delete('llm/key');
    await clock.advance(1_000);
    await chain.get('llm.key');
    expect(events.filter(({ type }) => type === 'vanished')).toHaveLength(1);
  });
});

describe("cache: { vanished: 'hold' }", () => {
  const hold = { vanished: 'hold', staleIfErrorMs: 60_000 } as const;

  it('serves what it held after a wipe for staleIfErrorMs, and asks once in absentTtlMs', async () => {
    const { get, wipe, clock, source, vanished, events, provider } = storing(hold);
    for (const key of keys) await get(key);
    wipe();
    await clock.advance(1_000);
    source.asked.length = 0;
    for (let n = 0; n < 5; n++) for (const key of keys) expect(await get(key)).toMatch(/^fake-\d$/);
    expect(source.count('read')).toBeLessThanOrEqual(3);
    expect(vanished()).toHaveLength(3);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'stale', outcome: 'absent', ageMs: 1_000 }),
    );
    expect(provider.stats().stale).toBe(15);
    await clock.advance(59_999);
    expect(await get('llm.key')).toBe('fake-1');
    await clock.advance(1);
    expect(await get('llm.key')).toBeUndefined();
    expect(await get('llm.key')).toBeUndefined();
  });

  it('takes the new value as soon as the store is filled again', async () => {
    const { get, wipe, clock, source } = storing(hold);
    for (const key of keys) await get(key);
    wipe();
    await clock.advance(1_000);
    expect(await get('llm.key')).toBe('fake-1');
    source.put('llm/key', 'fake-new');
    await clock.advance(100);
    expect(await get('llm.key')).toBe('fake-new');
  });

  it('accepts that one document is gone once another one is found', async () => {
    const { get, clock, source } = storing(hold);
    for (const key of keys) await get(key);
    source.store.delete('llm/key');
    await clock.advance(1_000);
    expect(await get('llm.key')).toBe('fake-1'); // the others are read again meanwhile
    await clock.advance(0);
    expect(await get('llm.key')).toBe('fake-1'); // and then this one
    await clock.advance(0);
    expect(await get('llm.key')).toBeUndefined();
    await clock.advance(100);
    expect(await get('llm.key')).toBeUndefined();
  });

  it('asks again for an absence from before the store was filled again', async () => {
    const { get, wipe, clock, source } = storing({ ...hold, absentTtlMs: 30_000 });
    for (const key of keys) await get(key);
    wipe();
    await clock.advance(1_000);
    for (const key of keys) expect(await get(key)).toMatch(/^fake-\d$/);
    source.put('llm/key', 'fake-new');
    source.put('llm/model', 'fake-newer');
    await get('llm.key', { maxAgeMs: 0 });
    expect(await get('llm.key')).toBe('fake-new');
    expect(await get('llm.model')).toBe('fake-2');
    expect(await get('db.password')).toBe('fake-3');
    await clock.advance(0);
    expect(await get('llm.model')).toBe('fake-newer');
    expect(await get('db.password')).toBeUndefined();
  });

  it('holds what a wipe took while another request was answered from before it', async () => {
    const { provider, get, wipe, clock, source } = storing(hold);
    for (const key of keys) await get(key);
    await clock.advance(1_000);
    let answer = (): void => undefined;
    const slow = new Promise<void>((done) => (answer = done));
    source.befall = ({ documents }) => (documents.includes('llm/key') ? slow : undefined);
    const early = get('llm.key'); // is answered after the wipe
    await clock.advance(0);
    expect(await get('llm.model', { maxAgeMs: 500 })).toBe('fake-2');
    wipe();
    answer();
    expect(await early).toBe('fake-1');
    await clock.advance(0);
    expect(await get('llm.key')).toBe('fake-1');
    await clock.advance(1_000);
    for (const key of keys) expect(await get(key)).toMatch(/^fake-\d$/);
    await provider.close();
  });

  it('holds while an empty store creates credentials', async () => {
    const { provider, get, wipe, clock, source } = storing(hold);
    const lease = { key: 'creds', document: 'creds', field: '', leased: true as const };
    source.locate = (key) => [
      key === 'creds' ? lease : { key, document: key.replaceAll('.', '/'), field: '' },
    ];
    for (const key of keys) await get(key);
    wipe();
    await clock.advance(1_000);
    expect(await get('llm.key')).toBe('fake-1');
    source.put('creds', 'fake-user');
    expect(await value(provider.get('creds'))).toBe('fake-user');
    for (const key of keys) expect(await get(key)).toMatch(/^fake-\d$/);
  });

  it('holds while a listing of an empty store has only leases', async () => {
    const { provider, get, wipe, clock, source } = storing(hold);
    const lease = { place: { key: 'creds', document: 'creds', field: '', leased: true as const } };
    const { page } = source;
    source.page = async (...args) => {
      const { found, next } = await page!.apply(source, args);
      return { found: [lease, ...found], next };
    };
    for (const key of keys) await get(key);
    const list = async () => (await provider.list()).map(({ key }) => key);
    expect(await list()).toEqual(['creds', ...keys].sort());
    wipe();
    await clock.advance(1_000);
    expect(await get('llm.key')).toBe('fake-1');
    expect(await list()).toEqual(['creds', ...keys].sort());
    await clock.advance(1_000);
    for (const key of keys) expect(await get(key)).toMatch(/^fake-\d$/);
  });

  it('accepts at once what a batch does not have although it has others', async () => {
    const { provider, clock, source, get } = storing(hold);
    await provider.getMany(keys);
    source.store.delete('llm/key');
    await clock.advance(1_000);
    const found = await provider.getMany(keys);
    expect(found.get('llm.key')).toBeUndefined();
    expect(await get('llm.model')).toBe('fake-2');
  });

  it('answers what the store says if maxAgeMs is 0, and holds for other readers all the same', async () => {
    const { get, wipe, clock } = storing(hold);
    await get('llm.key');
    wipe();
    expect(await get('llm.key', { maxAgeMs: 0 })).toBeUndefined();
    expect(await get('llm.key')).toBe('fake-1');
    await clock.advance(2_000);
    expect(await get('llm.key', { maxAgeMs: 1_500 })).toBeUndefined();
    expect(await get('llm.key', { maxAgeMs: 2_500 })).toBe('fake-1');
  });

  it('lists what it held', async () => {
    const { provider, wipe, clock } = storing(hold);
    const list = async () =>
      (await provider.list()).map((item) => ('error' in item ? item.error.code : item.value));
    expect(await list()).toEqual(['fake-3', 'fake-1', 'fake-2']);
    wipe();
    await clock.advance(1_000);
    expect(await list()).toEqual(['fake-3', 'fake-1', 'fake-2']);
    await clock.advance(60_000);
    expect(await list()).toEqual([]);
  });

  it('does not hold past the end of a document, nor longer when the clock was put back', async () => {
    const { get, wipe, clock, source, putBack } = storing(hold);
    source.put('llm/key', 'fake-1', { expiresAt: clock.now() + 5_000 });
    await get('llm.key');
    await get('llm.model');
    wipe();
    await clock.advance(2_000);
    expect(await get('llm.key')).toBe('fake-1');
    await clock.advance(3_000);
    expect(await get('llm.key')).toBeUndefined();
    putBack(3_600_000);
    expect(await get('llm.model')).toBe('fake-2');
    await clock.advance(60_000);
    expect(await get('llm.model')).toBeUndefined();
  });

  it('fails in an outage as before', async () => {
    const { provider, wipe, clock, source, get } = storing({ ...hold, staleIfErrorMs: 1 });
    await get('llm.key');
    wipe();
    source.befall = down;
    await clock.advance(10_000);
    expect(await code(provider.get('llm.key'))).toBe('unavailable');
  });

  it('needs staleIfErrorMs', () => {
    expect(() => storing({ vanished: 'hold' })).toThrow(
      'the option cache.vanished needs cache.staleIfErrorMs',
    );
    expect(() => storing({ vanished: 'no' as never })).toThrow('must be one of');
  });
});
