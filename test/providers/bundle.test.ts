import { inspect } from 'node:util';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import type { Entry } from '../../src/entry.ts';
import { type BundleOptions, BundleProvider } from '../../src/providers/bundle.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { until } from '../support/until.ts';

const fake = 'fake-s3cret-for-tests';

let box: Sandbox;
beforeEach(async () => {
  box = await sandbox({ name: 'bundle' });
});
afterEach(() => box.dispose());

const bundle = async (
  file: string,
  text: string | Uint8Array,
  more: Partial<BundleOptions> = {},
): Promise<BundleProvider> => {
  await box.write({ [file]: text });
  return new BundleProvider({ path: box.path(file), ...more });
};

describe('BundleProvider', () => {
  it('returns values of every type at keys of any depth', async () => {
    const provider = await bundle(
      'a.yaml',
      'a:\n  b:\n    c: 1\nt: true\nn: null\ne: ""\nl: [1, {x: 2}]\n"x.y": {z: s}\n80: http\n',
    );
    const value = async (key: string): Promise<unknown> => (await provider.get(key))?.value;
    expect(await value('a.b.c')).toBe(1);
    expect(await value('a/b/c')).toBe(1);
    expect(await value('t')).toBe(true);
    expect(await value('n')).toBeNull();
    expect(await value('e')).toBe('');
    expect(await value('l')).toEqual([1, { x: 2 }]);
    expect(await value('"x.y".z')).toBe('s');
    expect(await value('80')).toBe('http');
  });

  it('finds no key inside a list, a string or an inherited property', async () => {
    const provider = await bundle('a.json', '{"l": [{"x": 1}], "s": "text", "o": {}}');
    for (const key of [
      'l.0',
      'l.0.x',
      'l.length',
      's.length',
      's.0',
      'o.toString',
      'hasOwnProperty',
      'nothing.at.all',
    ])
      expect(await provider.get(key), key).toBeUndefined();
  });

  it('refuses get of a section and names tree', async () => {
    const provider = await bundle('a.toml', '[a.b]\nc = 1\n[e]\n');
    for (const key of ['a', 'a.b', 'e', ''])
      await expect(provider.get(key)).rejects.toMatchObject({
        code: 'invalid_key',
        key,
        provider: provider.name,
        message: `"${key}" is a section of ${box.path('a.toml')}, not a value. Read it with tree`,
      });
  });

  it('lists the file as one entry with origin and secrecy per leaf', async () => {
    const provider = await bundle(
      'a.yaml',
      `db:\n  host: h\n  password: ${fake}\n  url: postgres://u:${fake}@h/d\n`,
    );
    const [entry, ...more] = (await provider.list()) as [Entry];
    expect(more).toEqual([]);
    expect(entry).toMatchObject({ key: '', secret: false, value: { db: { host: 'h' } } });
    expect(entry.text).toBeUndefined();
    expect(`${entry.leaf?.('db.host').origin}`).toBe(`${box.path('a.yaml')}:2:9`);
    expect(['db.host', 'db.password', 'db.url'].map((key) => entry.leaf?.(key).secret)).toEqual([
      false,
      true,
      true,
    ]);
    expect(`${entry} ${inspect(entry, { depth: null })} ${JSON.stringify(entry)}`).not.toContain(fake);
  });

  it('lists a section, a value or nothing at a prefix', async () => {
    const provider = await bundle('a.yaml', 'db:\n  pool:\n    max: 5\n');
    const [section] = (await provider.list('db.pool')) as [Entry];
    expect(section).toMatchObject({ key: 'db.pool', value: { max: 5 } });
    expect(`${section.leaf?.('max').origin}`).toBe(`${box.path('a.yaml')}:3:10`);
    expect(await provider.list('db.pool.max')).toMatchObject([
      { key: 'db.pool.max', value: 5, secret: false },
    ]);
    expect(await provider.list('db.po')).toEqual([]);
  });

  it('prints the path as given and computes lines on demand', async () => {
    await box.write({ 'a.json': '{"a":\n 1}' });
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(box.directory);
    const provider = new BundleProvider('./a.json');
    cwd.mockRestore();
    const entry = (await provider.get('a')) as Entry;
    expect(provider.name).toBe('bundle:./a.json');
    expect(entry.origin).toMatchObject({
      provider: 'bundle:./a.json',
      source: './a.json',
      line: 2,
      column: 2,
    });
    expect(provider.where('a.b')).toBe('./a.json a.b');
    expect(entry.modifiedAt).toBeTypeOf('number');
    expect(entry.readAt).toBeTypeOf('number');
  });

  it('returns only frozen values', async () => {
    const provider = await bundle('a.yaml', 'x: &x {l: [1, {y: 2}]}\nz: *x\n');
    const list = (await provider.get('x.l'))?.value as { y?: number }[];
    expect(() => list.push({})).toThrow(TypeError);
    expect(() => Object.assign(list[1] as object, { y: 3 })).toThrow(TypeError);
    const [{ value }] = (await provider.list()) as [Entry];
    expect(() => Object.assign(value as object, { w: 1 })).toThrow(TypeError);
    expect(() => Object.assign((value as { z: object }).z, { w: 1 })).toThrow(TypeError);
  });

  it('marks names of the option sensitive as secret', async () => {
    const provider = await bundle('a.json', '{"licence": {"id": "x"}, "port": 1}', {
      sensitive: ['licence'],
    });
    expect((await provider.get('licence.id'))?.secret).toBe(true);
    expect((await provider.get('port'))?.secret).toBe(false);
  });

  it('accepts the options format and name', async () => {
    const provider = await bundle('config', '{"a": 1} // x', { format: 'jsonc', name: 'base' });
    expect(provider.name).toBe('base');
    expect((await provider.get('a'))?.value).toBe(1);
  });

  it.each([
    ['an unknown extension', 'config.ini', 'does not name a format'],
    ['no path', { format: 'json' }, 'BundleProvider: the option path is missing'],
    ['an empty path', '', 'the option path must be a non-empty string; received an empty string'],
    [
      'an unknown format',
      { path: 'a', format: 'ini' },
      'the option format must be one of "json", "jsonc", "yaml", "toml"; received a string',
    ],
    [
      'a misspelled option',
      { path: 'a.json', optinal: true },
      'unknown option "optinal". Did you mean optional?',
    ],
    [
      'a size of zero',
      { path: 'a.json', maxBytes: 0 },
      'maxBytes must be a whole number, at least 1; received 0',
    ],
    [
      'undefined',
      undefined,
      "the option path is missing. Give the path of a file: new BundleProvider('config.yaml')",
    ],
  ])('refuses %s at construction', (_, options, message) => {
    expect(() => new BundleProvider(options as BundleOptions)).toThrow(message);
  });

  it('treats only a missing optional file as empty', async () => {
    const provider = new BundleProvider({ path: box.path('a.json'), optional: true });
    expect(await provider.get('a')).toBeUndefined();
    expect(await provider.list()).toEqual([]);
    expect(await provider.health()).toMatchObject({ status: 'ok' });
    await box.write({ 'a.json': '' });
    await expect(provider.get('a', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'parse', key: 'a' });
    await expect(provider.list('', { maxAgeMs: 0 })).rejects.toThrow('a.json:1:1: the file is empty');
    await expect(new BundleProvider(box.path('b.json')).get('a')).rejects.toMatchObject({
      code: 'io',
      key: 'a',
    });
  });

  it('refuses a file that is too large', async () => {
    const provider = await bundle('a.json', '{"a": "long"}', { maxBytes: 10 });
    await expect(provider.get('a')).rejects.toThrow(
      /a\.json is larger than 10 bytes\. Split it, or raise maxBytes$/,
    );
  });

  it('reads a file with a byte order mark and refuses a file that is not UTF-8', async () => {
    expect((await (await bundle('a.json', '\ufeff{"a": 1}')).get('a'))?.value).toBe(1);
    await expect(
      (await bundle('b.json', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]))).get('a'),
    ).rejects.toThrow('is not UTF-8, in line 1');
  });

  it('never returns an empty tree while the file is being written', async () => {
    const provider = await bundle('a.yaml', 'a: 1\nb: 2\n');
    await provider.list();
    for (const half of ['', 'a: [', 'a: 1\nb: "', 'just a text']) {
      await box.write({ 'a.yaml': half });
      await expect(provider.refresh(), half).rejects.toMatchObject({ code: 'parse' });
      expect((await provider.get('b'))?.value, half).toBe(2);
      expect(await provider.health()).toMatchObject({ status: 'degraded' });
    }
    await box.write({ 'a.yaml': 'a: 1\n' });
    await provider.refresh();
    expect(await provider.get('b')).toBeUndefined();
  });

  it('notifies watchers of changes until it is closed', async () => {
    const provider = await bundle('a.yaml', 'a: 1\n');
    await provider.list();
    const told = vi.fn();
    provider.watch(told);
    await box.replace('a.yaml', 'a: 2\n');
    await until('the change is told', () => told.mock.calls.length === 1);
    expect(told).toHaveBeenCalledWith({ provider: provider.name, time: expect.any(Number) });
    expect((await provider.get('a'))?.value).toBe(2);
    await provider.close();
    await provider.close();
    await box.replace('a.yaml', 'a: 3\n');
    await provider.refresh();
    expect((await provider.get('a'))?.value).toBe(3);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('merges leaf by leaf in a chain and keeps the line of each leaf', async () => {
    const base = await bundle('base.yaml', 'db:\n  host: base\n  port: 1\n');
    const local = await bundle('local.json', '{"db": {"host": "local"}}');
    const chain = new ProviderChain([new MemoryProvider({ 'db.user': 'me' }), local, base]);
    expect(await chain.tree('db')).toEqual({ user: 'me', host: 'local', port: 1 });
    expect(`${(await chain.get('db.port'))?.origin}`).toBe(`${box.path('base.yaml')}:3:9`);
    await expect(chain.require('db.prot')).rejects.toThrow(box.path('base.yaml'));
  });

  it('loads only the parser of its format', async () => {
    const provider = await bundle('a.json', '{"a": 1}');
    vi.doMock('yaml', () => {
      throw new Error('yaml was loaded');
    });
    vi.doMock('smol-toml', () => {
      throw new Error('smol-toml was loaded');
    });
    expect((await provider.get('a'))?.value).toBe(1);
    vi.doUnmock('yaml');
    vi.doUnmock('smol-toml');
  });
});
