import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { appRole, token, tokenFile } from '../../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../../src/providers/vault/options.ts';
import type { FakeVault } from './fake.ts';
import { endsWith, fakeVault, pass, providerOf, quiet, refusal, store, timedVault, until } from './setup.ts';

/** An AppRole whose tokens live for so many seconds. */
function role(
  vault: FakeVault,
  seconds: number,
  more: { max?: number; renewable?: boolean; uses?: number } = {},
): Partial<VaultOptions> {
  vault.engines.logins.set('auth/approle/login', (body) =>
    body.secret_id === 'fake-secret-id' ? vault.issue(['default', 'root'], seconds, more) : undefined,
  );
  return {
    auth: appRole({ roleId: 'fake-role-id', secretId: 'fake-secret-id' }),
    env: {},
    kv: 2,
    resilience: { attempts: 1 },
    cache: false,
  };
}
const logins = (vault: FakeVault): number => vault.count('approle/login');
const renewals = (vault: FakeVault): number => vault.count('renew-self');

describe('a token from a log-in', () => {
  it('logs in once for a hundred concurrent reads', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    const provider = providerOf(vault, role(vault, 3600));
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => provider.get(i % 2 ? 'db.password' : `none${i}.x`)),
    );
    expect(answers.filter(Boolean).length).toBe(50);
    expect(logins(vault)).toBe(1);
  });

  it('renews the token by a timer before two thirds of its life', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { ...role(vault, 3600), clock });
    await provider.get('db.password');
    await pass(vault, clock, 0.54 * 3_600_000);
    expect(renewals(vault)).toBe(0);
    for (let round = 1; round <= 5; round++) {
      await pass(vault, clock, round === 1 ? 0.12 * 3_600_000 : 0.66 * 3_600_000);
      await until(() => renewals(vault) >= round);
    }
    expect(logins(vault)).toBe(1);
  });

  it('renews or replaces the token on the next read after a frozen process resumes', async () => {
    let now = 1_700_000_000_000;
    const clock = { now: () => now, after: () => () => undefined }; // timers do not run in a frozen process
    const vault = await fakeVault({ now: () => now });
    const provider = providerOf(vault, { ...role(vault, 3600), clock });
    await provider.get('db.password');
    now += 0.7 * 3_600_000;
    await provider.get('db.password');
    await until(() => renewals(vault) === 1);
    now += 2 * 3_600_000;
    const asked = vault.seen.length;
    await provider.get('db.password');
    const read = 'GET /v1/secret/data/app/db';
    expect(vault.asked.slice(asked)).toEqual([read, 'POST /v1/auth/approle/login', read]);
  });

  it('replaces a token near its maximum life, and keeps the old one for its leases', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { ...role(vault, 600, { max: 900 }), clock });
    await provider.get('db.password');
    const first = vault.seen.at(-1)?.token;
    await pass(vault, clock, 0.66 * 600_000); // renewed to 504 s
    await until(() => renewals(vault) === 1);
    await pass(vault, clock, 0.66 * 504_000); // renewed to less than half of 600 s
    await until(() => logins(vault) === 2);
    const read = vault.count('/data/');
    await provider.get('db.password');
    expect(vault.count('/data/')).toBe(read + 1);
    expect(vault.seen.at(-1)?.token).not.toBe(first);
    expect(vault.tokens.has(first as string)).toBe(true);
    await provider.close();
    expect(vault.tokens.has(first as string)).toBe(false);
  });

  it('replaces a token that is not renewable before its end, but only if it was used', async () => {
    const { vault, clock } = await timedVault();
    const used = providerOf(vault, { ...role(vault, 600, { renewable: false }), clock });
    await used.get('db.password');
    await pass(vault, clock, 0.66 * 600_000);
    await until(() => logins(vault) === 2);
    expect(renewals(vault)).toBe(0);
    await pass(vault, clock, 3_600_000);
    expect(logins(vault)).toBe(2);
    await used.get('db.password');
    expect(logins(vault)).toBe(3);
  });

  it('does not renew a token with few uses, and replaces it when they run out', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    const provider = providerOf(vault, role(vault, 3600, { uses: 3 }));
    for (let i = 0; i < 7; i++) expect((await provider.get('db.password'))?.value).toBe('fake');
    expect(logins(vault)).toBe(3);
    expect(renewals(vault)).toBe(0);
  });

  it('spends no use of a token on a renewal', async () => {
    const { vault, clock } = await timedVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    const own = providerOf(vault, { ...role(vault, 3600, { uses: 9, renewable: true }), clock });
    const VAULT_TOKEN = vault.issue(['root'], 3600, { uses: 9, renewable: true });
    const given = providerOf(vault, { env: { VAULT_TOKEN }, clock });
    await own.get('db.password');
    await given.get('db.password');
    await pass(vault, clock, 0.66 * 3_600_000);
    expect([logins(vault), renewals(vault)]).toEqual([2, 0]);
  });

  it('logs in once and repeats each read when a token is revoked under a hundred reads', async () => {
    const vault = await fakeVault();
    store(
      vault,
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`secret/app/s${i}`, { x: `${i}` }])),
    );
    const provider = providerOf(vault, role(vault, 3600));
    await provider.get('s0.x');
    vault.revoke(vault.seen.at(-1)?.token as string);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => provider.get(`s${i}.x`)));
    expect(answers.map((entry) => entry?.value)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    expect(logins(vault)).toBe(2);
    expect(vault.count('lookup-self')).toBe(1);
  });

  it('does not loop when each new token is refused at once', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { ...role(vault, 3600), clock });
    vault.fault = ({ url }) =>
      /login|revoke/.test(url) ? undefined : { status: 403, body: { errors: ['permission denied'] } };
    for (let i = 0; i < 200; i++)
      expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    expect(logins(vault)).toBe(2);
    for (let minute = 0; minute < 30; minute++) {
      await pass(vault, clock, 60_000);
      for (let i = 0; i < 20; i++) await refusal(provider.get('db.password'));
    }
    expect(logins(vault)).toBeLessThan(50);
  });

  it('reports a refused log-in, and backs off before the next one', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, {
      ...role(vault, 3600),
      clock,
      auth: appRole({ roleId: 'fake', secretId: 'wrong-s3cr3t' }),
    });
    for (let i = 0; i < 50; i++) {
      const error = await refusal(provider.get('db.password'));
      expect(error).toMatchObject({
        code: 'unauthenticated',
        message: expect.stringContaining('auth/approle/login'),
      });
      expect(error.message).not.toContain('s3cr3t');
    }
    expect(logins(vault)).toBe(1);
    await pass(vault, clock, 2_000);
    await refusal(provider.get('db.password'));
    expect(logins(vault)).toBe(2);
  });

  it('keeps the token when a renewal fails, and retries the renewal later', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { ...role(vault, 3600), clock });
    await provider.get('db.password');
    vault.fault = ({ url }) => (/renew|login/.test(url) ? 'cut' : undefined);
    await pass(vault, clock, 0.66 * 3_600_000);
    await until(() => renewals(vault) === 1);
    await provider.get('db.password');
    vault.fault = () => undefined;
    await pass(vault, clock, 0.1 * 3_600_000);
    await until(() => renewals(vault) === 2);
    expect(logins(vault)).toBe(1);
  });

  it('replaces a token when its renewal is refused', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { ...role(vault, 3600), clock });
    await provider.get('db.password');
    vault.fault = ({ url }) =>
      url.includes('renew')
        ? { status: 403, body: { errors: ['1 error occurred: permission denied'] } }
        : undefined;
    await pass(vault, clock, 0.66 * 3_600_000);
    await until(() => logins(vault) === 2);
    expect(renewals(vault)).toBe(1);
  });

  it('revokes on close only a token that its log-in created', async () => {
    const vault = await fakeVault();
    const made = providerOf(vault, role(vault, 3600));
    await made.get('db.password');
    const ours = vault.seen.at(-1)?.token as string;
    await made.close();
    await made.close();
    expect(vault.tokens.has(ours)).toBe(false);
    const given = vault.issue(['root'], 3600);
    const borrowed = providerOf(vault, { env: { VAULT_TOKEN: given } });
    await borrowed.get('db.password');
    await borrowed.close();
    expect(vault.tokens.has(given)).toBe(true);
  });

  it('closes even if the server is gone', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, role(vault, 3600));
    await provider.get('db.password');
    await vault.close();
    await provider.close();
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'aborted' });
  });
});

