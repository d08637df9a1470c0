// `renew`: the document of a key is read again, also a lease that has not ended.

import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import type { Change } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { down } from '../support/fake-source.ts';
import { brief, failureOf, listening } from '../support/listening.ts';
import { recording } from '../support/port.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const leased = [{ key: 'creds', document: 'creds', field: '', leased: true as const }];
const once = { resilience: { attempts: 1 } } as const;

/** A store that prolongs the credentials of a lease until it forgets them. */
function lessor() {
  const set = sheltering({}, { ...once, cache: { staleIfErrorMs: 3_600_000 } }, { places: leased });
  let made = 0;
  let current: string | undefined;
  set.source.forget = () => {
    current = undefined;
  };
  set.source.outcome = () => ({
    value: { user: (current ??= `u${++made}`) },
    secret: true,
    text: true,
    version: current,
    expiresAt: set.clock.now() + 60_000,
  });
  return set;
}

describe('renew of a store', () => {
  it('reads the document of the key again, and no other one', async () => {
    const { provider, source } = sheltering({ db: '{"user":"u1","password":"fake-1"}', other: 'x' });
    await Promise.all(['db.user', 'db.password', 'other'].map((key) => provider.get(key)));
    source.put('db', '{"user":"u2","password":"fake-2"}');
    source.put('other', 'y');
    source.asked.length = 0;
    expect(await value(provider.renew('db.password'))).toBe('fake-2');
    expect(await value(provider.get('db.user'))).toBe('u2');
    expect(await value(provider.get('other'))).toBe('x');
    expect(source.asked.map(({ documents }) => documents)).toEqual([['db']]);
  });

  it('reads every place of a key that is not cached, or that is in none', async () => {
    const { provider, source } = sheltering({ a: '{"b":"x"}' });
    expect(await value(provider.renew('a.b'))).toBe('x');
    expect(source.asked.map(({ documents }) => documents)).toEqual([['a', 'a/b']]);
    expect(await provider.renew('a.none')).toBeUndefined();
    source.store.delete('a');
    source.put('a/b', 'moved');
    expect(await provider.renew('a.b')).toBeUndefined();
    expect(await value(provider.renew('a.b'))).toBe('moved');
  });

  it('makes one request for a thousand callers, whenever they come while it is in flight', async () => {
    const { provider, source } = sheltering({ a: 'x' });
    await provider.get('a');
    let land = (): void => {};
    source.befall = () => new Promise<void>((done) => void (land = done));
    const early = Array.from({ length: 500 }, () => provider.renew('a'));
    for (let turn = 0; turn < 3; turn++) await new Promise((done) => void setImmediate(done));
    source.put('a', 'y');
    const late = Array.from({ length: 500 }, () => provider.renew('a'));
    for (let turn = 0; turn < 3; turn++) await new Promise((done) => void setImmediate(done));
    land();
    const values = await Promise.all([...early, ...late].map(value));
    expect(new Set(values)).toEqual(new Set(['y']));
    expect(source.count('read')).toBe(2);
    source.befall = () => undefined;
    await provider.renew('a');
    expect(source.count('read')).toBe(3);
  });

  it('replaces a lease that has not ended, where a fresh read returns the same one', async () => {
    const { provider } = lessor();
    expect(await value(provider.get('creds.user'))).toBe('u1');
    expect(await value(provider.get('creds.user', { maxAgeMs: 0 }))).toBe('u1');
    expect(await value(provider.renew('creds.user'))).toBe('u2');
    expect(await value(provider.get('creds.user'))).toBe('u2');
  });

  it('fails with the error of the store, and keeps what was cached for an outage', async () => {
    const { provider, source } = lessor();
    await provider.get('creds.user');
    source.befall = down;
    const error = await failureOf(provider.renew('creds.user'));
    expect(error).toMatchObject({ code: 'unavailable', provider: 'store', key: 'creds.user' });
    expect(await value(provider.get('creds.user'))).toBe('u1');
    source.befall = () => undefined;
    expect(await value(provider.get('creds.user'))).toBe('u2');
  });

  it('notifies watchers of another value only', async () => {
    const { provider, source } = sheltering({ a: 'x' });
    const changes: Change[] = [];
    await provider.get('a');
    provider.watch((change) => changes.push(change));
    await provider.renew('a');
    await provider.renew('a');
    expect(changes).toEqual([]);
    source.put('a', 'y');
    await provider.renew('a');
    expect(changes.map(({ keys }) => keys)).toEqual([['a']]);
  });

  it('emits a read with its operation, and ends the wait of a caller that aborts', async () => {
    const { provider, source } = sheltering({ a: 'x' });
    await provider.get('a');
    const { events } = listening(provider);
    await provider.renew('a', { context: 'ada' });
    expect(brief(events)).toEqual(['store request ok', 'store read ok a']);
    expect(events[1]?.operation).toBeDefined();
    source.befall = () => new Promise(() => {});
    const caller = new AbortController();
    const renewing = provider.renew('a', { signal: caller.signal });
    caller.abort();
    expect(await code(renewing)).toBe('aborted');
    await provider.close();
    expect(await code(provider.renew('a'))).toBe('aborted');
    expect(await code(provider.renew('a..b'))).toBe('invalid_key');
  });

  it('of a key without a place is undefined, and of one that a source cannot locate rejects', async () => {
    const { provider } = sheltering({}, {}, { places: [] });
    expect(await provider.renew('a')).toBeUndefined();
    const failing = sheltering({}, {}, { locate: down });
    expect(await code(failing.provider.renew('a'))).toBe('unavailable');
  });

  it('of a sheltered provider renews a listing, too', async () => {
    const inner = new MemoryProvider({ a: 'x' });
    const provider = sheltered(inner, once);
    await provider.list();
    await inner.set('a', 'y');
    expect(await value(provider.renew('a'))).toBe('y');
    expect((await provider.list()).map((item) => 'value' in item && item.value)).toEqual(['y']);
  });
});

