import { describe, expect, it } from 'vitest';
import { appRole, type TransitKeyOptions, transitKey } from '../../../src/providers/vault/index.ts';
import type { FakeVault } from './fake.ts';
import { endsWith, fakeVault, refusal } from './setup.ts';

const data = new Uint8Array([1, 2, 3, 250, 0, 9]);

function keyOf(vault: FakeVault, options: Partial<TransitKeyOptions> = {}) {
  const resilience = { backoff: { initialMs: 1, maxMs: 2 } };
  const made = transitKey({
    key: 'files',
    address: vault.address,
    env: { VAULT_TOKEN: 'root-token' },
    resilience,
    ...options,
  });
  endsWith(() => made.close());
  return made;
}

describe('a Transit key', () => {
  it('accepts a mount with slashes around it', async () => {
    const key = keyOf(await fakeVault(), { mount: '/transit/' });
    expect(key.kid).toBe('transit/files');
    expect(await key.unwrap(await key.wrap(data))).toEqual(data);
  });

  it('wraps and unwraps a content key, and exposes its kid and algorithm', async () => {
    const vault = await fakeVault();
    const key = keyOf(vault);
    expect([key.kid, key.algorithm]).toEqual(['transit/files', 'vault-transit']);
    const wrapped = await key.wrap(data);
    expect(wrapped).toMatch(/^vault:v1:/);
    expect(await key.unwrap(wrapped)).toEqual(data);
    expect(vault.asked.slice(1)).toEqual([
      'POST /v1/transit/encrypt/files',
      'POST /v1/transit/decrypt/files',
    ]);
  });

  it('rewraps a content key after a rotation, so the old copy can be retired', async () => {
    const vault = await fakeVault();
    const key = keyOf(vault);
    const old = await key.wrap(data);
    vault.engines.transit = { latest: 2, min: 1 };
    const rewrapped = await key.rewrap(old);
    expect(rewrapped).toMatch(/^vault:v2:/);
    vault.engines.transit = { latest: 2, min: 2 };
    expect(await key.unwrap(rewrapped)).toEqual(data);
    expect(await refusal(key.unwrap(old))).toMatchObject({
      code: 'crypto',
      hint: expect.stringContaining('min_decryption_version'),
    });
  });

  it('suggests the capability update, because create would allow new keys by typo', async () => {
    const vault = await fakeVault();
    const env = { VAULT_TOKEN: vault.issue(['default']) };
    expect(await refusal(keyOf(vault, { env }).wrap(data))).toMatchObject({
      code: 'access_denied',
      hint: expect.stringContaining('path "transit/encrypt/files" { capabilities = ["update"] }'),
    });
  });

  it('rejects with crypto what it cannot decrypt, and with invalid_option an unknown key', async () => {
    const vault = await fakeVault();
    expect(await refusal(keyOf(vault).unwrap('nonsense'))).toMatchObject({
      code: 'crypto',
      transient: false,
    });
    expect(await refusal(keyOf(vault, { key: 'other' }).wrap(data))).toMatchObject({
      code: 'invalid_option',
    });
    expect(await refusal(keyOf(vault, { mount: 'nowhere' }).wrap(data))).toMatchObject({
      code: 'invalid_option',
    });
    for (const answer of [{}, { ciphertext: '' }]) {
      vault.fault = ({ url }) =>
        url.includes('encrypt') ? { status: 200, body: { data: answer } } : undefined;
      expect(await refusal(keyOf(vault).wrap(data))).toMatchObject({ code: 'crypto' });
    }
  });

  it('retries after a failure, keeps its deadline, and honours the signal of the caller', async () => {
    const vault = await fakeVault();
    const key = keyOf(vault);
    let hiccups = 2;
    vault.fault = ({ url }) => (url.includes('transit') && hiccups-- > 0 ? 'cut' : undefined);
    expect(await key.wrap(data)).toMatch(/^vault:/);
    vault.fault = ({ url }) => (url.includes('transit') ? 'hang' : undefined);
    const hasty = keyOf(vault, {
      resilience: { backoff: { initialMs: 1, maxMs: 2 }, timeoutMs: 200, deadlineMs: 500 },
    });
    expect(await refusal(hasty.wrap(data))).toMatchObject({ code: 'timeout' });
    const end = new AbortController();
    const waiting = refusal(key.wrap(data, { signal: end.signal }));
    end.abort();
    expect(await waiting).toMatchObject({ code: 'aborted' });
    expect(await refusal(key.wrap(data, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'aborted' });
  });

  it('logs in again after a revocation, and revokes its token on close', async () => {
    const vault = await fakeVault();
    vault.engines.logins.set('auth/approle/login', () => vault.issue(['root'], 60));
    const key = keyOf(vault, {
      auth: appRole({ roleId: 'fake' }),
      env: {},
      clock: { now: () => 0, after: () => () => undefined },
    });
    await key.wrap(data, { signal: new AbortController().signal });
    vault.revoke(vault.seen.at(-1)?.token as string);
    await key.wrap(data);
    expect(vault.count('login')).toBe(2);
    await key.close();
    expect([...vault.tokens.keys()]).toEqual(['root-token']);
  });

  it('refuses a missing key name and one that is a path', () => {
    for (const key of [undefined, 'a/b', '..'])
      expect(() => transitKey({ key } as never)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });
});