describe('a given token', () => {
  it('renews a given token until its maximum life, then reports its end', async () => {
    const { vault, clock } = await timedVault();
    const given = vault.issue(['root'], 600, { max: 900 });
    const provider = providerOf(vault, {
      env: { VAULT_TOKEN: given },
      clock,
      kv: 2,
      cache: false,
      resilience: { attempts: 1 },
    });
    await provider.get('db.password');
    await pass(vault, clock, 0.66 * 600_000);
    await until(() => renewals(vault) === 1);
    for (let i = 0; i < 60; i++) await pass(vault, clock, 10_000);
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
    expect(renewals(vault)).toBeLessThan(20);
  });

  it('rejects a dead token before anything is read', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, { env: { VAULT_TOKEN: 'dead-token' } });
    expect(await refusal(provider.get('db.password'))).toMatchObject({
      code: 'unauthenticated',
      message: expect.not.stringContaining('dead-token'),
    });
    expect(vault.count('/data/')).toBe(0);
  });

  it('uses a token that may not look itself up', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    vault.policies.set('reader', { 'secret/data/app/*': ['read'] });
    const provider = providerOf(vault, { env: { VAULT_TOKEN: vault.issue(['reader'], 600) } });
    expect((await provider.get('db.password'))?.value).toBe('fake');
    expect(
      await refusal(
        providerOf(vault, {
          env: { VAULT_TOKEN: vault.issue(['reader']) },
          secrets: { x: 'secret/y#x' },
        }).get('x'),
      ),
    ).toMatchObject({
      code: 'access_denied',
    });
  });

  it('opens the breaker when a token ends during an outage', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { ...role(vault, 60, { renewable: false }), clock });
    await provider.get('db.password');
    vault.fault = () => 'cut';
    await pass(vault, clock, 61_000);
    const asked = vault.seen.length;
    for (let i = 0; i < 100; i++) expect((await refusal(provider.get('db.password'))).transient).toBe(true);
    expect(vault.seen.length - asked).toBeLessThanOrEqual(6);
    vault.fault = () => undefined;
    await pass(vault, clock, 70_000);
    expect(await provider.get('db.password')).toBeUndefined();
  });

  it('rejects with unauthenticated when a given token is revoked', async () => {
    const vault = await fakeVault();
    const given = vault.issue(['root']);
    const provider = providerOf(vault, { auth: token(() => given), env: {}, cache: false });
    await provider.get('db.password');
    vault.revoke(given);
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unauthenticated' });
  });

  it('names the token file when no token is set', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, { env: { HOME: path.join(tmpdir(), 'no-such-home') } });
    expect(await refusal(provider.get('db.password'))).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('.vault-token'),
    });
    expect(
      await refusal(providerOf(vault, { auth: () => Promise.resolve('') }).get('db.password')),
    ).toMatchObject({
      code: 'unauthenticated',
    });
    expect(await refusal(providerOf(vault, { auth: token(() => '') }).get('db.password'))).toMatchObject({
      code: 'unauthenticated',
    });
  });
});