describe('renew of a chain', () => {
  it('renews the provider that has the key', async () => {
    const { provider, source } = sheltering({ a: 'x', b: 'x' });
    const chain = new ProviderChain([new MemoryProvider({ b: 1 }), provider]);
    expect(await value(chain.renew('b'))).toBe(1);
    expect(source.asked).toEqual([]);
    await chain.get('a');
    source.put('a', 'y');
    expect(await value(chain.renew('a'))).toBe('y');
    expect(await chain.renew('none')).toBeUndefined();
  });

  it('reads on where the provider has lost the key', async () => {
    const { provider, source } = sheltering({ a: 'x' });
    const chain = new ProviderChain([provider, new MemoryProvider({ a: 'default' })]);
    await chain.get('a');
    source.store.delete('a');
    expect(await value(chain.renew('a'))).toBe('default');
  });

  it('reads past the cache of a provider that cannot renew', async () => {
    const asked: unknown[] = [];
    const inner = new MemoryProvider({ a: 1 });
    const chain = new ProviderChain([
      {
        name: 'old',
        get: (key, options) => {
          asked.push(options?.maxAgeMs);
          return inner.get(key, options);
        },
        list: () => inner.list(),
      },
    ]);
    expect(await value(chain.renew('a'))).toBe(1);
    expect(asked).toEqual([undefined, 0]);
  });

  it('passes through interceptors and listeners as a get, and names a failing provider', async () => {
    const { provider, source } = sheltering({ a: 'x' }, once);
    const { seen, record } = recording();
    const chain = new ProviderChain([intercepted(provider, record)], { intercept: record });
    const { events } = listening(chain);
    await chain.renew('a');
    expect(seen.map(({ type, key }) => [type, key])).toEqual([
      ['get', 'a'],
      ['get', 'a'],
      ['get', 'a'],
    ]);
    expect(brief(events).at(-1)).toBe('chain read ok a');
    source.befall = down;
    expect(await failureOf(chain.renew('a'))).toMatchObject({ code: 'unavailable', provider: 'store' });
  });
});

describe('renew of decorators', () => {
  it('scoped, mounted, unsealed and a numbered provider renew under their keys', async () => {
    const { provider, source } = sheltering({ 'db/host': 'h1' });
    const all = [
      [scoped(provider, 'db'), 'host'],
      [mounted(provider, 'app'), 'app.db.host'],
      [unsealed(provider), 'db.host'],
    ] as const;
    for (const [index, [decorated, key]] of all.entries()) {
      await decorated.get(key);
      source.put('db/host', `h${index + 2}`);
      expect(await decorated.renew?.(key)).toMatchObject({ key, value: `h${index + 2}` });
    }
    expect(await scoped(provider, 'db').renew?.('none')).toBeUndefined();
    expect(await mounted(provider, 'app').renew?.('other')).toBeUndefined();
    const chain = new ProviderChain([new MemoryProvider(), new MemoryProvider({ a: 1 })]);
    expect((await chain.renew('a'))?.origin.provider).toBe('memory 2');
  });

  it('optional and fallback tolerate an outage only for a key that they have not seen', async () => {
    const { provider, source } = sheltering({ a: 'x' }, once);
    const [soft, second] = [optional(provider), fallback(provider, new MemoryProvider({ b: 'second' }))];
    await Promise.all([soft.get('a'), second.get('a')]);
    source.befall = down;
    expect(await code(soft.renew?.('a') as Promise<unknown>)).toBe('unavailable');
    expect(await soft.renew?.('b')).toBeUndefined();
    expect(await value(second.renew?.('b') as never)).toBe('second');
    expect(await code(second.renew?.('a') as Promise<unknown>)).toBe('unavailable');
  });

  it('a provider that cannot renew has no renew in any decorator', () => {
    const inner = { name: 'old', get: async () => undefined, list: async () => [] };
    for (const decorated of [
      scoped(inner, 'a'),
      mounted(inner, 'a'),
      unsealed(inner),
      optional(inner),
      intercepted(inner),
    ])
      expect('renew' in decorated).toBe(false);
  });
});
