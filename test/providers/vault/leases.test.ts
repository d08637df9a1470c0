import { describe, expect, it } from 'vitest';
import { appRole } from '../../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../../src/providers/vault/options.ts';
import type { FakeVault } from './fake.ts';
import { fakeVault, pass, providerOf, quiet, refusal, store, timedVault } from './setup.ts';

const leases = { redis: 'database/creds/app' };
const made = (vault: FakeVault): number => vault.count('database/creds');
const renewed = (vault: FakeVault): number => vault.count('leases/renew');
const once = { resilience: { attempts: 1 } } as const;

function role(
  vault: FakeVault,
  seconds: number,
  more: { max?: number; renewable?: boolean } = {},
): Partial<VaultOptions> {
  vault.engines.logins.set('auth/approle/login', () => vault.issue(['root'], seconds, more));
  return { auth: appRole({ roleId: 'fake' }), env: {} };
}

describe('leases', () => {
  it('creates credentials once and serves them for two thirds of their life', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { leases, clock, ...once });
    const [name, password] = await Promise.all([
      provider.get('redis.username'),
      provider.get('redis.password'),
    ]);
    expect(name).toMatchObject({ value: 'u1', secret: true, expiresAt: clock.now() + 60_000 });
    expect(password?.value).toBe('fake-password-1');
    await pass(vault, clock, 39_000);
    await provider.get('redis.password', { maxAgeMs: 0 }); // a reload makes none either
    expect([made(vault), renewed(vault)]).toEqual([1, 0]);
  });

  it('replaces a lease by renew, keeps the old one valid, and revokes both on close', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { leases, clock, ...once });
    const before = await provider.get('redis.username');
    const now = await provider.renew('redis.username');
    expect([before?.value, now?.value]).toEqual(['u1', 'u2']);
    expect((await provider.get('redis.password'))?.value).toBe('fake-password-2');
    expect([made(vault), renewed(vault), vault.engines.leases.size]).toEqual([2, 0, 2]);
    await provider.close();
    expect(vault.count('leases/revoke')).toBe(2);
  });

  it('counts the life of a lease from the start of a slow request', async () => {
    const { vault, clock } = await timedVault();
    const start = clock.now();
    vault.fault = async ({ url }) => {
      if (url.includes('/creds/')) await clock.advance(3_000);
      return undefined;
    };
    const provider = providerOf(vault, { leases, clock, ...once });
    expect((await provider.get('redis.username'))?.expiresAt).toBe(start + 60_000);
  });

  it('renews a lease on read, and replaces it before its maximum life ends', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { leases, clock, ...once });
    const seen = new Set<unknown>();
    for (let second = 0; second < 600; second += 5) {
      const entry = await provider.get('redis.username');
      seen.add(entry?.value);
      const alive = [...vault.engines.leases.values()].filter((lease) => lease.endsAt > clock.now());
      expect(alive.length).toBeGreaterThan(0);
      expect(entry?.expiresAt).toBeGreaterThan(clock.now());
      await pass(vault, clock, 5_000);
    }
    expect([...seen]).toEqual(['u1', 'u2', 'u3']);
    expect(renewed(vault)).toBeLessThan(20);
  });

  it('replaces a lease that is not renewable with one request', async () => {
    const { vault, clock } = await timedVault();
    vault.engines.renewable = false;
    const provider = providerOf(vault, { leases, clock, ...once });
    for (let second = 0; second < 120; second += 5) {
      await provider.get('redis.username');
      await pass(vault, clock, 5_000);
    }
    expect(renewed(vault)).toBe(0);
    expect(made(vault)).toBe(4);
  });

  it('replaces a lease that has ended or may not be renewed', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { leases, clock, ...once });
    await provider.get('redis.username');
    vault.engines.leases.clear();
    await pass(vault, clock, 41_000);
    expect((await provider.get('redis.username'))?.value).toBe('u2');
    vault.fault = ({ url }) =>
      url.includes('leases/renew')
        ? { status: 403, body: { errors: ['1 error occurred: permission denied'] } }
        : undefined;
    await pass(vault, clock, 41_000);
    expect((await provider.get('redis.username'))?.value).toBe('u3');
  });

  it('serves credentials during an outage until they expire', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { leases, clock, resilience: { attempts: 1, breaker: false } });
    await provider.get('redis.username');
    vault.fault = () => 'cut';
    await pass(vault, clock, 50_000);
    expect((await provider.get('redis.username'))?.value).toBe('u1');
    await pass(vault, clock, 11_000);
    expect(await refusal(provider.get('redis.username'))).toMatchObject({ code: 'unavailable' });
  });

  it.each([
    {},
    { ok: true },
    { data: null },
    { data: 'x' },
    { data: ['x'] },
    { lease_id: 7, data: { password: 'fake' } },
  ])('rejects credentials in a response that is not from Vault: %j', async (body) => {
    const vault = await fakeVault();
    vault.fault = ({ url }) => (url.includes('/creds/') ? { status: 200, body } : undefined);
    const provider = providerOf(vault, { leases: { pg: 'database/creds/app' }, resilience: { attempts: 1 } });
    expect(await refusal(provider.get('pg.password'))).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('database/creds/app: the response (200) is not from Vault'),
    });
  });

  it('does not create credentials for a list, unless acquire is set', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { password: 'fake' } });
    for (const options of [
      { leases },
      { leases, path: 'app/' },
      { leases, secrets: { db: 'secret/app/db' } },
    ]) {
      const provider = providerOf(vault, options);
      const items = await provider.list();
      expect(items.find((item) => item.key === 'redis')).toMatchObject({ error: { code: 'on_demand' } });
      expect(made(vault)).toBe(0);
    }
    const provider = providerOf(vault, { leases, path: 'app/' });
    const items = await provider.list('', { acquire: true });
    expect(items.map(({ key }) => key).sort()).toEqual(['db', 'redis']);
    expect(made(vault)).toBe(1);
    expect(await provider.get('db.password')).toMatchObject({ value: 'fake' });
    expect(await provider.get('redis.username')).toMatchObject({ value: 'u1' });
  });

  it('ends a lease with its token, and creates new credentials under the next', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, {
      leases,
      clock,
      path: 'app/',
      ...once,
      ...role(vault, 30, { renewable: false }),
    });
    const entry = await provider.get('redis.username');
    expect(entry?.expiresAt).toBe(clock.now() + 30_000);
    await pass(vault, clock, 25_000);
    expect((await provider.get('redis.username'))?.value).toBe('u2');
  });

  it('replaces credentials and notifies watchers when their token is revoked', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { leases, clock, path: 'app/', ...once, ...role(vault, 3600) });
    await provider.get('redis.username');
    const changes: unknown[] = [];
    const events: string[] = [];
    provider.on((event) => events.push(event.type));
    const watching = provider.watch((change) => changes.push(change.keys));
    vault.revoke(vault.seen.at(-1)?.token as string);
    await provider.get('db.password'); // is refused, logs in
    expect(changes).toEqual([['redis']]);
    expect(events).toContain('rotated');
    expect((await provider.get('redis.username'))?.value).toBe('u2');
    watching[Symbol.dispose]();
  });

  it('renews leases by a timer only while there is a watcher', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { leases, clock, ...once });
    await provider.get('redis.username');
    await pass(vault, clock, 50_000);
    expect(renewed(vault)).toBe(0);
    await provider.get('redis.username');
    expect(renewed(vault)).toBe(1);
    const rotations: unknown[] = [];
    provider.on((event) => event.type === 'rotated' && rotations.push(event));
    const watching = provider.watch(() => undefined);
    await pass(vault, clock, 300_000);
    expect(renewed(vault)).toBeGreaterThan(3);
    expect(rotations).toHaveLength([...vault.engines.leases.values()].length - 1);
    expect([...vault.engines.leases.values()].some((lease) => lease.endsAt > clock.now())).toBe(true);
    watching[Symbol.dispose]();
    await quiet(vault);
    const asked = vault.seen.length;
    await pass(vault, clock, 300_000);
    expect(vault.seen.length).toBe(asked);
  });

  it('revokes live leases on close', async () => {
    const { vault, clock } = await timedVault();
    vault.engines.renewable = false;
    const provider = providerOf(vault, { leases, clock, ...once });
    await provider.get('redis.username');
    await pass(vault, clock, 35_000);
    await provider.get('redis.username');
    expect(vault.engines.leases.size).toBe(2);
    await provider.close();
    expect(vault.engines.leases.size).toBe(0);
    const own = providerOf(vault, { leases, clock, ...once, ...role(vault, 3600) });
    await own.get('redis.username');
    const revocations = vault.count('leases/revoke');
    await own.close(); // the token takes its leases along
    expect(vault.count('leases/revoke')).toBe(revocations);
    expect(vault.engines.leases.size).toBe(0);
  });

  it('refuses to write to a lease', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, { leases });
    expect(await refusal(provider.set('redis.username', 'x'))).toMatchObject({ code: 'invalid_key' });
    expect(made(vault)).toBe(0);
  });
});

