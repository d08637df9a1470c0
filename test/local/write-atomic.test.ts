import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../src/local/lock.ts';
import { realFile, writeAtomic, writeError } from '../../src/local/write-atomic.ts';
import { interleaved, killed } from '../providers/encrypted-file/processes.ts';

describe('writeAtomic', () => {
  it('replaces the whole file with mode 0600 and leaves no temporary file', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    await chmod(box.path('file'), 0o644);
    await writeAtomic(box.path('file'), 'new');
    expect(await box.read('file')).toBe('new');
    expect((await stat(box.path('file'))).mode & 0o777).toBe(0o600);
    expect(readdirSync(box.directory)).toEqual(['file']);
  });

  it('writes the target of a link and keeps the link', async () => {
    await using box = await sandbox({ files: { 'real/file': 'old' } });
    await symlink('real/file', box.path('link'));
    await writeAtomic(box.path('link'), 'new');
    expect((await lstat(box.path('link'))).isSymbolicLink()).toBe(true);
    expect(await box.read('real/file')).toBe('new');
  });

  it.runIf(process.geteuid?.() === 0)('keeps the owner of the file when root writes', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    await chown(box.path('file'), 12_345, 12_345);
    await writeAtomic(box.path('file'), 'new');
    expect(await stat(box.path('file'))).toMatchObject({ uid: 12_345, gid: 12_345 });
  });

  it('keeps the old file when the guard throws', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    const guard = async () => {
      expect(await box.read('file')).toBe('old');
      throw new Error('the lock is gone');
    };
    await expect(writeAtomic(box.path('file'), 'new', { guard })).rejects.toMatchObject({ code: 'io' });
    expect([await box.read('file'), readdirSync(box.directory)]).toEqual(['old', ['file']]);
  });

  it('names the file and a remedy when a write fails', async () => {
    await using box = await sandbox({ files: { 'folder/file': '' } });
    await expect(writeAtomic(box.path('none/file'), 'x')).rejects.toThrow(
      /none\/file cannot be written: its folder does not exist\. Create the folder/,
    );
    await expect(writeAtomic(box.path('folder'), 'x')).rejects.toMatchObject({ code: 'io' });
    expect(writeError({ code: 'ENOSPC' }, 'f').message).toMatch(
      /disk is full\. Free some space; the old file is unchanged/,
    );
    expect(writeError({ code: 'EWEIRD' }, 'f').message).toMatch(/\(EWEIRD\)/);
    expect(writeError(null, 'f').message).toMatch(/an unknown error/);
  });
});

