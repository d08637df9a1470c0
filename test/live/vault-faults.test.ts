import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { appRole, token, VaultProvider } from '../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../src/providers/vault/options.ts';
import { recorder } from './proxy.ts';
import { admin, live, mounted, policy, refusal, serve, tokenOf, unique, until } from './vault-server.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean().catch(() => undefined);
});

let mount = '';
beforeEach(async () => {
  const made = await mounted('kv', { options: { version: '2' } });
  mount = made.mount;
  cleaning.push(made.unmount);
  await admin('POST', `${mount}/data/app/db`, { data: { password: 'fake' } });
});

const quick = {
  timeoutMs: 400,
  deadlineMs: 900,
  backoff: { initialMs: 20, maxMs: 50 },
  breaker: { resetMs: 100 },
};

function providerOf(options: Partial<VaultOptions> = {}): VaultProvider {
  const provider = new VaultProvider({
    address: live.address,
    mount,
    path: 'app/',
    auth: token(live.token),
    env: {},
    cache: false,
    resilience: quick,
    ...options,
  });
  cleaning.push(() => provider.close());
  return provider;
}
const recovered = (provider: VaultProvider): Promise<void> =>
  until(async () => (await provider.get('db.password').catch(() => undefined))?.value === 'fake', 20_000);

/** Stops the server process, and waits until it has stopped. */
async function paused(): Promise<void> {
  await serve('pause', 'vault');
  await new Promise((done) => setTimeout(done, 300));
}

describe('a server in trouble', () => {
  it('ends reads on time while the server is stopped, and recovers afterwards', async () => {
    const provider = providerOf();
    await provider.get('db.password');
    const slowest: number[] = [];
    const codes = new Set<string | undefined>();
    let reading = true;
    const readers = Array.from({ length: 20 }, async () => {
      while (reading) {
        const started = Date.now();
        const code = await provider.get('db.password').then(
          (entry) => entry?.value as string,
          (error) => error.code as string,
        );
        codes.add(code);
        slowest.push(Date.now() - started);
        await new Promise((done) => setTimeout(done, 10));
      }
    });
    await paused();
    try {
      await new Promise((done) => setTimeout(done, 1_500));
      expect(await refusal(provider.get('db.password', { maxAgeMs: 0 }))).toMatchObject({ transient: true });
    } finally {
      await serve('resume', 'vault');
    }
    await recovered(provider);
    reading = false;
    await Promise.all(readers);
    expect(codes).toContain('fake');
    expect(codes).toContain('timeout');
    codes.delete('circuit_open');
    expect(codes.size).toBe(2);
    expect(Math.max(...slowest)).toBeLessThan(quick.deadlineMs + 2_000);
  });

  it('serves from the cache while the server is stopped, and never a default', async () => {
    const provider = providerOf({ cache: { ttlMs: 60_000 } });
    await provider.get('db.password');
    await paused();
    try {
      expect((await provider.get('db.password'))?.value).toBe('fake');
      expect(await refusal(provider.get('other.password'))).toMatchObject({ transient: true });
    } finally {
      await serve('resume', 'vault');
    }
    await until(async () => (await provider.get('other.password').catch(() => 'failed')) === undefined);
  });

  it('reports a sealed server, and recovers when it is unsealed', async () => {
    const provider = providerOf();
    await provider.get('db.password');
    const [, key] = /Unseal Key: (\S+)/.exec(await serve('log', 'vault')) ?? [];
    await admin('PUT', 'sys/seal');
    try {
      expect(await refusal(provider.get('db.password'))).toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('sealed'),
      });
      expect(await provider.health()).toMatchObject({
        status: 'down',
        reason: expect.stringContaining('sealed'),
      });
    } finally {
      await admin('PUT', 'sys/unseal', { key });
    }
    await recovered(provider);
    expect(await provider.health()).toMatchObject({ status: 'ok' });
  });

  it('recovers from a network failure without another log-in', async () => {
    const proxy = await recorder(live.address);
    cleaning.push(() => proxy.close());
    const provider = providerOf({ address: proxy.address });
    await provider.get('db.password');
    proxy.fault = 'cut';
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'unavailable' });
    proxy.fault = undefined;
    await recovered(provider);
    expect(proxy.count('lookup-self')).toBe(1);
  });
});

describe('a token in trouble', () => {
  async function role(
    policies: readonly string[],
  ): Promise<{ auth: ReturnType<typeof appRole>; at: string }> {
    const at = unique('approle');
    await admin('POST', `sys/auth/${at}`, { type: 'approle' });
    cleaning.push(() => admin('DELETE', `sys/auth/${at}`));
    await admin('POST', `auth/${at}/role/app`, { token_policies: policies, token_ttl: '1h' });
    const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
    const { secret_id: secretId } = (await admin('POST', `auth/${at}/role/app/secret-id`)).data;
    return { auth: appRole({ roleId, secretId, mount: at }), at };
  }

  it('logs in once and loses no read when a token is revoked under two hundred reads', async () => {
    const name = unique('reader');
    await policy(name, `path "${mount}/data/app/*" { capabilities = ["read"] }`);
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        admin('POST', `${mount}/data/app/s${i}`, { data: { x: `${i}` } }),
      ),
    );
    const { auth, at } = await role([name]);
    const proxy = await recorder(live.address);
    cleaning.push(() => proxy.close());
    const provider = providerOf({ address: proxy.address, auth, resilience: {} });
    await provider.get('db.password');
    const reads = Array.from({ length: 100 }, (_, i) => provider.get(`s${i}.x`));
    await admin('PUT', `sys/leases/revoke-prefix/auth/${at}/login`);
    reads.push(...Array.from({ length: 100 }, (_, i) => provider.get(`s${i}.x`, { maxAgeMs: 0 })));
    const answers = await Promise.all(reads);
    expect(answers.map((entry) => entry?.value)).toEqual(Array.from({ length: 200 }, (_, i) => `${i % 100}`));
    expect(proxy.count('/login')).toBe(2);
    expect(proxy.count('lookup-self')).toBe(1);
  });

  it('rejects with access_denied, without stale values, when a token loses a permission', async () => {
    const name = unique('reader');
    await policy(name, `path "${mount}/data/app/*" { capabilities = ["read"] }`);
    const given = await tokenOf([name]);
    const provider = providerOf({ auth: token(given), cache: { ttlMs: 1, staleIfErrorMs: 3_600_000 } });
    await provider.get('db.password');
    await policy(name, 'path "nothing" { capabilities = ["read"] }');
    const error = await refusal(provider.get('db.password', { maxAgeMs: 0 }));
    expect(error).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining(`path "${mount}/data/app/db" { capabilities = ["read"] }`),
    });
    await new Promise((done) => setTimeout(done, 10));
    expect(await refusal(provider.get('db.password'))).toMatchObject({ code: 'access_denied' });
    await policy(name, `path "${mount}/data/app/*" { capabilities = ["read"] }`);
    expect((await provider.get('db.password', { maxAgeMs: 0 }))?.value).toBe('fake');
  });
});

describe('a server that restarts', () => {
  it('rejects reads while the server is down, and recovers when it restarts', async () => {
    const provider = providerOf();
    await provider.get('db.password');
    await serve('down', 'vault');
    expect(await refusal(provider.get('db.password'))).toMatchObject({ transient: true });
    await serve('up', 'vault'); // its storage is empty now
    await admin('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: '2' } });
    await until(
      async () =>
        (await admin('POST', `${mount}/data/app/db`, { data: { password: 'fake' } }, { allow: [400] }))
          ?.data !== undefined,
    );
    await recovered(provider);
  });
});