describe('a path that creates credentials', () => {
  it('refuses a leasing path in secrets and revokes the lease', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, { secrets: { redis: 'database/creds/app' } });
    expect(await refusal(provider.get('redis.username'))).toMatchObject({
      code: 'invalid_option',
      hint: expect.stringContaining('leases'),
    });
    await quiet(vault);
    expect(vault.engines.leases.size).toBe(0);
  });

  it('reports a leasing path that does not exist', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault, { leases: { redis: 'nowhere/creds/app' } });
    expect(await refusal(provider.get('redis.username'))).toMatchObject({ code: 'invalid_option' });
  });

  it('posts data for a certificate, which expires without a lease', async () => {
    const { vault, clock } = await timedVault();
    const web = { path: 'pki/issue/web', method: 'POST', data: { common_name: 'web.internal' } } as const;
    const provider = providerOf(vault, {
      leases: {
        web,
        mail: { ...web, data: { common_name: 'mail.internal' } },
        plain: { path: 'database/creds/app' },
      },
      clock,
      ...once,
    });
    expect(await provider.get('web.certificate')).toMatchObject({
      value: 'fake-certificate web.internal',
      expiresAt: clock.now() + 60_000,
    });
    expect((await provider.get('mail.certificate'))?.value).toBe('fake-certificate mail.internal');
    expect((await provider.get('plain.username'))?.value).toBe('u1');
    expect(`${(await provider.get('web.certificate'))?.origin}`).toContain('pki/issue/web');
    await pass(vault, clock, 31_000);
    await provider.get('web.certificate');
    expect(vault.count('pki/issue/web')).toBe(3);
    expect(
      await refusal(providerOf(vault, { leases: { web: 'pki/issue/web' } }).get('web.certificate')),
    ).toMatchObject({
      code: 'invalid_option',
    });
  });

  it('uses the ttl of a rotated password; without one it does not expire', async () => {
    const { vault, clock } = await timedVault();
    let ttl: number | undefined = 100;
    vault.fault = ({ url }) =>
      url.includes('static')
        ? { status: 200, body: { data: { password: 'fake', ...(ttl !== undefined && { ttl }) } } }
        : undefined;
    const provider = providerOf(vault, {
      leases: { redis: 'database/static-creds/app#password' },
      clock,
      ...once,
    });
    const first = await provider.get('redis');
    expect(first).toMatchObject({ value: 'fake', expiresAt: clock.now() + 100_000 });
    ttl = 45;
    await pass(vault, clock, 55_000);
    const again = await provider.get('redis');
    expect(again?.version).toBe(first?.version);
    expect(vault.count('static')).toBe(2);
    ttl = undefined;
    await pass(vault, clock, 45_000);
    expect((await provider.get('redis'))?.expiresAt).toBeUndefined();
  });
});
