import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import { type Sandbox, sandbox } from 'llm-config-manager/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ioError, readBytes } from '../../src/local/file.ts';
import { type FileContentOptions, fileContent } from '../../src/local/file-content.ts';
import { immediate } from '../../src/turns.ts';
import { spied } from '../support/spied.ts';
import { until } from '../support/until.ts';

spied(fs, 'open');

let box: Sandbox;
beforeEach(async () => {
  box = await sandbox({ name: 'file' });
});
afterEach(async () => {
  vi.mocked(fs.open).mockReset();
  await box.dispose();
});

type More = Partial<Omit<FileContentOptions<string>, 'parse'>> & {
  readonly parse?: (text: string) => string;
};

const fileOf = (name: string, { parse = (text) => text, ...more }: More = {}) =>
  fileContent<string>({
    provider: 'test',
    path: box.path(name),
    parse: (text) => immediate(() => parse(text)),
    ...more,
  });

describe('fileContent', () => {
  it('parses a file once per content', async () => {
    await box.write({ 'a.txt': 'one' });
    const parse = vi.fn((text: string) => text.toUpperCase());
    const file = fileOf('a.txt', { parse });
    expect((await file.read()).value).toBe('ONE');
    const { readAt, modifiedAt } = await file.read({ maxAgeMs: 0 });
    expect(parse).toHaveBeenCalledTimes(1);
    expect(Date.now() - readAt).toBeLessThan(60_000);
    expect(Math.abs(Date.now() - (modifiedAt as number))).toBeLessThan(60_000);
    await box.write({ 'a.txt': 'two' });
    expect((await file.read({ maxAgeMs: 0 })).value).toBe('TWO');
  });

  it('finds the file after a change of the working directory', async () => {
    await box.write({ 'a.txt': 'one' });
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(box.directory);
    const file = fileContent({ provider: 'test', path: 'a.txt', parse: (text) => immediate(() => text) });
    const missing = fileContent({ provider: 'test', path: 'b.txt', parse: (text) => immediate(() => text) });
    cwd.mockRestore();
    expect((await file.read()).value).toBe('one');
    await expect(missing.read()).rejects.toThrow(
      `the file b.txt does not exist (looked for ${box.path('b.txt')}). Create it, correct the path, or set`,
    );
  });

  it('keeps the last good content of a half-written file and fails a fresh read', async () => {
    await box.write({ 'a.txt': 'good' });
    const parse = (text: string): string => {
      if (text === 'good' || text === 'better') return text;
      throw new Error('half-written');
    };
    const file = fileOf('a.txt', { parse });
    await file.read();
    await box.write({ 'a.txt': 'goo' });
    await expect(file.read({ maxAgeMs: 0 })).rejects.toThrow('half-written');
    expect((await file.read()).value).toBe('good');
    await box.write({ 'a.txt': 'better' });
    expect((await file.read({ maxAgeMs: 0 })).value).toBe('better');
  });

  it('keeps the last good content of a removed required file and fails a fresh read', async () => {
    await box.write({ 'a.txt': 'one' });
    const file = fileOf('a.txt');
    await file.read();
    await box.write({ 'a.txt': undefined });
    await expect(file.read({ maxAgeMs: 0 })).rejects.toMatchObject({ code: 'io', transient: false });
    expect((await file.read()).value).toBe('one');
  });

  it('returns undefined only while an optional file is missing', async () => {
    const file = fileOf('a.txt', { optional: true });
    expect((await file.read()).value).toBeUndefined();
    await box.write({ 'a.txt/folder': '' });
    await expect(file.read({ maxAgeMs: 0 })).rejects.toThrow(
      /a\.txt is a folder\. Name a file in it, or read the folder with DirectoryProvider$/,
    );
    await box.write({ 'a.txt': undefined });
    await box.write({ 'a.txt': 'one' });
    expect((await file.read({ maxAgeMs: 0 })).value).toBe('one');
    await box.write({ 'a.txt': undefined });
    expect((await file.read({ maxAgeMs: 0 })).value).toBeUndefined();
  });

  it('keeps the content of an optional file while an editor replaces it', async () => {
    await box.write({ 'a.txt': 'one' });
    const file = fileOf('a.txt', { optional: true });
    await file.read();
    vi.mocked(fs.open).mockRejectedValueOnce(Object.assign(new Error('gone'), { code: 'ENOENT' }));
    expect((await file.read({ maxAgeMs: 0 })).value).toBe('one');
  });

  it('notifies watchers once per change, break and repair of a file', async () => {
    await box.write({ 'a.txt': 'one' });
    const file = fileOf('a.txt');
    const told = vi.fn();
    const watching = file.watch(told);
    await file.read();
    await box.replace('a.txt', 'two');
    await until('the change is told', () => told.mock.calls.length === 1);
    expect((await file.read()).value).toBe('two');
    await box.write({ 'a.txt': undefined });
    await until('the loss is told', () => told.mock.calls.length === 2);
    expect((await file.read()).value).toBe('two');
    await box.replace('a.txt', 'two');
    await until('the return is told', () => told.mock.calls.length === 3);
    await box.replace('a.txt', 'two');
    await box.replace('a.txt', 'three');
    await until('the last change is told', () => told.mock.calls.length === 4);
    watching[Symbol.dispose]();
  });

  it('notifies a watcher of a change between the read and the watch', async () => {
    await box.write({ 'a.txt': 'one' });
    const file = fileOf('a.txt');
    await file.read();
    await box.write({ 'a.txt': 'two' });
    const told = vi.fn();
    const watching = file.watch(told);
    await until('the change is told', () => told.mock.calls.length === 1);
    watching[Symbol.dispose]();
  });

  it('watches again after all watchers were disposed', async () => {
    await box.write({ 'a.txt': 'one' });
    const file = fileOf('a.txt');
    await file.read();
    const told = vi.fn();
    file.watch(told)[Symbol.dispose]();
    await box.write({ 'a.txt': 'two' });
    const watching = file.watch(told);
    await until('the change is told', () => told.mock.calls.length === 1);
    file.close();
    watching[Symbol.dispose]();
    await file.refresh();
    expect((await file.read()).value).toBe('two');
  });
});

