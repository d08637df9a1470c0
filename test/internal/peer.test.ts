import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { peer } from '../../src/internal/lazy.ts';

const load =
  (code: string | undefined, message = 'gone') =>
  async () => {
    throw Object.assign(new Error(message), code && { code });
  };

describe('an optional package', () => {
  it('is loaded', async () => {
    expect(await peer('vault', 'node-vault', async () => 'it')).toBe('it');
  });

  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])(
    'that is not installed (%s) is named, with the command that installs it',
    async (code) => {
      await expect(peer('vault', 'node-vault', load(code))).rejects.toMatchObject({
        code: 'missing_dependency',
        provider: 'vault',
        message: 'vault needs the package node-vault, which is not installed. Run: npm install node-vault',
      });
    },
  );

  it('that cannot be loaded is named too, without quoting its error', async () => {
    const failed = await peer('vault', 'node-vault', load('ERR_DLOPEN_FAILED', 'fake-secret')).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({
      code: 'missing_dependency',
      message: expect.stringContaining('could not load'),
    });
    expect(inspect(failed, { showHidden: true })).not.toContain('fake-secret');
    await expect(peer('vault', 'x', async () => Promise.reject(null))).rejects.toMatchObject({
      code: 'missing_dependency',
    });
  });
});
