// `versions` of the five stores over their own protocols: order, pages, stages, authors, refusals.

import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { scoped } from '../../src/decorators/scoped.ts';
import { optional } from '../../src/decorators/tolerance.ts';
import type { ComparingProvider, VersionedProvider, WritableProvider } from '../../src/provider.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider } from '../../src/providers/aws/index.ts';
import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { infoOf } from '../../src/providers/gcp/payload.ts';
import type { KeyringProvider } from '../../src/providers/keyring/index.ts';
import { token, type VaultProvider } from '../../src/providers/vault/index.ts';
import { manualClock } from '../../src/testing/clock.ts';
import { code } from '../support/sheltering.ts';
import { AwsServer, account } from './aws/server.ts';
import { FakeVault as FakeKeyVault } from './azure/fake.ts';
import { FakeGcp } from './gcp/fake.ts';
import { fakeVault, providerOf, store } from './vault/setup.ts';

const numbers = (versions: readonly { readonly version: string }[]): string[] =>
  versions.map(({ version }) => version);

describe('versions of Vault', () => {
  it('lists deleted and destroyed versions, authors and times', async () => {
    const vault = await fakeVault({ now: () => 1_767_225_600_000 });
    for (const x of ['1', '2', '3']) store(vault, { 'secret/app/db': { x } });
    const versions = vault.engines.secrets.get('secret/app/db')?.versions ?? [];
    Object.assign(versions[0] as object, { destroyed: true });
    Object.assign(versions[1] as object, { deleted: true });
    Object.assign(versions[2] as object, { actor: 'ada' });
    const modifiedAt = 1_767_225_600_000;
    expect(await providerOf(vault).versions('db.x')).toEqual([
      { version: '3', modifiedAt, author: 'ada' },
      { version: '2', modifiedAt, stages: ['deleted'] },
      { version: '1', modifiedAt, stages: ['destroyed'] },
    ]);
    expect(vault.asked.at(-1)).toBe('GET /v1/secret/metadata/app/db');
  });

  it('lists ten versions by number, and the versions of a deleted secret', async () => {
    const vault = await fakeVault();
    for (let i = 1; i <= 11; i++) store(vault, { 'secret/app/db': { x: `${i}` } });
    const provider = providerOf(vault);
    expect(numbers(await provider.versions('db.x'))).toEqual(
      Array.from({ length: 11 }, (_, i) => `${11 - i}`),
    );
    await provider.set('db.x', '12');
    Object.assign(vault.engines.secrets.get('secret/app/db')?.versions.at(-1) as object, { deleted: true });
    expect(await provider.get('db.x', { maxAgeMs: 0 })).toBeUndefined();
    expect((await provider.versions('db.x'))[0]).toMatchObject({ version: '12', stages: ['deleted'] });
  });

  it.each([{ kv: 'auto' as const }, { kv: 1 as const }])(
    'KV version 1 is refused without reading it: %j',
    async (options) => {
      const vault = await fakeVault();
      store(vault, { 'kv1/app': { x: '1' } });
      const provider = providerOf(vault, { mount: 'kv1', path: 'app', ...options });
      await expect(provider.versions('x')).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringMatching(/^vault: kv1\/app has no versions/),
      });
      expect(vault.count('/kv1/')).toBe(0);
    },
  );

  it('creates no credentials, also where the list of mounts is denied', async () => {
    for (const hidden of [false, true]) {
      const vault = await fakeVault();
      if (hidden)
        vault.fault = ({ url }) =>
          url.includes('internal/ui/mounts')
            ? { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } }
            : undefined;
      const provider = providerOf(vault, { secrets: { pg: 'database/creds/app' } });
      expect(await code(provider.versions('pg'))).toBe('invalid_option');
      await provider.close();
      expect(vault.engines.leases.size).toBe(0);
    }
  });

  it('finds the engine of a mount that is not listed', async () => {
    const vault = await fakeVault();
    vault.fault = ({ url }) =>
      url.includes('internal/ui/mounts')
        ? { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } }
        : undefined;
    store(vault, { 'secret/app/db': { x: '1' } });
    const provider = providerOf(vault);
    expect(numbers(await provider.versions('db.x'))).toEqual(['1']);
    expect(await provider.versions('none.x')).toEqual([]);
  });

  it('names the policy that would allow the list', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { x: '1' } });
    vault.policies.set('read', { 'secret/data/*': ['read'] });
    const provider = providerOf(vault, { auth: token(vault.issue(['read'])) });
    await expect(provider.versions('db.x')).rejects.toMatchObject({
      code: 'access_denied',
      hint: expect.stringContaining('path "secret/metadata/app/db" { capabilities = ["read"] }'),
    });
  });

  it('a response without versions is unavailable, not empty', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { x: '1' } });
    vault.fault = ({ url }) =>
      url.includes('/metadata/') ? { status: 200, body: { data: { current_version: 1 } } } : undefined;
    expect(await code(providerOf(vault, { resilience: false }).versions('db.x'))).toBe('unavailable');
  });

  it('of twenty writers with one ifVersion one wins, in two processes', async () => {
    const vault = await fakeVault();
    store(vault, { 'secret/app/db': { x: '1' } });
    const providers = [providerOf(vault), providerOf(vault)];
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        code((providers[i % 2] as VaultProvider).set('db.x', `new ${i}`, { ifVersion: '1' })),
      ),
    );
    expect(results.filter((one) => one === 'answered')).toHaveLength(1);
    expect(results.filter((one) => one === 'conflict')).toHaveLength(19);
  });
});

