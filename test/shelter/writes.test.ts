import { describe, expect, it } from 'vitest';
import type { ConfigError } from '../../src/errors.ts';
import { down, type FakeSource, failing, hang } from '../support/fake-source.ts';
import { code, sheltering, value } from '../support/sheltering.ts';

const text = (source: FakeSource, name: string): string | undefined => source.store.get(name)?.text;

describe('a write', () => {
  it('a write invalidates the key, its section, its document and lists', async () => {
    const { provider } = sheltering({ db: '{"host":"fake-a","port":"1"}' });
    const all = async () => [
      await value(provider.get('db.host')),
      (await provider.list()).length,
      (await provider.list('db'))[0],
    ];
    await all();
    const entry = await provider.set('db.host', 'fake-b');
    expect(entry).toMatchObject({ key: 'db.host', value: 'fake-b', version: '2', secret: true });
    expect(String(entry.origin)).toBe('store db#host v2');
    expect(await value(provider.get('db.host'))).toBe('fake-b');
    expect((await provider.list('db'))[0]).toMatchObject({ key: 'db', value: { host: 'fake-b', port: '1' } });
    await provider.set('new.key', 'fake-c');
    expect((await provider.list()).map((item) => item.key).sort()).toEqual(['db', 'new.key']);
    expect(await provider.delete('new.key')).toBe(true);
    expect((await provider.list()).map((item) => item.key)).toEqual(['db']);
    expect(await provider.get('new.key')).toBeUndefined();
    expect(await provider.delete('new.key')).toBe(false);
  });

  it('a write creates a key that was remembered as absent', async () => {
    const { provider } = sheltering();
    expect(await provider.get('token')).toBeUndefined();
    await provider.set('token', 'fake');
    expect(await value(provider.get('token'))).toBe('fake');
  });

  it('a write replaces only its field, even with ten writes at once', async () => {
    const { provider, source } = sheltering(
      { db: '{"keep":"fake"}' },
      {},
      { places: [{ key: 'db', document: 'db', field: '' }] },
    );
    await Promise.all(Array.from({ length: 10 }, (_, i) => provider.set(`db.deep.f${i}`, `fake-${i}`)));
    const written = JSON.parse(text(source, 'db') as string);
    expect(Object.keys(written.deep)).toHaveLength(10);
    expect(written.keep).toBe('fake');
    for (let i = 0; i < 10; i++) await provider.delete(`db.deep.f${i}`);
    expect(text(source, 'db')).toBe('{"keep":"fake"}');
  });

  it('a write goes to the document that has the key, a new key to the last place', async () => {
    const { provider, source } = sheltering({ a: '{"b":{"c":"fake"}}' });
    await provider.set('a.b.c', 'other');
    await provider.set('a.b.d', 'new');
    expect(text(source, 'a')).toBe('{"b":{"c":"other"}}');
    expect(text(source, 'a/b/d')).toBe('new');
  });

  it('set replaces a whole text, and refuses leases, sections and unknown keys', async () => {
    const places = [
      { key: 'raw', document: 'raw', field: '', whole: true as const },
      { key: 'creds', document: 'creds', field: '', leased: true as const },
      { key: 'db', document: 'db', field: '' },
    ];
    const { provider, source } = sheltering(
      { raw: '{"a":1}', db: '{"pool":{"max":"1"},"host":"fake"}' },
      {},
      { places },
    );
    expect(await value(provider.get('raw'))).toBe('{"a":1}');
    await provider.set('raw', '{"b":2}');
    expect(text(source, 'raw')).toBe('{"b":2}');
    expect(await code(provider.set('creds', 'x'))).toBe('invalid_key');
    expect(await code(provider.set('elsewhere', 'x'))).toBe('invalid_key');
    expect(await code(provider.set('db.pool', 'x'))).toBe('invalid_key');
    expect(await code(provider.delete('db.pool'))).toBe('invalid_key');
    expect(await code(provider.set('db.host.name', 'x'))).toBe('conflict');
    await provider.set('db.pool', { min: 1 });
    expect(text(source, 'db')).toBe('{"pool":{"min":1},"host":"fake"}');
    expect(source.count('write')).toBe(2);
  });

  it('a write is refused when two documents have the key, or one is denied', async () => {
    const { provider, source } = sheltering({ a: '{"b":"fake"}', 'a/b': 'fake' });
    expect(await code(provider.set('a.b', 'x'))).toBe('conflict');
    source.refused.set('z', 'access_denied');
    expect(await code(provider.set('z.y', 'x'))).toBe('access_denied');
    source.refused.set('a', 'access_denied');
    await provider.set('a.b', 'x');
    expect(text(source, 'a/b')).toBe('x');
  });

  it('a write that is overtaken is repeated, unless ifVersion is given', async () => {
    const { provider, source } = sheltering({ token: 'fake' });
    expect(await code(provider.set('token', 'x', { ifVersion: '7' }))).toBe('conflict');
    await provider.set('token', 'x', { ifVersion: '1' });
    let others = 2;
    source.befall = ({ operation }) => {
      if (operation === 'write' && others-- > 0) source.put('token', 'theirs');
    };
    expect(await provider.set('token', 'y')).toMatchObject({ version: '5' });
    others = 9;
    expect(await code(provider.set('token', 'z'))).toBe('conflict');
    others = 1;
    expect(
      await code(provider.set('token', 'z', { ifVersion: String(source.store.get('token')?.version) })),
    ).toBe('conflict');
  });

  it('a write is retried only after throttling; a timeout warns that it may be written', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake' });
    let writes = 0;
    source.befall = ({ operation }) =>
      operation === 'write' && ++writes === 1 ? failing('throttled')() : undefined;
    const setting = provider.set('token', 'x');
    await clock.advance(5_000);
    await setting;
    expect(source.count('write')).toBe(2);
    source.befall = ({ operation }) => (operation === 'write' ? hang() : undefined);
    const hanging = provider.set('token', 'y').catch((error) => error as ConfigError);
    await clock.advance(20_000);
    const error = (await hanging) as ConfigError;
    expect(error.code).toBe('timeout');
    expect(error.message).toMatch(/token may have been written/);
    expect(source.count('write')).toBe(3);
    source.befall = ({ operation }) => (operation === 'write' ? down() : undefined);
    expect(await code(provider.set('token', 'z'))).toBe('unavailable');
    source.befall = ({ operation }) => (operation === 'write' ? failing('access_denied')() : undefined);
    expect(await code(provider.delete('token'))).toBe('access_denied');
    expect(source.count('write')).toBe(5);
  });

  it('a write that arrives after its timeout invalidates later reads', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake' });
    let apply = (): void => {};
    source.befall = ({ operation }) =>
      operation === 'write' ? new Promise<void>((resolve) => (apply = resolve)) : undefined;
    const setting = code(provider.set('token', 'late'));
    await clock.advance(20_000);
    expect(await setting).toBe('timeout');
    expect(await value(provider.get('token'))).toBe('fake');
    apply();
    await clock.advance(0);
    expect(await value(provider.get('token'))).toBe('late');
  });

  it('a caller that aborts a write is warned that it may be written', async () => {
    const { provider, source, clock } = sheltering({ token: 'fake' });
    source.befall = ({ operation }) => (operation === 'write' ? hang() : undefined);
    const controller = new AbortController();
    const setting = provider
      .set('token', 'x', { signal: controller.signal })
      .catch((error) => error as ConfigError);
    await clock.advance(1);
    controller.abort();
    expect(await setting).toMatchObject({
      code: 'aborted',
      message: expect.stringMatching(/may have been written/),
    });
    expect(await code(provider.delete('token', { signal: AbortSignal.abort() }))).toBe('aborted');
    await provider.close();
  });

  it('a write drops reads that began before its end', async () => {
    for (const readEnds of ['before', 'between', 'after']) {
      const { provider, source, clock } = sheltering({ token: 'old' });
      const gates: (() => void)[] = [];
      const reading = async () => value(provider.get('token'));
      source.read = async () => {
        const seen = source.outcome('token');
        await new Promise<void>((resolve) => gates.push(resolve));
        return new Map([['token', seen]]);
      };
      const first = reading();
      await clock.advance(0);
      const setting = provider.set('token', 'new');
      await clock.advance(0);
      if (readEnds === 'before') gates.shift()?.();
      await clock.advance(0);
      const writeGate = gates.pop();
      writeGate?.();
      if (readEnds === 'between') gates.shift()?.();
      await setting;
      gates.shift()?.();
      expect(await first).toBe('old');
      const second = reading();
      await clock.advance(0);
      for (const open of gates) open();
      expect(await second).toBe('new');
    }
  });

  it('a write invalidates the cache before it notifies watchers', async () => {
    const { provider } = sheltering({ token: 'fake' });
    await provider.get('token');
    const seen: unknown[] = [];
    const watching = provider.watch(({ keys }) => seen.push(keys, value(provider.get('token'))));
    await provider.set('token', 'other');
    expect(await Promise.all(seen)).toEqual([['token'], 'other']);
    watching[Symbol.dispose]();
    await provider.set('token', 'third');
    expect(seen).toHaveLength(2);
  });
});

