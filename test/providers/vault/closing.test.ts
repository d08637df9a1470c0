import { describe, expect, it } from 'vitest';
import type { ConfigEvent } from '../../../src/index.ts';
import { appRole, transitKey, type VaultProvider } from '../../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../../src/providers/vault/options.ts';
import type { ManualClock } from '../../../src/testing/index.ts';
import type { FakeVault, Reply } from './fake.ts';
import { endsWith, providerOf, store, timedVault, until } from './setup.ts';

const role = { auth: appRole({ roleId: 'fake', secretId: 'fake-secret' }), env: {} };
const leases = { redis: 'database/creds/app' };

function noticesOf(provider: VaultProvider): string[] {
  const notices: string[] = [];
  provider.on((event: ConfigEvent) => {
    if (event.type === 'notice') notices.push(`${event.outcome}: ${event.message}`);
  });
  return notices;
}

async function leasing(options: Partial<VaultOptions> = {}) {
  const { vault, clock } = await timedVault();
  store(vault, { 'app/db': { password: 'fake' } });
  vault.engines.logins.set('auth/approle/login', () => vault.issue(['root'], 3_600));
  const provider = providerOf(vault, { leases, clock, resilience: { attempts: 1 }, ...options });
  const notices = noticesOf(provider);
  await provider.get(options.path ? 'db.password' : 'redis.username');
  return { vault, clock, provider, notices };
}