describe('versions of AWS', () => {
  const servers: AwsServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  });
  const start = async (): Promise<AwsServer> => {
    const server = await AwsServer.start();
    servers.push(server);
    return server;
  };

  it('SSM lists its history, which is the oldest first, the newest first', async () => {
    const server = await start();
    for (let i = 1; i <= 25; i++) server.putParameter('/app/x', `value ${i}`, 'SecureString');
    Object.assign(server.parameters.get('/app/x')?.labels as object, { live: 24 });
    const provider = new AwsSsmProvider({ path: '/app', endpoint: server.endpoint, ...account });
    const found = await provider.versions('x', { limit: 2 });
    const author = 'arn:aws:iam::123456789012:user/ada';
    expect(found).toEqual([
      { version: '25', modifiedAt: 1_700_000_000_000, author },
      { version: '24', modifiedAt: 1_700_000_000_000, stages: ['live'], author },
    ]);
    expect(server.count('GetParameterHistory')).toBe(3);
    expect(server.calls.every(({ input }) => input.WithDecryption === false)).toBe(true);
    expect(await provider.versions('none')).toEqual([]);
    await provider.close();
  });

  it('SSM asks for the history of a parameter whose version is fixed', async () => {
    const server = await start();
    server.putParameter('/app/x', 'one');
    const parameters = { x: '/app/x:1' };
    const provider = new AwsSsmProvider({ parameters, endpoint: server.endpoint, ...account });
    expect(numbers(await provider.versions('x'))).toEqual(['1']);
    await provider.close();
  });

  it('Secrets Manager lists versions with and without stages', async () => {
    const server = await start();
    server.pageSize = 2;
    const ids = Array.from({ length: 5 }, (_, i) => server.putSecret('app/llm', `{"key":"${i}"}`));
    const provider = new AwsSecretsManagerProvider({ path: 'app/', endpoint: server.endpoint, ...account });
    expect(await provider.versions('llm.key')).toEqual(
      ids.reverse().map((version, i) => ({
        version,
        modifiedAt: expect.any(Number),
        ...(i < 2 && { stages: [i === 0 ? 'AWSCURRENT' : 'AWSPREVIOUS'] }),
      })),
    );
    expect(server.calls.filter(({ operation }) => operation === 'ListSecretVersionIds')).toHaveLength(3);
    expect(await provider.versions('none.key')).toEqual([]);
    await provider.close();
  });

  it('a denial names the action that a policy must allow', async () => {
    const server = await start();
    server.faults = [{ operation: 'GetParameterHistory', name: 'AccessDeniedException' }];
    server.putParameter('/app/x', 'one');
    const provider = new AwsSsmProvider({ path: '/app', endpoint: server.endpoint, ...account });
    await expect(provider.versions('x')).rejects.toMatchObject({
      code: 'access_denied',
      hint: expect.stringContaining('ssm:GetParameterHistory'),
    });
    await provider.close();
  });
});

