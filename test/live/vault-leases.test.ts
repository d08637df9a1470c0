import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig, MemoryProvider, ProviderChain } from '../../src/index.ts';
import { appRole, token, VaultProvider } from '../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../src/providers/vault/options.ts';
import { recorder } from './proxy.ts';
import { redis } from './redis.ts';
import { admin, live, mounted, policy, refusal, tokenOf, unique, until } from './vault-server.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean().catch(() => undefined);
});

const boss = unique('boss');
await redis(['ACL', 'SETUSER', boss, 'on', '>fake', 'allkeys', 'allchannels', 'allcommands']);
cleaning.push(() => redis(['ACL', 'DELUSER', boss]));

const { mount, unmount } = await mounted('database');
cleaning.push(unmount);
const { hostname, port } = new URL(live.redis);
await admin('POST', `${mount}/config/live`, {
  plugin_name: 'valkey-database-plugin',
  host: hostname,
  port: Number(port),
  username: boss,
  password: 'fake',
  allowed_roles: ['*'],
});

async function role(ttl: string, most: string): Promise<string> {
  const name = unique('app');
  await admin('POST', `${mount}/roles/${name}`, {
    db_name: 'live',
    creation_statements: '["~*","+@read"]',
    default_ttl: ttl,
    max_ttl: most,
  });
  return `${mount}/creds/${name}`;
}

function providerOf(options: Partial<VaultOptions>): VaultProvider {
  const provider = new VaultProvider({
    address: live.address,
    auth: token(live.token),
    env: {},
    ...options,
  } as VaultOptions);
  cleaning.push(() => provider.close());
  return provider;
}

interface Login {
  readonly username: string;
  readonly password: string;
  /** When it ends, in milliseconds since 1970. */
  readonly endsAt: number;
}
async function credentials(provider: VaultProvider): Promise<Login> {
  const found = await provider.getMany(['redis.username', 'redis.password']);
  const read = (key: string) => {
    const entry = found.get(key);
    if (!entry || entry instanceof Error) throw entry ?? new Error('absent');
    return entry;
  };
  const { value, expiresAt = 0 } = read('redis.username');
  return { username: value as string, password: read('redis.password').value as string, endsAt: expiresAt };
}
const authenticates = ({ username, password }: Omit<Login, 'endsAt'>): Promise<string> =>
  redis(['AUTH', username, password], ['GET', 'x']);
