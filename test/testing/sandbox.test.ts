import { existsSync } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sandbox } from '../../src/testing/index.ts';

describe('sandbox', () => {
  it('writes files and creates their folders', async () => {
    await using box = await sandbox({
      files: { '.env': 'A=1\n', 'config/base.yaml': 'port: 80\n', 'raw.bin': new Uint8Array([0, 255]) },
    });
    expect(await box.read('.env')).toBe('A=1\n');
    expect(await box.read('config/base.yaml')).toBe('port: 80\n');
    expect((await lstat(box.path('raw.bin'))).size).toBe(2);
    expect(box.path('config/base.yaml')).toBe(join(box.directory, 'config', 'base.yaml'));
  });

  it('has an environment that contains nothing of the process', async () => {
    const before = { ...process.env };
    await using box = await sandbox({ env: { APP__PORT: '80' } });
    expect(box.env).toEqual({ APP__PORT: '80' });
    box.env.APP__HOST = 'db.internal';
    expect(process.env).toEqual(before);
  });

  it('does not change the working directory', async () => {
    const before = process.cwd();
    await using box = await sandbox();
    expect(process.cwd()).toBe(before);
    expect(box.directory).not.toBe(before);
  });

  it('removes its directory when its scope ends', async () => {
    let directory: string;
    {
      await using box = await sandbox({ files: { 'a/b/c': 'deep' } });
      directory = box.directory;
      expect(existsSync(directory)).toBe(true);
    }
    expect(existsSync(directory)).toBe(false);
  });

  it('removes its directory when its scope ends with an error', async () => {
    let directory = '';
    const failing = async (): Promise<void> => {
      await using box = await sandbox({ files: { a: 'b' } });
      directory = box.directory;
      throw new Error('the test failed');
    };
    await expect(failing()).rejects.toThrow('the test failed');
    expect(existsSync(directory)).toBe(false);
  });

  it('leaves nothing behind when its setup fails', async () => {
    const left = async (): Promise<string[]> =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('sandbox-failed-'));
    await expect(
      sandbox({ name: 'failed', files: { a: 'a file', 'a/b': 'inside a file' } }),
    ).rejects.toThrow();
    expect(await left()).toEqual([]);
  });

  it('can be disposed twice', async () => {
    const box = await sandbox();
    await box.dispose();
    await box.dispose();
    expect(existsSync(box.directory)).toBe(false);
  });

  it('changes, adds and removes files', async () => {
    await using box = await sandbox({ files: { a: 'before', b: 'there' } });
    await box.write({ a: 'after', 'c/d': 'new', b: undefined });
    expect(await box.read('a')).toBe('after');
    expect(await box.read('c/d')).toBe('new');
    expect(existsSync(box.path('b'))).toBe(false);
  });

  it('replaces a file atomically and leaves no other file', async () => {
    await using box = await sandbox({ files: { 'config/a': 'before' } });
    await box.replace('config/a', 'after');
    expect(await box.read('config/a')).toBe('after');
    expect(await readdir(box.path('config'))).toEqual(['a']);
  });

  it('replaces a symbolic link', async () => {
    await using box = await sandbox({ files: { 'v1/key': 'one', 'v2/key': 'two' } });
    await box.link('..data', 'v1');
    await box.link('..data', 'v2');
    expect(await readlink(box.path('..data'))).toBe('v2');
    expect(await box.read('..data/key')).toBe('two');
  });

  it('refuses paths outside its directory', async () => {
    await using box = await sandbox();
    for (const file of ['../outside', 'a/../../outside', '/etc/outside']) {
      expect(() => box.path(file)).toThrow(/outside/);
      await expect(box.write({ [file]: 'x' })).rejects.toThrow(/is outside the sandbox/);
    }
  });

  it('refuses unknown options', async () => {
    await expect(sandbox({ file: { a: 'b' } } as never)).rejects.toThrow(/Did you mean files/);
    await expect(sandbox({ env: { A: 1 } } as never)).rejects.toThrow(/env/);
  });
});