describe('versions of Google', () => {
  const gcp = (client: FakeGcp) => new GcpSecretManagerProvider({ project: 'acme', client });

  it('lists pages, and the states of what cannot be read', async () => {
    const client = new FakeGcp();
    client.pageSize = 2;
    for (const text of ['one', 'two', 'three', 'four', 'five']) client.put('llm', text);
    const kept = client.secrets.get(client.full('llm')) ?? [];
    Object.assign(kept[4] as object, { state: 'DISABLED' });
    Object.assign(kept[0] as object, { state: 'DESTROYED' });
    const found = await gcp(client).versions('llm');
    expect(numbers(found)).toEqual(['5', '4', '3', '2', '1']);
    expect(found[0]).toEqual({ version: '5', modifiedAt: 1_700_000_004_500, stages: ['disabled'] });
    expect(found[4]?.stages).toEqual(['destroyed']);
    expect(client.count('listSecretVersions')).toBe(3);
    expect(numbers(await gcp(client).versions('llm', { limit: 2 }))).toEqual(['5', '4']);
    expect(client.count('listSecretVersions')).toBe(6);
  });

  it('lists those of a key in the secret above, and none of an absent one', async () => {
    const client = new FakeGcp();
    client.put('db', '{"host":"a"}');
    expect(numbers(await gcp(client).versions('db.host'))).toEqual(['1']);
    expect(await gcp(client).versions('none')).toEqual([]);
    client.denied.add(client.full('db'));
    await expect(gcp(client).versions('db')).rejects.toMatchObject({
      code: 'access_denied',
      hint: 'Grant roles/secretmanager.viewer on the secret',
    });
  });

  it('reads times and states over gRPC and REST', () => {
    const name = 'projects/acme/secrets/x/versions/7';
    const modifiedAt = 1_700_000_000_250;
    for (const createTime of ['2023-11-14T22:13:20.250Z', { seconds: 1_700_000_000n, nanos: 250_000_000 }])
      expect(infoOf({ name, createTime, state: 1 })).toEqual({ version: '7', modifiedAt });
    expect(infoOf({ name, createTime: null, state: 2 })).toEqual({ version: '7', stages: ['disabled'] });
    expect(infoOf({ name, createTime: 'soon', state: 'DESTROYED' })).toEqual({
      version: '7',
      stages: ['destroyed'],
    });
  });
});

describe('versions of Azure', () => {
  const url = 'https://acme.vault.azure.net';

  it('lists pages in the order of creation, and why a version cannot be read', async () => {
    const client = new FakeKeyVault();
    const clock = manualClock();
    const past = new Date(clock.now() - 1_000);
    const future = new Date(clock.now() + 1_000);
    for (let i = 0; i < 57; i++) client.put('llm', `${i}`);
    client.put('llm', 'a', { enabled: false });
    client.put('llm', 'b', { expiresOn: past });
    client.put('llm', 'c', { notBefore: future });
    const provider = new AzureKeyVaultProvider({ url, client, clock });
    const found = await provider.versions('llm', { limit: 60 });
    expect(found.map(({ version }) => Number.parseInt(version, 16))).toEqual(
      Array.from({ length: 60 }, (_, i) => 60 - i),
    );
    expect(found.slice(0, 4).map(({ stages }) => stages)).toEqual([
      ['not yet valid'],
      ['expired'],
      ['disabled'],
      undefined,
    ]);
    expect(found[3]?.modifiedAt).toBe(1_700_000_057_000);
    expect(await provider.versions('none')).toEqual([]);
  });
});

describe('the types of the providers', () => {
  it('five stores have versions, and Vault alone compares', () => {
    expectTypeOf<VaultProvider>().toExtend<ComparingProvider & VersionedProvider>();

    expectTypeOf<AwsSsmProvider>().toExtend<WritableProvider & VersionedProvider>();
    expectTypeOf<AwsSecretsManagerProvider>().toExtend<WritableProvider & VersionedProvider>();
    expectTypeOf<GcpSecretManagerProvider>().toExtend<WritableProvider & VersionedProvider>();
    expectTypeOf<AzureKeyVaultProvider>().toExtend<WritableProvider & VersionedProvider>();
    expectTypeOf<AwsSsmProvider>().not.toExtend<ComparingProvider>();
    expectTypeOf<AwsSecretsManagerProvider>().not.toExtend<ComparingProvider>();
    expectTypeOf<GcpSecretManagerProvider>().not.toExtend<ComparingProvider>();
    expectTypeOf<AzureKeyVaultProvider>().not.toExtend<ComparingProvider>();
    expectTypeOf<KeyringProvider>().not.toExtend<VersionedProvider>();
  });

  it('decorators keep them', async () => {
    const vault = providerOf(await fakeVault());
    const tenant = scoped(optional(vault), 'acme');
    expectTypeOf(tenant).toExtend<ComparingProvider & VersionedProvider>();
    expect([tenant.compares, typeof tenant.versions]).toEqual([true, 'function']);
    expectTypeOf(optional<AwsSsmProvider>).returns.toExtend<WritableProvider & VersionedProvider>();
    expectTypeOf(optional<AwsSsmProvider>).returns.not.toExtend<ComparingProvider>();
  });
});
