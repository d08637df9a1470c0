import fs from 'node:fs/promises';
import { inspect } from 'node:util';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Entry, isUnreadable, type Unreadable } from '../../src/entry.ts';
import { type DirectoryOptions, DirectoryProvider } from '../../src/providers/directory.ts';
import { spied } from '../support/spied.ts';

const { readdir } = spied(fs, 'open', 'readdir');

const fake = 'fake-s3cret-for-tests';

let box: Sandbox;
beforeEach(async () => {
  box = await sandbox({ name: 'directory' });
});
afterEach(async () => {
  vi.mocked(fs.open).mockReset();
  vi.mocked(fs.readdir).mockReset();
  await box.dispose();
});

const directory = async (
  files: Readonly<Record<string, string | Uint8Array>>,
  options: DirectoryOptions = {},
): Promise<DirectoryProvider> => {
  for (const [file, content] of Object.entries(files)) await box.write({ [`mount/${file}`]: content });
  return new DirectoryProvider(box.path('mount'), options);
};

const listed = async (provider: DirectoryProvider, prefix?: string): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    (await provider.list(prefix)).map((item) => [
      item.key,
      isUnreadable(item) ? item.error.message.replaceAll(box.directory, '') : item.value,
    ]),
  );

describe('DirectoryProvider', () => {
  it('reads files as keys, folders and dotted names as sections', async () => {
    const provider = await directory({
      user: 'me',
      'db.host': 'h',
      'db/port': '1',
      'db/pool.max/size': '5',
      '..odd': 'hidden',
      'a..b': 'odd',
    });
    expect(await listed(provider)).toEqual({
      user: 'me',
      'db.host': 'h',
      'db.port': '1',
      'db.pool.max.size': '5',
      '"a..b"': 'odd',
    });
    expect((await provider.get('"a..b"'))?.value).toBe('odd');
    expect(await listed(provider, 'db.pool')).toEqual({ 'db.pool.max.size': '5' });
  });

  it('strips exactly one line break from the end of a file', async () => {
    const provider = await directory({
      a: 'x\n',
      b: 'x\r\n',
      c: 'x\n\n',
      d: ' x ',
      e: '',
      f: '\n',
      g: '\ufeffx',
    });
    expect(await listed(provider)).toEqual({ a: 'x', b: 'x', c: 'x\n', d: ' x ', e: '', f: '', g: 'x' });
  });

  it('returns text secrets with their file as origin', async () => {
    const provider = await directory({ 'db/port': '1' });
    const entry = (await provider.get('db.port')) as Entry;
    expect(entry).toMatchObject({
      value: '1',
      secret: true,
      text: true,
      modifiedAt: expect.any(Number),
      readAt: expect.any(Number),
    });
    expect(`${entry.origin}`).toBe(box.path('mount/db/port'));
    expect(provider.where('db.port')).toBe(`${box.path('mount/db/port')}\n${box.path('mount/db.port')}`);
    expect(provider.where('port')).toBe(box.path('mount/port'));
  });

  it('decides by names and shapes when sensitive is false or a list', async () => {
    const files = { host: 'h', password: fake, pem: '-----BEGIN PRIVATE KEY-----\nx', licence: 'x' };
    const secrets = async (options: DirectoryOptions): Promise<string[]> =>
      (await (await directory(files, options)).list()).flatMap((item) =>
        !isUnreadable(item) && item.secret ? [item.key] : [],
      );
    expect(await secrets({})).toEqual(['host', 'licence', 'password', 'pem']);
    expect(await secrets({ sensitive: false })).toEqual(['password', 'pem']);
    expect(await secrets({ sensitive: ['licence'] })).toEqual(['licence', 'password', 'pem']);
  });

  it('refuses get of a section and names tree', async () => {
    const provider = await directory({ 'db/pool.max': '1' });
    for (const key of ['db', 'db.pool', ''])
      await expect(provider.get(key)).rejects.toMatchObject({
        code: 'invalid_key',
        key,
        message: `"${key}" is a section of ${box.path('mount')}, not a value. Read it with tree`,
      });
    expect(await provider.get('db.poo')).toBeUndefined();
  });

  it('makes a hole of each binary file unless base64 names its key', async () => {
    const files = {
      key: new Uint8Array([0xff, 0, 1]),
      'store.jks': new Uint8Array([0xfe]),
      nul: 'a\0b',
      text: 'x',
    };
    const provider = await directory(files, { base64: ['store.jks', 'text'] });
    expect(await listed(provider)).toEqual({
      key: 'the file /mount/key is not text. Add its key to the option base64 to read the bytes',
      nul: 'the file /mount/nul is not text. Add its key to the option base64 to read the bytes',
      'store.jks': '/g==',
      text: 'eA==',
    });
    await expect(provider.get('key')).rejects.toMatchObject({ code: 'parse', key: 'key', transient: false });
    const entry = (await provider.get('store.jks')) as Entry;
    expect(entry.metadata).toEqual({ encoding: 'base64' });
    expect(entry.text).toBeUndefined();
  });

  it('reports a conflict of two files with the same key and names both', async () => {
    const provider = await directory({ 'db.host': 'a', 'db/host': 'b', other: 'x' });
    expect(await listed(provider)).toEqual({
      'db.host': '/mount/db/host and /mount/db.host have the same key "db.host". Keep one of them',
      other: 'x',
    });
    await expect(provider.get('db.host')).rejects.toMatchObject({ code: 'conflict' });
    expect((await provider.get('other'))?.value).toBe('x');
  });

  it('reports a conflict of a value and a section and hides lower providers', async () => {
    const provider = await directory({ db: 'a', 'db.host': 'b', 'db.port': 'c', other: 'x' });
    expect(await listed(provider)).toEqual({
      db: expect.stringMatching(
        /^\/mount\/db and \/mount\/db\.(host|port) make "db" both a value and a section\. Keep one of them$/,
      ),
      other: 'x',
    });
    await expect(provider.get('db.host')).rejects.toMatchObject({ code: 'conflict', key: 'db' });
    const [hole] = (await provider.list('db.host')) as [Unreadable];
    expect(hole).toMatchObject({ key: 'db.host', error: { code: 'conflict' } });
    expect(Object.isFrozen(hole)).toBe(true);
  });

  it('makes a hole of each file that cannot be read', async () => {
    const provider = await directory({ large: 'x'.repeat(11), fine: 'x', 'deep/a': '1' }, { maxBytes: 10 });
    await box.link('mount/dangling', 'nowhere');
    await box.link('mount/loop', 'loop');
    await box.link('mount/deep/up', '..');
    expect(await listed(provider)).toEqual({
      large: 'the file /mount/large is larger than 10 bytes. Split it, or raise maxBytes',
      dangling: '/mount/dangling links to a file that does not exist. Correct or remove the link',
      loop: '/mount/loop is a symbolic link that leads to itself. Correct the link',
      'deep.up': '/mount/deep/up links back to a folder above it. Remove the link or the folder',
      'deep.a': '1',
      fine: 'x',
    });
    await expect(provider.get('deep.up.deep.a')).rejects.toMatchObject({ code: 'io', key: 'deep.up' });
  });

  it('makes a hole of a folder that cannot be entered', async () => {
    const provider = await directory({ 'closed/a': '1', open: 'x' });
    vi.mocked(fs.readdir).mockImplementation((async (folder: string, options: object) => {
      if (folder.endsWith('closed')) throw Object.assign(new Error(fake), { code: 'EACCES' });
      return readdir(folder, options);
    }) as never);
    expect(await listed(provider)).toEqual({
      closed:
        '/mount/closed cannot be read: permission denied. ' +
        'Give the process permission to read it and to enter its folders',
      open: 'x',
    });
    await expect(provider.get('closed.a')).rejects.toMatchObject({ code: 'io' });
  });

  it('throws unavailable when the machine has no file handles left', async () => {
    const provider = await directory({ a: '1', b: '2' });
    vi.mocked(fs.open).mockRejectedValueOnce(Object.assign(new Error(fake), { code: 'EMFILE' }));
    const error: unknown = await provider.list().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unavailable', transient: true });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(fake);
    expect(await listed(provider)).toEqual({ a: '1', b: '2' });
  });

  it('skips a file that is removed while the folder is read', async () => {
    const provider = await directory({ a: '1', b: '2' });
    vi.mocked(fs.open).mockRejectedValueOnce(Object.assign(new Error('gone'), { code: 'ENOENT' }));
    expect(Object.keys(await listed(provider))).toHaveLength(1);
  });

  it('refuses names that could reach a prototype', async () => {
    const provider = await directory({ 'a.__proto__': fake });
    await expect(provider.list()).rejects.toMatchObject({
      code: 'invalid_key',
      message: expect.stringContaining('mount/a.__proto__: the key'),
    });
  });

  it('refuses a folder with too many files and makes a hole of one that is too deep', async () => {
    await expect((await directory({ a: '', b: '', c: '' }, { maxFiles: 2 })).list()).rejects.toThrow(
      /mount has more than 2 files\. Name a smaller folder, or raise maxFiles$/,
    );
    await box.write({ mount: undefined });
    const deep = await directory({ [`${'d/'.repeat(40)}a`]: '' });
    await expect(deep.list()).rejects.toMatchObject({ code: 'invalid_key' });
  });

  it('treats only a missing optional folder as empty', async () => {
    const provider = new DirectoryProvider(box.path('mount'), { optional: true });
    expect(await provider.list()).toEqual([]);
    await expect(new DirectoryProvider(box.path('mount')).get('a')).rejects.toMatchObject({
      code: 'io',
      key: 'a',
      message: `the folder ${box.path('mount')} does not exist. Mount it, correct the path, or set optional`,
    });
    await box.write({ mount: 'a file' });
    await expect(provider.get('a', { maxAgeMs: 0 })).rejects.toThrow(
      `the folder ${box.path('mount')} is not a folder. Name the folder that contains the file`,
    );
    await box.write({ mount: undefined });
    await box.write({ 'mount/a': '1' });
    expect((await provider.get('a', { maxAgeMs: 0 }))?.value).toBe('1');
    await box.write({ mount: undefined });
    expect(await provider.get('a', { maxAgeMs: 0 })).toBeUndefined();
  });

  it.each([
    ['', {}, 'the path of the folder is missing'],
    [undefined, {}, 'the path of the folder is missing'],
    ['x', { sensitive: 'yes' }, 'the option sensitive must be true or false or a list'],
    ['x', { base64: [1] }, 'the option base64 must be a list'],
    ['x', { maxFiles: 0 }, 'the option maxFiles must be a whole number, at least 1'],
    ['x', { base64: ['a..b'] }, 'has an empty segment'],
  ])('refuses invalid arguments at construction: %s %o', (folder, options, message) => {
    expect(() => new DirectoryProvider(folder as string, options as DirectoryOptions)).toThrow(message);
  });

  it('keeps the last content when the folder is removed and reports degraded', async () => {
    const provider = await directory({ a: '1' });
    expect(await provider.health()).toMatchObject({ status: 'ok' });
    await provider.list();
    await box.write({ mount: undefined });
    await expect(provider.refresh()).rejects.toMatchObject({ code: 'io' });
    expect((await provider.get('a'))?.value).toBe('1');
    expect(await provider.health()).toMatchObject({
      status: 'degraded',
      reason: expect.stringContaining('does not exist'),
    });
  });

  it('prints no secret value', async () => {
    const provider = await directory({ password: fake });
    await provider.list();
    expect(inspect(provider, { depth: null, showHidden: true })).not.toContain(fake);
    expect(provider.name).toBe(`directory:${box.path('mount')}`);
    expect((await directory({}, { name: 'mounted' })).name).toBe('mounted');
  });
});