describe('utf8 and readBytes', () => {
  it('utf8 drops a byte order mark', async () => {
    await box.write({ 'a.txt': '\ufeffone' });
    expect((await fileOf('a.txt').read()).value).toBe('one');
  });

  it('utf8 refuses other encodings with the line of the first bad byte', async () => {
    await box.write({
      'a.txt': Buffer.concat([
        Buffer.from('äöü\nzwei\nfake-s3cret'),
        Buffer.from([0xe9]),
        Buffer.from('\nvier'),
      ]),
      'b.txt': Buffer.from([0xff]),
    });
    await expect(fileOf('a.txt').read()).rejects.toMatchObject({
      code: 'parse',
      message: `the file ${box.path('a.txt')} is not UTF-8, in line 3. Save it as UTF-8`,
    });
    await expect(fileOf('b.txt').read()).rejects.toThrow('is not UTF-8, in line 1.');
  });

  it.each([
    ['little', [0xff, 0xfe, 0x61, 0]],
    ['big', [0xfe, 0xff, 0, 0x61]],
  ])('utf8 recognizes UTF-16, %s end first', async (_, bytes) => {
    await box.write({ 'a.txt': new Uint8Array(bytes) });
    await expect(fileOf('a.txt').read()).rejects.toThrow(/is not UTF-8: it is UTF-16\. Save it as UTF-8$/);
  });

  it('readBytes stops at maxBytes, also when the reported size is too small', async () => {
    await box.write({ 'a.txt': 'x'.repeat(100) });
    expect((await fileOf('a.txt', { maxBytes: 100 }).read()).value).toHaveLength(100);
    await expect(fileOf('a.txt', { maxBytes: 99 }).read()).rejects.toMatchObject({
      code: 'io',
      message: `the file ${box.path('a.txt')} is larger than 99 bytes. Split it, or raise maxBytes`,
    });
    const saysEmpty = async (): Promise<void> => {
      const handle = await fs.open(box.path('a.txt'));
      vi.spyOn(handle, 'stat').mockResolvedValue({ isFile: () => true, size: 0, mtimeMs: 1 } as never);
      vi.mocked(fs.open).mockResolvedValueOnce(handle);
    };
    await box.write({ 'a.txt': 'x'.repeat(10_000) });
    await saysEmpty();
    expect((await readBytes(box.path('a.txt'), 'a.txt', 'test'))?.content.toString()).toBe(
      'x'.repeat(10_000),
    );
    await saysEmpty();
    await expect(readBytes(box.path('a.txt'), 'a.txt', 'test', 500)).rejects.toThrow(
      'the file a.txt is larger than 500 bytes',
    );
  });
});

describe('a file that cannot be read', () => {
  it('readBytes throws for an unreadable file and returns undefined for a missing one', async () => {
    await box.write({ file: '' });
    await box.link('loop', 'loop');
    execFileSync('mkfifo', [box.path('pipe')]);
    expect(await readBytes(box.path('nothing'), 'nothing', 'test')).toBeUndefined();
    expect(await readBytes(box.path('file/below'), 'below', 'test')).toBeUndefined();
    await expect(readBytes(box.path('loop'), 'loop', 'test')).rejects.toThrow(
      'the file loop is a symbolic link that leads to itself. Correct the link',
    );
    await expect(readBytes(box.path('pipe'), 'pipe', 'test')).rejects.toThrow(
      'pipe is a pipe, a socket or a device, not a regular file. Give the path of a regular file',
    );
    await expect(readBytes(box.path('x'.repeat(300)), 'long', 'test')).rejects.toThrow(
      'the file long has a name that is too long. Correct the path',
    );
  });

  it.each([
    [
      'EACCES',
      'io',
      'it cannot be read: permission denied. Give the process permission to read it and to enter its folders',
    ],
    ['EPERM', 'io', 'it cannot be read: permission denied. Give the process permission to read it'],
    ['ENOTDIR', 'io', 'it is not a folder. Name the folder that contains the file'],
    ['EMFILE', 'unavailable', 'it cannot be read (EMFILE)'],
    ['ESTALE', 'unavailable', 'it cannot be read (ESTALE)'],
    ['ENXIO', 'io', 'it cannot be read (ENXIO)'],
    ['constructor', 'io', 'it cannot be read (constructor)'],
    [undefined, 'io', 'it cannot be read (an unknown error)'],
  ])('ioError gives the reason and whether the failure may pass: %s', (code, expected, message) => {
    const error = ioError(code === undefined ? undefined : { code }, 'it', 'test');
    expect(error).toMatchObject({
      code: expected,
      message,
      provider: 'test',
      transient: expected === 'unavailable',
    });
  });

  it('readBytes closes its file handle after an error', async () => {
    await box.write({ 'a/b': '' });
    await expect(readBytes(box.path('a'), 'a', 'test')).rejects.toThrow('a is a folder');
    const handle = (await vi.mocked(fs.open).mock.results.at(-1)?.value) as fs.FileHandle;
    expect(handle.fd).toBe(-1);
  });
});
