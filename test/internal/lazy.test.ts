import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lazy, peer } from '../../src/internal/lazy.ts';

describe('lazy', () => {
  it('calls make once, on first use, for all concurrent callers', async () => {
    let made = 0;
    const get = lazy(async () => ++made);
    expect(made).toBe(0);
    expect(await Promise.all([get(), get(), get()])).toEqual([1, 1, 1]);
    expect(await get()).toBe(1);
  });

  it('forgets a failure and tries again on the next use', async () => {
    let tries = 0;
    const get = lazy(async () => {
      if (++tries < 3) throw new Error(`try ${tries}`);
      return tries;
    });
    await expect(Promise.all([get(), get()])).rejects.toThrow('try 1');
    await expect(get()).rejects.toThrow('try 2');
    expect(await get()).toBe(3);
  });
});

describe('peer', () => {
  const fails =
    (code: string | undefined, message = 'gone') =>
    async () => {
      throw Object.assign(new Error(message), code && { code });
    };

  it('loads an optional package', async () => {
    expect(await peer('vault', 'node-vault', async () => 'the module')).toBe('the module');
  });

  it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])(
    'names a missing package and the command that installs it (%s)',
    async (code) => {
      await expect(peer('vault', 'node-vault', fails(code))).rejects.toMatchObject({
        code: 'missing_dependency',
        provider: 'vault',
        message: 'vault: the package node-vault is not installed. Run: npm install node-vault',
      });
    },
  );

  it('names a package that cannot be loaded, and does not quote its error', async () => {
    const failed = await peer('vault', 'node-vault', fails('ERR_DLOPEN_FAILED', 'fake-secret')).catch(
      (error: unknown) => error,
    );
    expect(failed).toMatchObject({
      code: 'missing_dependency',
      message: expect.stringContaining('cannot be loaded'),
    });
    expect(inspect(failed, { showHidden: true })).not.toContain('fake-secret');
    await expect(peer('vault', 'x', async () => Promise.reject(null))).rejects.toMatchObject({
      code: 'missing_dependency',
    });
  });
});
