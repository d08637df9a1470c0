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
  it('list reads all pages, then documents without a value in batches', async () => {
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

  it('list does not read documents that came with a page', async () => {
    const { provider, source } = sheltering({ a: '1', b: '{"c":"2"}' }, {}, { freePages: true });
    expect(await keys(provider)).toEqual(['a', 'b']);
    expect(await value(provider.get('a'))).toBe('1');
    expect(source.asked.map((one) => one.operation)).toEqual(['page']);
  });

  it('concurrent lists share one walk', async () => {
    const { provider, source } = sheltering({ a: '1' });
    await Promise.all(Array.from({ length: 50 }, () => provider.list()));
    expect(source.asked.map((one) => one.operation)).toEqual(['page', 'read']);
  });

  it('list reads wanted keys by name where the source batches', async () => {
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

  it('list walks names first where the source does not batch', async () => {
    const { provider, source } = sheltering({ 'a/b': '1', 'a/secret': '2' }, {}, { batch: 1 });
    expect(await keys(provider, '', wanted(['a.b', 'a.c', 'zz']))).toEqual(['a.b']);
    expect(source.asked.map((one) => [one.operation, ...one.documents])).toEqual([['page'], ['read', 'a/b']]);
  });

  it('list reads wanted keys by name when listing is denied', async () => {
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

  it('list reads only named places, cut to the prefix', async () => {
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

  it('list has a hole for an unreadable document, and fails for an unreachable one', async () => {
    const { provider, source } = sheltering({ a: '1', b: '2', c: '3' }, { resilience: { attempts: 1 } });
    source.refused.set('b', 'disabled');
    source.refused.set('c', 'crypto');
    expect(await keys(provider)).toEqual(['a', 'b: disabled', 'c: crypto']);
    source.refused.set('c', 'throttled');
    expect(await code(provider.list('', { maxAgeMs: 0 }))).toBe('throttled');
    source.refused.set('c', 'unauthenticated');
    expect(await code(provider.list('', { maxAgeMs: 0 }))).toBe('unauthenticated');
  });

  it('list fails when a later page fails or a page is repeated', async () => {
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
      message: expect.stringContaining('repeats a page. Check the proxy'),
    });
  });

  it('list fails after 20,000 pages', async () => {
    const { provider, source } = sheltering({}, { cache: { max: 10 } });
    let pages = 0;
    source.page = async () => ({
      found: [{ place: { key: 'a', document: 'a', field: '' }, outcome: 'absent' }],
      next: [`${++pages}`],
    });
    await expect(provider.list()).rejects.toMatchObject({
      code: 'io',
      provider: 'store',
      message: expect.stringContaining('store: the list does not end after 20000 pages. Check the proxy'),
    });
    expect(pages).toBe(20_000);
  });

  it('list is complete when it exceeds the cache, with a notice', async () => {
    const documents = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, 'fake']));
    const { provider } = sheltering(documents, { cache: { max: 10 } }, { freePages: true });
    const events: ConfigEvent[] = [];
    provider.on((event) => events.push(event));
    expect(await provider.list()).toHaveLength(30);
    expect(
      events
        .filter((event) => event.type === 'notice')
        .map((event) => (event as { message: string }).message),
    ).toEqual(['store: a list of 30 documents exceeds cache.max (10). Raise it, or list less']);
    expect(await provider.list()).toHaveLength(30);
    expect(provider.stats().size).toBe(10);
  });

  it('list has a parse error for a single value at the root', async () => {
    const { provider } = sheltering(
      { all: 'text' },
      {},
      { places: [{ key: '', document: 'all', field: '' }] },
    );
    expect(await keys(provider)).toEqual([': parse']);
  });

  it('list returns all entries without a cache, and wanted keys without pages', async () => {
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

describe('a key with several places', () => {
  it('get takes a found value over denied, disabled and absent documents', async () => {
    const { provider, source } = sheltering({ 'a/b/c': 'fake' });
    source.refused.set('a', 'access_denied');
    source.refused.set('a/b', 'disabled');
    expect(await value(provider.get('a.b.c'))).toBe('fake');
    expect(await code(provider.get('a.b.d'))).toBe('access_denied');
  });

  it('get is a conflict when two documents differ', async () => {
    const { provider, source } = sheltering({ a: '{"b":"1"}', 'a/b': '1' });
    expect(await value(provider.get('a.b'))).toBe('1');
    source.put('a/b', '2');
    await provider.refresh();
    await expect(provider.get('a.b')).rejects.toThrow(
      'store: "a.b" has different values in a#b and a/b. Remove one of them',
    );
    source.put('a/b', '{"c":"2"}');
    await provider.refresh();
    expect(await code(provider.get('a.b'))).toBe('conflict');
  });

  it('get fails when one document is unreachable, although another is found', async () => {
    const { provider, source } = sheltering({ 'a/b': '1' }, { resilience: { attempts: 1 } });
    source.refused.set('a', 'throttled');
    expect(await code(provider.get('a.b'))).toBe('throttled');
  });

  it('get refuses a section, and names tree', async () => {
    const { provider } = sheltering({ a: '{"b":{"c":"1"}}' });
    const error = (await provider.get('a.b').catch((thrown) => thrown)) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.code).toBe('invalid_key');
    expect(error.message).toMatch(/"a\.b" is a section of store a#b, not a value\. Read it with tree/);
    expect(await code(provider.get('a..b'))).toBe('invalid_key');
    expect(await code(provider.list('a..b'))).toBe('invalid_key');
  });
});
