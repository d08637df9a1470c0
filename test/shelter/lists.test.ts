import { describe, expect, it } from 'vitest';
import { isUnreadable } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigEvent } from '../../src/events.ts';
import type { ListOptions } from '../../src/provider.ts';
import type { ShelteredProvider } from '../../src/shelter/index.ts';
import { down, failing } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const keys = async (provider: ShelteredProvider, prefix = '', options: ListOptions = {}): Promise<string[]> =>
  (await provider.list(prefix, options))
    .map((item) => (isUnreadable(item) ? `${item.key}: ${item.error.code}` : item.key))
    .sort();

const wanted = (all: string[], open: string[] = []): ListOptions => ({
  wanted: { keys: all, prefixes: open },
});

describe('a list', () => {
  it('walks all pages and reads what came without a value, in batches', async () => {
    const documents = Object.fromEntries(
      Array.from({ length: 25 }, (_, i) => [`k${String(i).padStart(2, '0')}`, 'fake']),
    );
    const { provider, source } = sheltering(documents, {}, { pageSize: 10 });
    expect(await keys(provider)).toEqual(Object.keys(documents));
    expect([source.count('page'), source.count('read')]).toEqual([3, 3]);
    expect(await keys(provider)).toEqual(Object.keys(documents));
    expect(await value(provider.get('k07'))).toBe('fake');
    expect(source.asked).toHaveLength(6);
  });

  it('asks for nothing twice that a page gave for free, also for later gets', async () => {
    const { provider, source } = sheltering({ a: '1', b: '{"c":"2"}' }, {}, { freePages: true });
    expect(await keys(provider)).toEqual(['a', 'b']);
    expect(await value(provider.get('a'))).toBe('1');
    expect(source.asked.map((one) => one.operation)).toEqual(['page']);
  });

  it('shares one walk between concurrent lists', async () => {
    const { provider, source } = sheltering({ a: '1' });
    await Promise.all(Array.from({ length: 50 }, () => provider.list()));
    expect(source.asked.map((one) => one.operation)).toEqual(['page', 'read']);
  });

  it('reads closed wanted keys by their names where the backend batches, and walks only below open parts', async () => {
    const { provider, source } = sheltering({ 'a/b': '1', 'a/secret': '2', 'open/x': '3', 'other/y': '4' });
    expect(await keys(provider, '', wanted(['a.b', 'zz']))).toEqual(['a.b']);
    expect(source.asked.map((one) => [one.operation, ...one.documents])).toEqual([
      ['read', 'a', 'a/b', 'zz'],
    ]);
    expect(await keys(provider, '', wanted(['a.b', 'open.x'], ['open']))).toEqual(['a.b', 'open.x']);
    expect(source.asked.flatMap((one) => one.documents)).not.toContain('a/secret');
    expect(source.asked.flatMap((one) => one.documents)).not.toContain('other/y');
    expect(await keys(provider, 'a', wanted(['a.b', 'zz']))).toEqual(['a.b']);
    expect(await keys(provider, 'nowhere', wanted(['a.b']))).toEqual([]);
  });

  it('walks names first where the backend does not batch, and reads only what exists and is wanted', async () => {
    const { provider, source } = sheltering({ 'a/b': '1', 'a/secret': '2' }, {}, { batch: 1 });
    expect(await keys(provider, '', wanted(['a.b', 'a.c', 'zz']))).toEqual(['a.b']);
    expect(source.asked.map((one) => [one.operation, ...one.documents])).toEqual([['page'], ['read', 'a/b']]);
  });

  it('asks by name when it may not be listed, says so once, and nothing denied is absent', async () => {
    const { provider, source } = sheltering({ 'a/b': '1' }, {}, { batch: 1 });
    const events: ConfigEvent[] = [];
    provider.on((event) => events.push(event));
    source.befall = ({ operation }) => (operation === 'page' ? failing('access_denied')() : undefined);
    for (const name of ['a', 'a/c', 'zz']) source.refused.set(name, 'access_denied');
    const found = await keys(provider, '', wanted(['a.b', 'a.c', 'zz']));
    expect(found).toEqual(['a.b', 'a.c: access_denied', 'a: access_denied', 'zz: access_denied']);
    await keys(provider, '', wanted(['a.b']));
    expect(events.filter((event) => event.type === 'notice')).toHaveLength(1);
    expect(await code(provider.list('', wanted(['a.b'], ['open'])))).toBe('access_denied');
    expect(await code(provider.list())).toBe('access_denied');
    expect(await value(provider.get('a.b'))).toBe('1');
    await expect(provider.get('a.c')).rejects.toThrow(/name the documents that do in the option secrets/);
  });

  it('reads named places alone, cut to the prefix', async () => {
    const places = [
      { key: 'db', document: 'd1', field: '' },
      { key: 'token', document: 'd2', field: 'inner.token' },
      { key: 'gone', document: 'd2', field: 'nothing' },
    ];
    const { provider, source } = sheltering(
      { d1: '{"pool":{"max":"1"},"host":"fake"}', d2: '{"inner":{"token":"fake"}}', d3: 'x' },
      {},
      { places },
    );
    expect(await keys(provider)).toEqual(['db', 'token']);
    expect(source.asked.map((one) => one.operation)).toEqual(['read']);
    const [pool] = await provider.list('db.pool');
    expect(pool).toMatchObject({ key: 'db.pool', value: { max: '1' } });
    expect(String((pool as { leaf: (key: string) => { origin: unknown } }).leaf('max').origin)).toBe(
      'store d1#pool.max v1',
    );
    expect(await keys(provider, 'db.host.below')).toEqual([]);
    expect(provider.where('token')).toBe('store d2#inner.token');
    expect(provider.where('elsewhere')).toBe('');
  });

  it('gives what cannot be read alone as a hole, and fails as a whole when something is unreachable', async () => {
    const { provider, source } = sheltering({ a: '1', b: '2', c: '3' }, { resilience: { attempts: 1 } });
    source.refused.set('b', 'disabled');
    source.refused.set('c', 'crypto');
    expect(await keys(provider)).toEqual(['a', 'b: disabled', 'c: crypto']);
    source.refused.set('c', 'throttled');
    expect(await code(provider.list('', { maxAgeMs: 0 }))).toBe('throttled');
    source.refused.set('c', 'unauthenticated');
    expect(await code(provider.list('', { maxAgeMs: 0 }))).toBe('unauthenticated');
  });

  it('fails when a later page fails, and does not go in circles', async () => {
    const { provider, source } = sheltering(
      { a: '1', b: '2' },
      { resilience: { attempts: 1 } },
      { pageSize: 1 },
    );
    source.befall = () => (source.count('page') === 2 ? down() : undefined);
    expect(await code(provider.list())).toBe('unavailable');
    source.page = async () => ({ found: [], next: ['again'] });
    await expect(provider.list()).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('goes round in a circle. Look at'),
    });
  });

  it('ends when there is always another page, whatever the pages hold', async () => {
    const { provider, source } = sheltering({}, { cache: { max: 10 } });
    let pages = 0;
    source.page = async () => ({
      found: [{ place: { key: 'a', document: 'a', field: '' }, outcome: 'absent' }],
      next: [`${++pages}`],
    });
    await expect(provider.list()).rejects.toMatchObject({
      code: 'io',
      provider: 'store',
      message:
        'store: its list does not end after 20000 pages. Look at what answers for the store, a proxy or a client of your own: its pages lead nowhere',
    });
    expect(pages).toBe(20_000);
  });

  it('says when it outgrows the cache, and is complete all the same', async () => {
    const documents = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, 'fake']));
    const { provider } = sheltering(documents, { cache: { max: 10 } }, { freePages: true });
    const events: ConfigEvent[] = [];
    provider.on((event) => events.push(event));
    expect(await provider.list()).toHaveLength(30);
    expect(
      events
        .filter((event) => event.type === 'notice')
        .map((event) => (event as { message: string }).message),
    ).toEqual(['a list of 30 documents outgrows the cache, which holds 10: raise cache.max, or list less']);
    expect(await provider.list()).toHaveLength(30);
    expect(provider.stats().size).toBe(10);
  });

  it('calls one value where keys are expected unparsable', async () => {
    const { provider } = sheltering(
      { all: 'text' },
      {},
      { places: [{ key: '', document: 'all', field: '' }] },
    );
    expect(await keys(provider)).toEqual([': parse']);
  });

  it('works without a cache, and without pages by asking for the prefix itself', async () => {
    const { provider, source } = sheltering({ a: '{"b":"1"}', c: '2' }, { cache: false });
    expect(await keys(provider)).toEqual(['a', 'c']);
    expect(await keys(provider)).toEqual(['a', 'c']);
    expect(source.count('page')).toBe(2);
    delete source.page;
    expect(await keys(provider, 'a.b')).toEqual(['a.b']);
    expect(await keys(provider, '', wanted(['c'], ['a']))).toEqual(['a', 'c']);
    expect(await value(provider.get('c'))).toBe('2');
    expect(await value(provider.get('c'))).toBe('2');
    expect(provider.stats().hits).toBe(0);
  });
});