describe('a cached value', () => {
  it('a cached value cannot be changed by a caller', async () => {
    const { provider } = sheltering(
      { db: '{"hosts":["a"],"deep":{"x":"1"}}' },
      {},
      { places: [{ key: 'db', document: 'db', field: '' }] },
    );
    const hosts = (await value(provider.get('db.hosts'))) as string[];
    expect(() => hosts.push('evil')).toThrow(TypeError);
    const [tree] = await provider.list('db');
    expect(() => ((tree as unknown as { value: { deep: { x: string } } }).value.deep.x = 'evil')).toThrow(
      TypeError,
    );
    expect(await value(provider.get('db.deep.x'))).toBe('1');
  });

  it('a cached document may hold __proto__ as data', async () => {
    const { provider } = sheltering(
      { db: '{"__proto__":{"polluted":"yes"},"a":"1"}' },
      {},
      { places: [{ key: 'db', document: 'db', field: '' }] },
    );
    expect(await value(provider.get('db.a'))).toBe('1');
    expect(await value(provider.get('db.polluted'))).toBeUndefined();
    expect(await value(provider.get('db.toString'))).toBeUndefined();
    await provider.set('db.b', '2');
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
    expect(Object.keys(((await provider.list('db'))[0] as unknown as { value: object }).value)).toEqual([
      '__proto__',
      'a',
      'b',
    ]);
  });
});

describe('a write to a disabled document', () => {
  it('set replaces a disabled document when the key is all of it', async () => {
    const { provider, source } = sheltering({ 'db/password': 'fake-old' });
    source.refused.set('db/password', 'disabled');
    expect(await code(provider.get('db.password'))).toBe('disabled');
    expect(await provider.set('db.password', 'fake-new')).toMatchObject({ value: 'fake-new', secret: true });
    expect(await value(provider.get('db.password'))).toBe('fake-new');
  });

  it('a disabled document refuses fields, ifVersion and deletions', async () => {
    const { provider, source } = sheltering({ db: '{"host":"fake"}', 'key/part': 'fake', token: 'fake' });
    for (const [name, why] of [
      ['db', 'disabled'],
      ['key/part', 'disabled'],
      ['token', 'access_denied'],
    ] as const)
      source.refused.set(name, why);
    expect(await code(provider.set('db.host', 'fake-new'))).toBe('disabled');
    expect(await code(provider.set('key.part', 'fake-new', { ifVersion: '1' }))).toBe('disabled');
    expect(await code(provider.delete('key.part'))).toBe('disabled');
    expect(await code(provider.set('token', 'fake-new'))).toBe('access_denied');
    expect(source.count('write')).toBe(0);
  });
});
