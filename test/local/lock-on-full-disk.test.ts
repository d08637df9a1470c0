import { readdirSync } from 'node:fs';
import fs from 'node:fs/promises';
import { sandbox } from 'llm-config-manager/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withLock } from '../../src/local/lock.ts';
import { writeAtomic } from '../../src/local/write-atomic.ts';
import { spied } from '../support/spied.ts';

/** The codes that the calls fail with. A full disk fails after the file was created. */
const fails: { write?: string; open?: string; link?: string } = {};
const error = (code: string) => Object.assign(new Error('fake'), { code });
const real = spied(fs, 'writeFile', 'link', 'open');
vi.mocked(fs.writeFile).mockImplementation(async (...args) => {
  if (fails.write === 'ENOSPC') await real.writeFile(args[0], '', args[2]);
  if (fails.write) throw error(fails.write);
  return real.writeFile(...args);
});
vi.mocked(fs.link).mockImplementation(async (...args) => {
  if (fails.link) throw error(fails.link);
  return real.link(...args);
});
vi.mocked(fs.open).mockImplementation(async (...args) => {
  if (fails.open && fails.open !== 'ENOSPC') throw error(fails.open);
  const handle = await real.open(...args);
  if (fails.open === 'ENOSPC')
    handle.writeFile = async () => {
      throw error('ENOSPC');
    };
  return handle;
});

beforeEach(() => {
  for (const call of ['write', 'open', 'link'] as const) delete fails[call];
});

describe('a write on a full disk', () => {
  it('leaves no temporary file of its lock', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    fails.write = 'ENOSPC';
    for (let i = 0; i < 3; i++)
      await expect(withLock(box.path('file'), async () => 'in')).rejects.toMatchObject({
        code: 'io',
        message: expect.stringContaining('the disk is full'),
      });
    expect(readdirSync(box.directory)).toEqual(['file']);
  });

  it('leaves no temporary file of the content', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    fails.open = 'ENOSPC';
    await expect(writeAtomic(box.path('file'), 'new')).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(box.directory)).toEqual(['file']);
    expect(await box.read('file')).toBe('old');
  });

  it('leaves no lock on a file system without hard links', async () => {
    await using box = await sandbox();
    Object.assign(fails, { open: 'ENOSPC', link: 'EPERM' });
    await expect(withLock(box.path('file'), async () => 'in')).rejects.toMatchObject({ code: 'io' });
    expect(readdirSync(box.directory)).toEqual([]);
  });
});

describe('a write without file handles', () => {
  it.each(['EMFILE', 'ENFILE'])('%s of the lock is unavailable, and says what to do', async (code) => {
    await using box = await sandbox();
    fails.write = code;
    await expect(withLock(box.path('file'), async () => 'in')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/no file handles are left\. Close some, or raise the limit/),
    });
  });

  it('EMFILE of the content is unavailable', async () => {
    await using box = await sandbox({ files: { file: 'old' } });
    fails.open = 'EMFILE';
    await expect(writeAtomic(box.path('file'), 'new')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('the lock of another writer that cannot be read is unavailable', async () => {
    await using box = await sandbox({ files: { 'file.lock': 'other' } });
    fails.open = 'EMFILE';
    await expect(withLock(box.path('file'), async () => 'in')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('the lock is released although it cannot be read', async () => {
    await using box = await sandbox();
    await withLock(box.path('file'), async () => {
      fails.open = 'EMFILE';
    });
    expect(readdirSync(box.directory)).toEqual([]);
  });
});