describe('several places of one key', () => {
  it('lets a found one win over denied, disabled and absent ones', async () => {
    const { provider, source } = sheltering({ 'a/b/c': 'fake' });
    source.refused.set('a', 'access_denied');
    source.refused.set('a/b', 'disabled');
    expect(await value(provider.get('a.b.c'))).toBe('fake');
    expect(await code(provider.get('a.b.d'))).toBe('access_denied');
  });

  it('calls two that differ a conflict, and two that agree an answer', async () => {
    const { provider, source } = sheltering({ a: '{"b":"1"}', 'a/b': '1' });
    expect(await value(provider.get('a.b'))).toBe('1');
    source.put('a/b', '2');
    await provider.refresh();
    await expect(provider.get('a.b')).rejects.toThrow(
      'a.b stands in store a#b and a/b, and they differ. Remove one of them',
    );
    source.put('a/b', '{"c":"2"}');
    await provider.refresh();
    expect(await code(provider.get('a.b'))).toBe('conflict');
  });

  it('fails when one of them is unreachable, although another is found', async () => {
    const { provider, source } = sheltering({ 'a/b': '1' }, { resilience: { attempts: 1 } });
    source.refused.set('a', 'throttled');
    expect(await code(provider.get('a.b'))).toBe('throttled');
  });

  it('refuses a section and names tree', async () => {
    const { provider } = sheltering({ a: '{"b":{"c":"1"}}' });
    const error = (await provider.get('a.b').catch((thrown) => thrown)) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.code).toBe('invalid_key');
    expect(error.message).toMatch(/a\.b is a section in store a#b\. Read a section with tree/);
    expect(await code(provider.get('a..b'))).toBe('invalid_key');
    expect(await code(provider.list('a..b'))).toBe('invalid_key');
  });
});