/** Rejects if Redis refuses credentials before their end. On a busy machine they may have expired. */
const isGood = async (login: Login): Promise<void> => {
  await authenticates(login).catch((error: unknown) => {
    if (Date.now() < login.endsAt) throw error;
  });
};
const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe.concurrent('leases of the database engine, on a real Redis', () => {
  it('keeps a client authenticated over five lives of a lease, and overlaps credentials', async () => {
    const proxy = await recorder(live.address);
    cleaning.push(() => proxy.close());
    const path = await role('2s', '6s');
    const provider = providerOf({ address: proxy.address, leases: { redis: path } });
    const used: Login[] = [];
    const end = Date.now() + 5 * 6_000;
    while (Date.now() < end) {
      const login = await credentials(provider);
      const before = used.at(-1);
      await isGood(login);
      if (before && before.username !== login.username) await isGood(before);
      if (before?.username !== login.username) used.push(login);
      else used[used.length - 1] = login;
      await wait(50);
    }
    expect(used.length).toBeGreaterThanOrEqual(5);
    expect(used.length).toBeLessThanOrEqual(15);
    expect(proxy.count('/creds/')).toBe(used.length);
    // 600 reads; the lease is renewed about once in 1.3 s
    expect(proxy.count('leases/renew')).toBeLessThan(40);
    await provider.close();
    await until(async () =>
      (await Promise.allSettled(used.map(authenticates))).every((one) => one.status === 'rejected'),
    );
  });

  it('keeps the credentials of a loaded configuration valid through rotations', async () => {
    const path = await role('4s', '12s');
    const schema = z.object({ redis: z.object({ username: z.string(), password: z.string() }) });
    await using chain = new ProviderChain([
      providerOf({ leases: { redis: path } }),
      new MemoryProvider({ redis: { username: 'default' } }),
    ]);
    await using config = await loadConfig(schema, chain, { watch: true });
    const names = new Set<string>();
    const end = Date.now() + 30_000;
    while (Date.now() < end) {
      const { redis: login } = config.value;
      names.add(login.username);
      await authenticates(login);
      await wait(50);
    }
    expect(names.size).toBeGreaterThanOrEqual(3);
    expect(names).not.toContain('default');
  });

  it('renews leases without reads only while there is a watcher', async () => {
    const path = await role('2s', '30s');
    const provider = providerOf({ leases: { redis: path } });
    const events: string[] = [];
    provider.on((event) => events.push(event.type));
    const login = await credentials(provider);
    const watching = provider.watch(() => undefined);
    await wait(5_000);
    await authenticates(login);
    expect(events).not.toContain('rotated');
    watching[Symbol.dispose]();
    await wait(4_000);
    await expect(authenticates(login)).rejects.toThrow(/WRONGPASS|invalid/);
    await authenticates(await credentials(provider));
  });

  it('replaces leases before the end of their token', async () => {
    const path = await role('60s', '120s');
    const at = unique('approle');
    await admin('POST', `sys/auth/${at}`, { type: 'approle' });
    cleaning.push(() => admin('DELETE', `sys/auth/${at}`));
    const name = unique('maker');
    await policy(name, `path "${path}" { capabilities = ["read"] }`);
    cleaning.push(() => admin('DELETE', `sys/policies/acl/${name}`));
    await admin('POST', `auth/${at}/role/app`, {
      token_policies: [name],
      token_ttl: '2s',
      token_max_ttl: '4s',
    });
    const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
    const { secret_id: secretId } = (await admin('POST', `auth/${at}/role/app/secret-id`)).data;
    const provider = providerOf({ auth: appRole({ roleId, secretId, mount: at }), leases: { redis: path } });
    const names = new Set<string>();
    const end = Date.now() + 9_000;
    while (Date.now() < end) {
      const login = await credentials(provider);
      names.add(login.username);
      await isGood(login);
      await wait(50);
    }
    expect(names.size).toBeGreaterThanOrEqual(2);
    expect(names.size).toBeLessThanOrEqual(8);
  });

  it('replaces the leases of a revoked token', async () => {
    const path = await role('60s', '120s');
    const given = [await tokenOf(['root'], { ttl: '60s' }), await tokenOf(['root'], { ttl: '60s' })];
    const provider = providerOf({
      auth: async () => given[0] as string,
      leases: { redis: path },
      secrets: { other: 'secret/nothing-here#x' },
    });
    const login = await credentials(provider);
    await admin('POST', 'auth/token/revoke', { token: given.shift() });
    await until(async () => (await Promise.allSettled([authenticates(login)]))[0]?.status === 'rejected');
    expect(await provider.get('other', { maxAgeMs: 0 })).toBeUndefined(); // is refused, logs in again
    const next = await credentials(provider);
    expect(next.username).not.toBe(login.username);
    await authenticates(next);
  });

  it('creates no lease for list, where and status, and revokes leases on close', async () => {
    const proxy = await recorder(live.address);
    cleaning.push(() => proxy.close());
    const path = await role('60s', '120s');
    const provider = providerOf({ address: proxy.address, leases: { redis: path } });
    expect(await provider.list()).toMatchObject([{ key: 'redis', error: { code: 'on_demand' } }]);
    provider.where('redis.password');
    provider.status('redis.password');
    expect(proxy.count('/creds/')).toBe(0);
    const login = await credentials(provider);
    await authenticates(login);
    await provider.close();
    expect(proxy.count('leases/revoke')).toBe(1);
    await until(async () => (await Promise.allSettled([authenticates(login)]))[0]?.status === 'rejected');
  });

  it('refuses a leasing path in secrets and revokes the lease at once', async () => {
    const path = await role('60s', '120s');
    const provider = providerOf({ secrets: { redis: path } });
    expect(await refusal(provider.get('redis.username'))).toMatchObject({
      code: 'invalid_option',
      hint: expect.stringContaining('leases'),
    });
    await until(
      async () =>
        !(await redis(['AUTH', boss, 'fake'], ['ACL', 'USERS'])).includes(
          path.split('/').at(-1)?.toUpperCase() as string,
        ),
    );
  });

  it('serves a certificate until it is due for replacement', async () => {
    const pki = await mounted('pki');
    cleaning.push(pki.unmount);
    await admin('POST', `${pki.mount}/root/generate/internal`, { common_name: 'fake root', ttl: '1h' });
    await admin('POST', `${pki.mount}/roles/web`, {
      allowed_domains: ['internal'],
      allow_subdomains: true,
      max_ttl: '60s',
    });
    const web = {
      path: `${pki.mount}/issue/web`,
      method: 'POST',
      data: { common_name: 'web.internal', ttl: '3s' },
    } as const;
    const provider = providerOf({ leases: { web } });
    const first = await provider.get('web.certificate');
    expect(first?.value).toMatch(/BEGIN CERTIFICATE/);
    expect(first?.expiresAt).toBeLessThanOrEqual(Date.now() + 4_000);
    await wait(2_500);
    expect((await provider.get('web.certificate'))?.value).not.toBe(first?.value);
  });
});