describe('withLock', () => {
  it('runs writers one after the other, also through links, and removes the lock', async () => {
    await using box = await sandbox({ files: { file: '0' } });
    await symlink('file', box.path('link'));
    let inside = 0;
    const count = (name: string) =>
      withLock(box.path(name), async () => {
        expect(++inside).toBe(1);
        const n = Number(await box.read('file'));
        await writeAtomic(box.path(name), `${n + 1}`);
        inside--;
      });
    await Promise.all(Array.from({ length: 20 }, (_, i) => count(i % 2 ? 'link' : 'file')));
    expect([await box.read('file'), readdirSync(box.directory).sort()]).toEqual(['20', ['file', 'link']]);
  });

  it('releases the lock when the work throws', async () => {
    await using box = await sandbox();
    await expect(withLock(box.path('file'), async () => Promise.reject(new Error('failed')))).rejects.toThrow(
      'failed',
    );
    expect(await withLock(box.path('file'), async () => 'again', { waitMs: 100 })).toBe('again');
  });

  it('times out after waitMs and names the holder', async () => {
    await using box = await sandbox();
    await withLock(box.path('file'), async () => {
      const second = withLock(box.path('file'), async () => 'in', { waitMs: 30 });
      await expect(second).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining(`process ${process.pid}`),
      });
    });
  });

  it('rejects with aborted while it waits for the lock', async () => {
    await using box = await sandbox();
    await withLock(box.path('file'), async () => {
      const caller = new AbortController();
      const second = withLock(box.path('file'), async () => 'in', { signal: caller.signal });
      caller.abort();
      await expect(second).rejects.toMatchObject({ code: 'aborted' });
    });
  });

  it('takes over the lock of a dead process', async () => {
    await using box = await sandbox();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const mine = await withLock(box.path('file'), async () => box.read('file.lock'));
    await writeFile(box.path('file.lock'), JSON.stringify({ ...JSON.parse(mine), pid: child.pid }));
    expect(await withLock(box.path('file'), async () => 'in', { waitMs: 1_000 })).toBe('in');
  });

  it.runIf(process.platform === 'linux')(
    'takes over the lock of a dead process when its pid is reused',
    async () => {
      await using box = await sandbox();
      const mine = await withLock(box.path('file'), async () => box.read('file.lock'));
      await writeFile(box.path('file.lock'), JSON.stringify({ ...JSON.parse(mine), started: '1' }));
      expect(await withLock(box.path('file'), async () => 'in', { waitMs: 1_000 })).toBe('in');
    },
  );

  it('keeps the lock of another machine until its lease ends', async () => {
    await using box = await sandbox();
    await writeFile(
      box.path('file.lock'),
      JSON.stringify({ world: `not ${hostname()}`, pid: 1, started: '' }),
    );
    await expect(withLock(box.path('file'), async () => 'in', { waitMs: 30 })).rejects.toMatchObject({
      code: 'timeout',
    });
    await utimes(box.path('file.lock'), 1, 1);
    expect(await withLock(box.path('file'), async () => 'in', { waitMs: 1_000 })).toBe('in');
  });

  it('takes over an old lock without a readable holder', async () => {
    await using box = await sandbox({ files: { 'file.lock': '' } });
    await expect(withLock(box.path('file'), async () => 'in', { waitMs: 30 })).rejects.toThrow(
      /another writer/,
    );
    await utimes(box.path('file.lock'), 1, 1);
    expect(await withLock(box.path('file'), async () => 'in', { waitMs: 1_000 })).toBe('in');
  });

  it('takes over a lock although an earlier takeover died halfway', async () => {
    await using box = await sandbox();
    const { createHash } = await import('node:crypto');
    const mine = await withLock(box.path('file'), async () => box.read('file.lock'));
    const dead = JSON.stringify({ ...JSON.parse(mine), started: '1', pid: 2 ** 22 + 1 });
    await writeFile(box.path('file.lock'), dead);
    await writeFile(
      box.path(`file.lock.${createHash('sha256').update(dead).digest('hex').slice(0, 12)}`),
      dead.replace('"1"', '"2"'),
    );
    expect(await withLock(box.path('file'), async () => 'in', { waitMs: 1_000 })).toBe('in');
    expect(readdirSync(box.directory)).toEqual([]);
  });

  it('writes nothing when another writer has taken over the lock', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    const writing = withLock(box.path('file'), async (guard) => {
      await writeFile(box.path('file.lock'), 'somebody else');
      await writeAtomic(box.path('file'), 'new', { guard });
    });
    await expect(writing).rejects.toMatchObject({ code: 'conflict' });
    expect([await box.read('file'), await box.read('file.lock')]).toEqual(['old', 'somebody else']);
  });

  it('removes old temporary files of killed writers and keeps recent ones', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const old = [`file.${a}.tmp`, `file.lock.${a}.tmp`, `file.lock.${a.slice(0, 8)}abcd.${a}.tmp`];
    const kept = [`file.${b}.tmp`, `other.${a}.tmp`];
    await using box = await sandbox({
      files: Object.fromEntries(['file', ...old, ...kept].map((name) => [name, ''])),
    });
    for (const name of [...old, `other.${a}.tmp`]) await utimes(box.path(name), 1, 1);
    await withLock(box.path('file'), async () => undefined);
    expect(readdirSync(box.directory).sort()).toEqual(['file', ...kept].sort());
  });

  it('keeps the files and folders of others beside the target', async () => {
    const folder = `file.${randomUUID()}.tmp`;
    await using box = await sandbox({
      files: { file: '', 'file.my-precious-backup.tmp': 'mine', [`${folder}/inside`]: 'mine' },
    });
    for (const name of [folder, 'file.my-precious-backup.tmp']) await utimes(box.path(name), 1, 1);
    expect(await withLock(box.path('file'), async () => 'in')).toBe('in');
    expect(readdirSync(box.directory).sort()).toEqual(['file', folder, 'file.my-precious-backup.tmp'].sort());
  });

  it.runIf(process.platform !== 'win32').each([
    ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
    ['a folder', (path: string) => mkdir(path)],
    ['a link to a device', (path: string) => symlink('/dev/zero', path)],
  ])('refuses a lock that is %s at once', async (_, make) => {
    await using box = await sandbox({ files: { file: 'old' } });
    await make(box.path('file.lock'));
    await expect(withLock(box.path('file'), async () => 'in', { waitMs: 60_000 })).rejects.toMatchObject({
      code: 'io',
      message: expect.stringMatching(/file\.lock is not the lock of a writer\. Remove /),
    });
    expect(existsSync(box.path('file.lock'))).toBe(true);
  });

  it('does not read a lock of any size as a whole', async () => {
    await using box = await sandbox({ files: { 'file.lock': 'x'.repeat(5_000_000) } });
    await utimes(box.path('file.lock'), 1, 1);
    expect(await withLock(box.path('file'), async () => 'in', { waitMs: 1_000 })).toBe('in');
  });

  it('names the target file when the folder of the lock does not exist', async () => {
    await using box = await sandbox();
    await expect(withLock(box.path('none/file'), async () => 'in')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('none/file'),
    });
    await mkdir(box.path('there'));
    expect(await realFile(box.path('there/../there/file'))).toBe(`${await realFile(box.path('there'))}/file`);
  });
});

// The live tests run 2 × 1,000 writes and 200 kills.
describe('two processes that write one encrypted file', () => {
  it('lose none of 2 × 50 interleaved writes', () => interleaved(50), 60_000);

  it('leave the old or the new file, always readable, when killed at 5 moments', () => killed(5), 60_000);
});