describe('a token in a file', () => {
  async function folder(): Promise<string> {
    const made = await mkdtemp(path.join(tmpdir(), 'vault-token-'));
    endsWith(() => rm(made, { recursive: true }));
    return made;
  }

  it('uses a replaced token file at once, and ignores an empty one', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    const home = await folder();
    const file = path.join(home, '.vault-token');
    const first = vault.issue(['root']);
    await writeFile(file, `${first}\n`);
    const provider = providerOf(vault, { env: { HOME: home }, cache: false });
    await provider.get('db.password');
    expect(vault.seen.at(-1)?.token).toBe(first);
    const second = vault.issue(['root']);
    await writeFile(`${file}.new`, second);
    await rename(`${file}.new`, file);
    await until(() => vault.seen.some((one) => one.token === second));
    await quiet(vault);
    await provider.get('db.password');
    expect(vault.seen.at(-1)?.token).toBe(second);
    await writeFile(file, '');
    await provider.get('db.password');
    expect(vault.seen.at(-1)?.token).toBe(second);
  });

  it('reads the token file again when the token is refused', async () => {
    const vault = await fakeVault();
    const file = path.join(await folder(), 'token');
    const first = vault.issue(['root']);
    await writeFile(file, first);
    const auth = tokenFile(file);
    const provider = providerOf(vault, {
      auth: Object.assign(() => auth({} as never), {}),
      env: {},
      cache: false,
    });
    await provider.get('db.password');
    vault.revoke(first);
    await writeFile(file, vault.issue(['root']));
    expect(await provider.get('db.password')).toBeUndefined();
  });
});