/** The manual milliseconds until something ends, once the server has received the requests. */
async function endsAfter(vault: FakeVault, clock: ManualClock, what: Promise<unknown>): Promise<number> {
  const start = clock.now();
  let done = false;
  void what.then(() => {
    done = true;
  });
  await until(() => done || vault.pending > 0);
  while (!done) {
    await clock.advance(100);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  return clock.now() - start;
}

const hang = (vault: FakeVault): void => {
  vault.fault = () => 'hang';
};

describe('close while Vault hangs', () => {
  it('ends within two seconds and reports each lease without its id', async () => {
    const { vault, clock, provider, notices } = await leasing();
    await provider.renew('redis.username');
    hang(vault);
    expect(await endsAfter(vault, clock, provider.close())).toBe(1_800);
    expect(vault.count('leases/revoke')).toBe(2);
    const ends = new Date(clock.now() - 1_800 + 60_000).toISOString();
    expect(notices).toEqual([
      `timeout: vault: closed without revoking a lease of database/creds/app, which ends at ${ends}`,
    ]);
  });

  it('ends within withinMs, and reports the token of a log-in', async () => {
    const { vault, clock, provider, notices } = await leasing({ ...role, leases: {}, path: 'app/' });
    hang(vault);
    expect(await endsAfter(vault, clock, provider.close({ withinMs: 500 }))).toBe(500);
    expect(notices).toEqual([
      expect.stringMatching(
        /^timeout: vault: closed without revoking the token of its log-in, which ends at /,
      ),
    ]);
  });

  it('frees the readers at once', async () => {
    const { vault, clock, provider } = await leasing({ path: 'app/' });
    hang(vault);
    const code = provider.get('db.password', { maxAgeMs: 0 }).then(
      () => 'found',
      (error: { code: string }) => error.code,
    );
    await until(() => vault.pending > 0);
    const closing = provider.close();
    expect(await code).toBe('aborted');
    await endsAfter(vault, clock, closing);
  });

  it('ends at once with withinMs: 0, and still sends the revocation', async () => {
    const { vault, clock, provider, notices } = await leasing(role);
    hang(vault);
    expect(await endsAfter(vault, clock, provider.close({ withinMs: 0 }))).toBeLessThanOrEqual(100);
    expect(notices).toHaveLength(1);
    await until(() => vault.count('revoke-self') === 1);
  });

  it('ends while a log-in hangs, and reports its token', async () => {
    const { vault, clock } = await timedVault();
    const provider = providerOf(vault, { ...role, path: 'app/', clock, resilience: { attempts: 1 } });
    const notices = noticesOf(provider);
    hang(vault);
    const code = provider.get('db.password').then(
      () => 'found',
      (error: { code: string }) => error.code,
    );
    await until(() => vault.pending > 0);
    const closing = provider.close({ withinMs: 200 });
    expect(await code).toBe('aborted');
    expect(await endsAfter(vault, clock, closing)).toBeLessThanOrEqual(200);
    expect(notices).toEqual([
      'timeout: vault: closed without revoking the token of a log-in that was under way',
    ]);
  });

  it('reports credentials that were being created, unless their token is revoked', async () => {
    for (const [more, expected] of [
      [
        {},
        ['timeout: vault: closed without revoking credentials of database/creds/app that were being created'],
      ],
      [role, []],
    ] as const) {
      const { vault, provider, notices } = await leasing(more);
      vault.fault = ({ url }) => (url.includes('creds/app') ? 'hang' : undefined);
      const renewing = provider.renew('redis.username').catch(({ code }: { code: string }) => code);
      await until(() => vault.count('creds/app') === 2);
      await provider.close();
      expect(await renewing).toBe('aborted');
      expect(notices).toEqual(expected);
    }
  });

  it('reports what Vault refuses to revoke, and ends at once', async () => {
    const { vault, provider, notices } = await leasing();
    vault.fault = ({ url }) =>
      url.includes('leases/revoke') ? { status: 403, body: { errors: ['permission denied'] } } : undefined;
    await provider.close();
    expect(notices).toEqual([expect.stringContaining('without revoking a lease of database/creds/app')]);
  });

  it('reports nothing if all is revoked', async () => {
    const { provider, notices, vault } = await leasing();
    await provider.close({ withinMs: 100 });
    expect(notices).toEqual([]);
    expect(vault.engines.leases.size).toBe(0);
  });

  it('of a transit key ends after withinMs', async () => {
    const { vault, clock } = await timedVault();
    vault.engines.logins.set('auth/approle/login', () => vault.issue(['root'], 3_600));
    const key = transitKey({
      address: vault.address,
      key: 'files',
      auth: appRole({ roleId: 'fake', secretId: 'fake-secret' }),
      clock,
    });
    endsWith(() => key.close());
    await key.wrap(new Uint8Array(32)).catch(() => undefined);
    hang(vault);
    expect(await endsAfter(vault, clock, key.close({ withinMs: 300 }))).toBe(300);
  });
});

const refusal: Reply = { status: 403, body: { errors: ['1 error occurred: permission denied'] } };

/** Refuses renewals. Holds the responses to requests of a kind until its function is called. */
function held<K extends string>(vault: FakeVault, ...kinds: readonly K[]): Record<K, () => void> {
  const releases = new Map<string, () => void>();
  const released = new Map(
    kinds.map((kind) => [kind, new Promise<void>((resolve) => void releases.set(kind, resolve))]),
  );
  vault.fault = async ({ url }) => {
    const kind = url.slice(url.lastIndexOf('/') + 1);
    await released.get(kind as K);
    return kind === 'renew-self' ? refusal : undefined;
  };
  return Object.fromEntries(releases) as Record<K, () => void>;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Advances the clock until the server has seen so many requests of a kind. */
async function reach(vault: FakeVault, clock: ManualClock, kind: string, count: number): Promise<void> {
  while (vault.count(kind) < count) {
    await clock.advance(2_000);
    await turns();
  }
}

describe('close in the middle of a renewal', () => {
  it('revokes the token of a log-in that ends meanwhile', async () => {
    const { vault, clock, provider, notices } = await leasing({ ...role, leases: {}, path: 'app/' });
    const release = held(vault, 'login');
    await reach(vault, clock, 'approle/login', 2);
    const closing = provider.close();
    release.login();
    await closing;
    expect(notices).toEqual([]);
    expect([...vault.tokens.keys()]).toEqual(['root-token']);
  });

  it('does not log in after the renewal is refused', async () => {
    const { vault, clock, provider } = await leasing({ ...role, leases: {}, path: 'app/' });
    const release = held(vault, 'renew-self', 'revoke-self');
    await reach(vault, clock, 'renew-self', 1);
    const closing = provider.close();
    await until(() => vault.count('revoke-self') === 1);
    release['renew-self']();
    await turns();
    release['revoke-self']();
    await closing;
    await turns();
    expect(vault.count('approle/login')).toBe(1);
  });
});
