import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { EnvProvider, loadConfig, MemoryProvider, ProviderChain } from '../../src/index.ts';
import { appRole, VaultProvider } from '../../src/providers/vault/index.ts';
import { recorder } from './proxy.ts';
import { admin, live, mounted, policy, unique } from './vault-server.ts';

const cleaning: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const clean of cleaning.reverse()) await clean().catch(() => undefined);
});

const seconds = 40;
const pollMs = 2_000;
const ttlMs = 1_000;

it('never replaces a secret by a default during a revocation, an outage and a rotation', async () => {
  const { mount, unmount } = await mounted('kv', { options: { version: '2' } });
  const name = unique('app');
  await policy(name, [
    `path "${mount}/data/app/*" { capabilities = ["read"] }`,
    `path "${mount}/metadata/app/*" { capabilities = ["list"] }`,
  ]);
  const at = unique('approle');
  await admin('POST', `sys/auth/${at}`, { type: 'approle' });
  await admin('POST', `auth/${at}/role/app`, {
    token_policies: [name],
    token_ttl: '3s',
    token_max_ttl: '12s',
  });
  cleaning.push(
    unmount,
    () => admin('DELETE', `sys/policies/acl/${name}`),
    () => admin('DELETE', `sys/auth/${at}`),
  );
  const { role_id: roleId } = (await admin('GET', `auth/${at}/role/app/role-id`)).data;
  const { secret_id: secretId } = (await admin('POST', `auth/${at}/role/app/secret-id`)).data;
  const write = (password: string): Promise<unknown> =>
    admin('POST', `${mount}/data/app/database`, { data: { password, host: 'db.internal' } });
  await write('first');
  await admin('POST', `${mount}/data/app/unrelated`, { data: { token: 'never requested' } });

  const proxy = await recorder(live.address);
  cleaning.push(() => proxy.close());
  const vault = new VaultProvider({
    address: proxy.address,
    mount,
    path: 'app/',
    auth: appRole({ roleId, secretId, mount: at }),
    env: {},
    cache: { ttlMs },
    resilience: { timeoutMs: 500, deadlineMs: 1_000, breaker: { resetMs: 500 } },
  });
  const defaults = new MemoryProvider({ database: { password: 'default', host: 'localhost', port: 5432 } });
  await using chain = new ProviderChain([new EnvProvider({ prefix: 'SOAK', env: {} }), vault, defaults]);
  const schema = z.object({
    database: z.object({ password: z.string(), host: z.string(), port: z.number() }),
  });
  await using config = await loadConfig(schema, chain, { watch: { pollMs } });

  const started = Date.now();
  const passed = (): number => (Date.now() - started) / 1000;
  const later = (at: number, happens: () => Promise<unknown> | unknown): Promise<void> =>
    new Promise((done, fail) =>
      setTimeout(() => Promise.resolve(happens()).then(() => done(), fail), at * 1000),
    );
  let writtenAt = Number.POSITIVE_INFINITY;
  const events = [
    later(seconds * 0.2, () => admin('PUT', `sys/leases/revoke-prefix/auth/${at}/login`)),
    later(seconds * 0.4, () => (proxy.fault = 'cut')),
    later(seconds * 0.5, () => (proxy.fault = undefined)),
    later(seconds * 0.65, async () => {
      await write('second');
      writtenAt = passed();
    }),
  ];

  const answers = new Map<string, number>();
  let turns = 0;
  while (passed() < seconds) {
    turns++;
    const read = await chain.get('database.password').then(
      (entry) => `${entry?.value}`,
      (error) => `error ${error.code}`,
    );
    answers.set(read, (answers.get(read) ?? 0) + 1);
    const { password, host, port } = config.value.database;
    expect([host, port]).toEqual(['db.internal', 5432]);
    expect(['first', 'second']).toContain(password);
    if (passed() > writtenAt + (2 * pollMs + ttlMs) / 1000) expect(password).toBe('second');
    await new Promise((done) => setTimeout(done, 25));
  }
  await Promise.all(events);

  const failures = [...answers].filter(([answer]) => answer.startsWith('error'));
  expect([...answers.keys()].filter((answer) => !answer.startsWith('error')).sort()).toEqual([
    'first',
    'second',
  ]);
  for (const [failure] of failures) expect(failure).toMatch(/^error (?:unavailable|timeout|circuit_open)$/);
  expect(failures.reduce((sum, [, times]) => sum + times, 0)).toBeLessThan(turns * 0.25);

  // cached reads send one request a second; a poll lists the folder and reads the one wanted secret
  const outage = seconds * 0.1;
  const reads = seconds * (1_000 / ttlMs) + (seconds * 1_000) / pollMs;
  expect(proxy.count('/data/app/database')).toBeLessThanOrEqual(reads + 10 * outage + 10);
  expect(proxy.count('/data/app/database')).toBeGreaterThan(seconds * 0.5);
  expect(proxy.count('unrelated')).toBe(0);
  expect(proxy.count('/metadata/')).toBeLessThanOrEqual((seconds * 1_000) / pollMs + 10 * outage + 5);
  // a token lives at most twelve seconds; one was revoked, one ended during the outage
  expect(proxy.count(`auth/${at}/login`)).toBeLessThanOrEqual(seconds / 6 + 6);
  expect(proxy.count('renew-self')).toBeLessThanOrEqual(seconds);
}, 300_000);
