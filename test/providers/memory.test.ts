import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { secret } from '../../src/entry.ts';
import type { ConfigError } from '../../src/errors.ts';
import { MemoryProvider, type MemoryValues } from '../../src/providers/memory.ts';

const fake = 'fake-Zq83-not-real';
const refused = (values: unknown, options?: object): ConfigError => {
  try {
    new MemoryProvider(values as MemoryValues, options);
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error('it was taken');
};
const keys = async (provider: MemoryProvider, prefix?: string) =>
  (await provider.list(prefix)).map((entry) => entry.key);

describe('MemoryProvider', () => {
  it('returns a leaf with its key, value and origin', async () => {
    const provider = new MemoryProvider({ database: { host: 'db.internal', pool: { max: 10 } } });
    const entry = await provider.get('database.pool.max');
    expect(entry).toMatchObject({ key: 'database.pool.max', value: 10, secret: false });
    expect(`${entry?.origin}`).toBe('memory database.pool.max');
    expect(provider.where('database/host')).toBe('memory database.host');
    expect(await provider.get('database.port')).toBeUndefined();
    expect(await provider.get('database.host.length')).toBeUndefined();
    expect(entry?.text).toBeUndefined();
  });

  it('keeps an empty string, 0, false, null and an empty list as values', async () => {
    const values = { a: '', b: 0, c: false, d: null, e: [], f: 12n };
    const provider = new MemoryProvider(values);
    for (const [key, value] of Object.entries(values))
      expect((await provider.get(key))?.value).toEqual(value);
  });

  it('splits dotted names only at the top level', async () => {
    const provider = new MemoryProvider({
      'database.pool.max': 5,
      'database/host': 'h',
      ingress: { 'api.example.com': 'web' },
    });
    expect(await keys(provider)).toEqual(['database.pool.max', 'database.host', 'ingress."api.example.com"']);
    expect((await provider.get('ingress."api.example.com"'))?.value).toBe('web');
    expect(await provider.get('ingress.api.example.com')).toBeUndefined();
  });

  it('lists leaves at or below a prefix', async () => {
    const provider = new MemoryProvider({
      database: { host: 'h', pool: { max: 1, min: 0 } },
      databases: 'other',
    });
    expect(await keys(provider)).toHaveLength(4);
    expect(await keys(provider, 'database')).toEqual([
      'database.host',
      'database.pool.max',
      'database.pool.min',
    ]);
    expect(await keys(provider, 'database.host')).toEqual(['database.host']);
    expect(await keys(provider, 'nothing')).toEqual([]);
  });

  it('refuses get of a section and names tree', async () => {
    const provider = new MemoryProvider({ database: { pool: { max: 1 } }, features: {} });
    for (const key of ['', 'database', 'database.pool', 'features'])
      await expect(provider.get(key)).rejects.toMatchObject({
        code: 'invalid_key',
        message: expect.stringContaining('tree'),
      });
  });

  it('keeps an empty section until a key is set below it', async () => {
    const provider = new MemoryProvider({ features: {}, 'limits.soft': {}, limits: { soft: { cpu: 1 } } });
    expect((await provider.list('features')).map((entry) => entry.value)).toEqual([{}]);
    await provider.set('features.beta', true);
    expect(await keys(provider)).toEqual(['limits.soft.cpu', 'features.beta']);
  });

  it('copies and freezes values, so neither owner nor caller can change them', async () => {
    const values = { regions: ['eu', { name: 'us' }], nested: { a: 1 } };
    const provider = new MemoryProvider(values);
    values.regions.push('owner');
    values.nested.a = 2;
    const entry = await provider.get('regions');
    expect(() => (entry!.value as string[]).push('caller')).toThrow(TypeError);
    expect(() => Object.assign((entry!.value as object[])[1] as object, { name: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(entry as object, { value: 1 })).toThrow(TypeError);
    expect((await provider.get('regions'))?.value).toEqual(['eu', { name: 'us' }]);
    expect((await provider.get('nested.a'))?.value).toBe(1);
    expect(Object.isFrozen(values.regions)).toBe(false);
  });

  it.each([
    ['undefined', { a: { b: undefined } }, 'a.b', 'undefined'],
    ['a function', { a: () => fake }, 'a', 'a function'],
    ['a symbol', { a: Symbol(fake) }, 'a', 'a symbol'],
    ['a Date', { a: new Date(0) }, 'a', 'an instance of Date'],
    ['a Map', { a: [new Map()] }, 'a', 'an instance of Map'],
    ['an object without a known class', { a: Object.create({ x: fake }) }, 'a', 'a custom prototype'],
    ['NaN', { a: Number('x') }, 'a', 'NaN'],
    ['a name that is a symbol', { a: { [Symbol(fake)]: 1 } }, 'a', 'symbol keys'],
    ['a sparse list', { a: new Array(2) }, 'a', 'undefined'],
  ])('refuses %s and names the key, not the value', (_, values, key, what) => {
    const error = refused(values);
    expect(error).toMatchObject({ code: 'validation', provider: 'memory', key });
    expect(error.message).toContain(`"${key}"`);
    expect(error.message).toContain(what);
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toContain(fake);
  });

  it('refuses circular and too deeply nested values', () => {
    const list: unknown[] = [];
    list.push(list);
    expect(refused({ a: list }).message).toContain('contains itself');
    const tree: Record<string, unknown> = {};
    tree.inner = { tree };
    expect(refused(tree).message).toContain('contains itself');
    let deep: unknown[] = [];
    for (let i = 0; i < 5000; i++) deep = [deep];
    expect(refused({ a: deep }).message).toContain('more than 100 levels');
    let sections: object = { leaf: 1 };
    for (let i = 0; i < 40; i++) sections = { s: sections };
    expect(refused(sections)).toMatchObject({ code: 'invalid_key' });
  });

  it('accepts the same object in two places', async () => {
    const shared = { url: 'http://x' };
    expect(await keys(new MemoryProvider({ a: shared, b: [shared, shared] }))).toEqual(['a.url', 'b']);
  });

  it.each([
    ['at the top', '{"__proto__":{"polluted":1}}'],
    ['in a section', '{"a":{"__proto__":{"polluted":1}}}'],
    ['in a list', '{"a":[{"constructor":{"polluted":1}}]}'],
    ['as a leaf', '{"a":{"prototype":1}}'],
  ])('pollutes no prototype: a reserved name is refused %s', (_, text) => {
    expect(refused(JSON.parse(text))).toMatchObject({ code: 'invalid_key', provider: 'memory' });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses a key that is given twice, or as a value and a section', () => {
    expect(refused({ 'a.b': 1, a: { b: 1 } })).toMatchObject({ code: 'conflict', key: 'a.b' });
    expect(refused({ 'a.b': 1, a: 2 })).toMatchObject({ code: 'conflict' });
    expect(refused({ a: 2, 'a.b.c': 1 })).toMatchObject({ code: 'conflict' });
  });

  it('refuses invalid options and values', () => {
    expect(refused({}, { nam: 'x' }).message).toContain('Did you mean name?');
    expect(refused({}, { name: '' })).toMatchObject({ code: 'invalid_option' });
    for (const values of [null, 'text', ['list'], 1])
      expect(refused(values)).toMatchObject({ code: 'invalid_option' });
    expect(refused({ '': 1 })).toMatchObject({ code: 'invalid_key' });
    expect(refused({ 'a..b': 1 })).toMatchObject({ code: 'invalid_key' });
  });

  it('marks values as secret by secret(), name, shape and the option sensitive', async () => {
    const provider = new MemoryProvider(
      {
        license: secret(fake),
        database: { password: fake, url: 'postgres://app:fake@db/x', host: 'h' },
        vault: secret({ inner: { plain: fake } }),
        list: ['a', secret(fake)],
        pin: '0000',
        maxTokens: 4096,
      },
      { sensitive: ['pin'] },
    );
    const marked = Object.fromEntries((await provider.list()).map((entry) => [entry.key, entry.secret]));
    expect(marked).toEqual({
      license: true,
      'database.password': true,
      'database.url': true,
      'database.host': false,
      'vault.inner.plain': true,
      list: true,
      pin: true,
      maxTokens: false,
    });
    expect((await provider.get('license'))?.value).toBe(fake);
    expect((await provider.get('list'))?.value).toEqual(['a', fake]);
    expect(inspect(provider, { showHidden: true, depth: 9 })).not.toContain(fake);
    expect(JSON.stringify(provider)).not.toContain(fake);
  });

  describe('set and delete of MemoryProvider', () => {
    it('set changes a value and sends watchers the key without the value', async () => {
      const provider = new MemoryProvider({ a: { b: 1 } }, { name: 'overrides' });
      const changes: object[] = [];
      using _ = provider.watch((change) => changes.push(change));
      const entry = await provider.set('a/c', 2, { metadata: { type: 'count', tags: ['x'] } });
      expect(entry).toMatchObject({ key: 'a.c', value: 2, secret: false, metadata: { type: 'count' } });
      expect(Object.isFrozen(entry.metadata?.tags)).toBe(true);
      expect(entry.modifiedAt).toBeTypeOf('number');
      expect(await provider.get('a.c')).toBe(entry);
      expect(await provider.delete('a.c')).toBe(true);
      expect(await provider.delete('a.c')).toBe(false);
      expect(changes).toEqual([
        { provider: 'overrides', keys: ['a.c'], time: expect.any(Number) },
        { provider: 'overrides', keys: ['a.c'], time: expect.any(Number) },
      ]);
    });

    it('set and delete do not notify watchers when nothing changes', async () => {
      const provider = new MemoryProvider({ a: [1, { b: 2 }] });
      let told = 0;
      using _ = provider.watch(() => told++);
      await provider.set('a', [1, { b: 2 }]);
      expect(told).toBe(0);
      await provider.set('a', [1, { b: 2 }], { secret: true });
      expect(told).toBe(1);
    });

    it('notifies all watchers until disposed or closed, also after one throws', async () => {
      const provider = new MemoryProvider();
      const told: string[] = [];
      provider.watch(() => {
        throw new Error('mine');
      });
      const first = provider.watch(() => told.push('first'));
      provider.watch(() => told.push('second'));
      await provider.set('a', 1);
      first[Symbol.dispose]();
      first[Symbol.dispose]();
      await provider.set('a', 2);
      await provider.close();
      await provider.close();
      await provider.set('a', 3);
      expect(told).toEqual(['first', 'second', 'second']);
      expect((await provider.get('a'))?.value).toBe(3);
    });

    it('set keeps a secret secret', async () => {
      const provider = new MemoryProvider();
      expect((await provider.set('license', secret(fake))).secret).toBe(true);
      expect((await provider.set('pin', fake, { secret: true })).secret).toBe(true);
      expect((await provider.set('db.password', fake)).secret).toBe(true);
      expect((await provider.set('license', 'public')).secret).toBe(false);
    });

    it('set refuses a section, a key below a value and an unsupported value', async () => {
      const provider = new MemoryProvider({ a: { b: 1 } });
      await expect(provider.set('a', 1)).rejects.toMatchObject({ code: 'invalid_key' });
      await expect(provider.delete('a')).rejects.toMatchObject({ code: 'invalid_key' });
      await expect(provider.set('', 1)).rejects.toMatchObject({ code: 'invalid_key' });
      await expect(provider.set('c', { d: 1 })).rejects.toMatchObject({ code: 'validation' });
      await expect(provider.set('a.b.c', 1)).rejects.toMatchObject({ code: 'conflict' });
      await expect(provider.set('c', new Date() as never)).rejects.toMatchObject({
        code: 'validation',
        key: 'c',
      });
      expect(await keys(provider)).toEqual(['a.b']);
    });

    it('delete removes a section with its last leaf', async () => {
      const provider = new MemoryProvider({ a: { b: { c: 1 }, d: 2 } });
      await provider.delete('a.b.c');
      expect(await provider.get('a.b')).toBeUndefined();
      await expect(provider.get('a')).rejects.toMatchObject({ code: 'invalid_key' });
      await provider.set('a.b', 'now a value');
      expect((await provider.get('a.b'))?.value).toBe('now a value');
    });
  });

  it('rejects with aborted for an aborted caller', async () => {
    const provider = new MemoryProvider({ a: 1 });
    const signal = AbortSignal.abort();
    const aborted = { code: 'aborted' };
    await expect(provider.get('a', { signal })).rejects.toMatchObject(aborted);
    await expect(provider.list('', { signal })).rejects.toMatchObject(aborted);
    await expect(provider.set('a', 2, { signal })).rejects.toMatchObject(aborted);
    await expect(provider.delete('a', { signal })).rejects.toMatchObject(aborted);
    expect((await provider.get('a'))?.value).toBe(1);
  });
});
