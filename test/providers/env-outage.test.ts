import fs from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { EnvProvider } from '../../src/providers/env.ts';
import { folder } from '../support/folder.ts';
import { spied } from '../support/spied.ts';

spied(fs, 'open');

describe('EnvProvider during a passing failure to read a file', () => {
  it('fails as a whole instead of making a hole, and keeps the last content', async () => {
    await using dir = await folder({ key: 'value' });
    const provider = new EnvProvider({
      prefix: 'APP',
      fileSuffix: '_FILE',
      env: { APP__KEY_FILE: dir.at('key'), APP__OTHER: '1' },
    });
    const busy = (): void =>
      void vi
        .mocked(fs.open)
        .mockRejectedValueOnce(Object.assign(new Error('too many open files'), { code: 'EMFILE' }));
    busy();
    await expect(provider.list()).rejects.toMatchObject({ code: 'unavailable', transient: true });
    expect((await provider.get('key'))?.value).toBe('value');
    busy();
    await expect(provider.get('other', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'unavailable' });
    expect((await provider.get('key'))?.value).toBe('value');
  });
});
