import { readdirSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it, vi } from 'vitest';
import { withLock } from '../../src/local/lock.ts';

const links = vi.hoisted(() => ({ code: 'EPERM' }));
vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  link: async () => Promise.reject(Object.assign(new Error(), { code: links.code })),
}));

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
    links.code = 'EROFS';
    await expect(withLock(box.path('file'), async () => 'in')).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('read-only'),
    });
    links.code = 'EPERM';
    await box.write({ 'file.lock/x': '' });
    await expect(withLock(box.path('file'), async () => 'in', { waitMs: 20 })).rejects.toMatchObject({
      code: 'io',
    });
  });
});
