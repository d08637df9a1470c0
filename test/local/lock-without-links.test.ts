import { readdirSync } from 'node:fs';
import fs from 'node:fs/promises';
import { sandbox } from 'llm-config-manager/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withLock } from '../../src/local/lock.ts';
import { spied } from '../support/spied.ts';

spied(fs, 'link');
const linksFailWith = (code: string) =>
  vi.mocked(fs.link).mockImplementation(async () => Promise.reject(Object.assign(new Error(), { code })));
beforeEach(() => {
  linksFailWith('EPERM');
});

describe('withLock on a file system without hard links', () => {
  it('runs writers one after the other', async () => {
    await using box = await sandbox();
    let inside = 0;
    const work = () =>
      withLock(box.path('file'), async (guard) => {
        expect(++inside).toBe(1);
        await guard();
        inside--;
      });
    await Promise.all([work(), work(), work()]);
    expect(readdirSync(box.directory)).toEqual([]);
  });

  it('throws io when the lock cannot be created', async () => {
    await using box = await sandbox();
    linksFailWith('EROFS');
    await expect(withLock(box.path('file'), async () => 'in')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('read-only'),
    });
    linksFailWith('EPERM');
    await box.write({ 'file.lock/x': '' });
    await expect(withLock(box.path('file'), async () => 'in', { waitMs: 20 })).rejects.toMatchObject({
      code: 'io',
    });
  });
});
