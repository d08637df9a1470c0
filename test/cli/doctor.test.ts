import { channel } from 'node:diagnostics_channel';
import { chmodSync } from 'node:fs';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { Clocks } from '../../src/cli/doctor/clocks.ts';
import { keyFileChecks, nodeCheck, packageChecks, satisfies } from '../../src/cli/doctor/machine.ts';
import { policiesOf } from '../../src/cli/doctor/policies.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import { type Need, needsOf } from '../../src/needs.ts';
import type { ConfigProvider, Wanted } from '../../src/provider.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider, kmsKey } from '../../src/providers/aws/index.ts';
import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/index.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { transitKey, VaultProvider } from '../../src/providers/vault/index.ts';
import { sheltered } from '../../src/shelter/index.ts';
import { llmConfig } from './terminal.ts';

const keys = (...names: readonly string[]): Wanted => ({ keys: names, prefixes: [] });
const policyFor = async (provider: ConfigProvider | readonly ConfigProvider[], wanted: Wanted) =>
  policiesOf(await needsOf([provider].flat(), wanted));
const textFor = async (provider: ConfigProvider | readonly ConfigProvider[], wanted: Wanted) =>
  (await policyFor(provider, wanted)).map(({ text }) => text).join('\n');

const vault = { address: 'http://127.0.0.1:9', kv: 2, env: {} } as const;
const region = 'eu-central-1';
const arn = (resource: string) => `arn:aws:${resource.replace(':', `:${region}:*:`)}`;

describe('the least privilege for Vault', () => {
  it('reads each secret that can hold a key of the schema, and lists nothing', async () => {
    const provider = new VaultProvider({ ...vault, path: 'acme/' });
    expect(await textFor(provider, keys('db.password', 'llm.api.key'))).toBe(
      [
        'path "secret/data/acme/db"      { capabilities = ["read"] }',
        'path "secret/data/acme/llm"     { capabilities = ["read"] }',
        'path "secret/data/acme/llm/api" { capabilities = ["read"] }',
      ].join('\n'),
    );
  });

  it('lists where the schema accepts any name, and on the way there', async () => {
    const provider = new VaultProvider({ ...vault, path: 'acme/' });
    expect(await textFor(provider, { keys: ['db.password'], prefixes: ['llm.models'] })).toBe(
      [
        'path "secret/data/acme/db"               { capabilities = ["read"] }',
        'path "secret/data/acme/llm"              { capabilities = ["read"] }',
        'path "secret/data/acme/llm/models"       { capabilities = ["read"] }',
        'path "secret/data/acme/llm/models/*"     { capabilities = ["read"] }',
        'path "secret/metadata/acme/"             { capabilities = ["list"] }',
        'path "secret/metadata/acme/db/"          { capabilities = ["list"] }',
        'path "secret/metadata/acme/llm/"         { capabilities = ["list"] }',
        'path "secret/metadata/acme/llm/models/*" { capabilities = ["list"] }',
      ].join('\n'),
    );
  });

  it('reads all of a folder without a schema', async () => {
    const provider = new VaultProvider({ ...vault, kv: 1, mount: 'kv', path: 'acme/' });
    expect(await textFor(provider, { keys: [], prefixes: [''] })).toBe(
      'path "kv/acme/*" { capabilities = ["list", "read"] }',
    );
  });

  it('lists a folder of version 1 also where a secret has its name', async () => {
    const provider = new VaultProvider({ ...vault, kv: 1, mount: 'kv', path: 'acme/' });
    expect(await textFor(provider, { keys: [], prefixes: ['llm'] })).toBe(
      [
        'path "kv/acme/"      { capabilities = ["list"] }',
        'path "kv/acme/llm"   { capabilities = ["read"] }',
        'path "kv/acme/llm/"  { capabilities = ["list"] }',
        'path "kv/acme/llm/*" { capabilities = ["list", "read"] }',
      ].join('\n'),
    );
  });

  it('reads only the mapped secrets and leases that the schema wants', async () => {
    const provider = new VaultProvider({
      ...vault,
      secrets: { 'db.password': 'secret/acme/db#pw', other: 'secret/other' },
      leases: { pg: 'database/creds/app', tls: { path: 'pki/issue/web', method: 'POST' } },
    });
    expect(await textFor(provider, keys('db.password', 'pg.username', 'tls.cert'))).toBe(
      [
        'path "database/creds/app"  { capabilities = ["read"] }',
        'path "pki/issue/web"       { capabilities = ["update"] }',
        'path "secret/data/acme/db" { capabilities = ["read"] }',
        'path "sys/leases/renew"    { capabilities = ["update"] }',
        'path "sys/leases/revoke"   { capabilities = ["update"] }',
      ].join('\n'),
    );
  });

  it('translates keys through decorators, nested chains and a second shelter', async () => {
    const store = () => new VaultProvider({ ...vault, path: 'acme/' });
    const rest = new MemoryProvider({});
    for (const provider of [
      optional(store()),
      fallback(store(), rest),
      scoped(store(), 'tenant'),
      mounted(scoped(store(), 'tenant'), 'app'),
      sheltered(scoped(store(), 'tenant')),
      optional(new ProviderChain([rest, store()])),
      scoped(new ProviderChain([rest, optional(store())]), 'tenant'),
    ]) {
      const isScoped = provider.name.includes('tenant');
      const key = provider.name.endsWith('under app') ? 'app.db.password' : 'db.password';
      const text = await textFor(provider, keys(key));
      const path = isScoped ? 'secret/data/acme/tenant/db' : 'secret/data/acme/db';
      expect(text, provider.name).toContain(`path "${path}"`);
      expect(await textFor(provider, keys('unrelated.a.b')), provider.name).not.toContain(`"${path}"`);
    }
  });

  it('decrypts with the Transit key of an encrypted file', async () => {
    const transit = transitKey({ ...{ address: vault.address, env: {} }, key: 'files' });
    const file = new EncryptedFileProvider({ path: 'a.yaml.jwe', keys: [transit, { file: 'b.key' }] });
    const provider = new VaultProvider({ ...vault, secrets: { a: 'secret/a' } });
    expect(await policyFor([file, provider], keys('a'))).toEqual([
      {
        kind: 'vault',
        at: vault.address,
        text: [
          'path "secret/data/a"         { capabilities = ["read"] }',
          'path "transit/decrypt/files" { capabilities = ["update"] }',
        ].join('\n'),
      },
    ]);
  });

  it('has a policy for each server', async () => {
    const other = new VaultProvider({
      ...vault,
      address: 'http://127.0.0.1:8',
      namespace: 'b',
      secrets: { a: 'kv/a' },
    });
    const provider = new VaultProvider({ ...vault, secrets: { a: 'secret/a' } });
    expect((await policyFor([provider, other], keys('a'))).map(({ at }) => at)).toEqual([
      'http://127.0.0.1:9',
      'http://127.0.0.1:8 in b',
    ]);
  });
});

describe('the least privilege for AWS', () => {
  const statements = async (provider: ConfigProvider, wanted: Wanted) =>
    JSON.parse(await textFor(provider, wanted)).Statement;

  it('reads parameters by name, and by path where the schema accepts any name', async () => {
    const ssm = new AwsSsmProvider({ region, path: '/acme', kmsKeyId: 'alias/acme' });
    expect(await statements(ssm, keys('db.host'))).toEqual([
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt'],
        Resource: ['arn:aws:kms:*:*:key/*'],
        Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ['alias/acme'] } },
      },
      { Effect: 'Allow', Action: ['ssm:GetParameters'], Resource: [arn('ssm:parameter/acme/db/host')] },
    ]);
    const open = new AwsSsmProvider({ region, path: '/acme' });
    expect(await statements(open, { keys: [], prefixes: ['llm'] })).toEqual([
      {
        Effect: 'Allow',
        Action: ['ssm:GetParameters', 'ssm:GetParametersByPath'],
        Resource: [arn('ssm:parameter/acme/llm'), arn('ssm:parameter/acme/llm/*')],
      },
    ]);
    const mapped = new AwsSsmProvider({ region, parameters: { a: '/one:3', b: '/two' } });
    expect(await statements(mapped, keys('a'))).toEqual([
      { Effect: 'Allow', Action: ['ssm:GetParameters'], Resource: [arn('ssm:parameter/one')] },
    ]);
  });

  it('reads secrets by name and in batches, and lists where the schema accepts any name', async () => {
    const secrets = new AwsSecretsManagerProvider({ region, path: 'acme/' });
    const named = (name: string) => [
      arn(`secretsmanager:secret:${name}`),
      arn(`secretsmanager:secret:${name}-??????`),
    ];
    expect(await statements(secrets, keys('db.password'))).toEqual([
      { Effect: 'Allow', Action: ['secretsmanager:BatchGetSecretValue'], Resource: ['*'] },
      {
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: [...named('acme/db'), ...named('acme/db/password')],
      },
    ]);
    expect(await statements(secrets, { keys: [], prefixes: [''] })).toEqual([
      {
        Effect: 'Allow',
        Action: ['secretsmanager:BatchGetSecretValue', 'secretsmanager:ListSecrets'],
        Resource: ['*'],
      },
      {
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: [arn('secretsmanager:secret:acme/*')],
      },
    ]);
    const china = new AwsSecretsManagerProvider({ region: 'cn-north-1', secrets: { a: 'one#f' } });
    const [{ Resource }] = await statements(china, keys('a'));
    expect(Resource[0]).toBe('arn:aws-cn:secretsmanager:cn-north-1:*:secret:one');
  });

  it('decrypts with the KMS key of an encrypted file', async () => {
    const keyId = 'arn:aws:kms:eu-central-1:1:key/a';
    const file = new EncryptedFileProvider({ path: 'a.jwe', keys: kmsKey({ keyId, region }) });
    expect(await statements(file, keys('a'))).toEqual([
      { Effect: 'Allow', Action: ['kms:Decrypt'], Resource: [keyId] },
    ]);
  });
});

describe('the least privilege for Google Cloud and Azure', () => {
  const member = '--member="$MEMBER"';
  const accessor = 'roles/secretmanager.secretAccessor';

  it('grants the accessor on each mapped secret, or on names with the prefix', async () => {
    const mapped = new GcpSecretManagerProvider({
      project: 'acme',
      secrets: { a: 'one', b: 'two', c: 'projects/9/secrets/three/versions/7' },
    });
    expect(await textFor(mapped, keys('a', 'c'))).toBe(
      [
        `gcloud secrets add-iam-policy-binding one --project=acme ${member} --role=${accessor}`,
        `gcloud secrets add-iam-policy-binding three --project=9 ${member} --role=${accessor}`,
      ].join('\n'),
    );
    const prefixed = new GcpSecretManagerProvider({ project: 'acme', prefix: 'app-' });
    expect(await textFor(prefixed, keys('a'))).toBe(
      [
        `gcloud projects add-iam-policy-binding acme ${member} --role=${accessor} ` +
          '--condition="title=llm-config,' +
          `expression=resource.name.extract('/secrets/{name}/').startsWith('app-')"`,
        `gcloud projects add-iam-policy-binding acme ${member} --role=roles/secretmanager.viewer`,
      ].join('\n'),
    );
  });

  it('names the location of regional secrets', async () => {
    const regional = new GcpSecretManagerProvider({
      project: 'acme',
      location: 'europe-west4',
      secrets: { a: 'one' },
    });
    expect(await textFor(regional, keys('a'))).toContain(
      'binding one --project=acme --location=europe-west4 ',
    );
  });

  it('assigns the role on each mapped secret, or on the vault', async () => {
    const url = 'https://acme.vault.azure.net';
    const head = 'az role assignment create --assignee "$ASSIGNEE" --role "Key Vault Secrets User" --scope ';
    const vaultId = '"$(az keyvault show --name acme --query id --output tsv)';
    const mapped = new AzureKeyVaultProvider({ url, secrets: { a: 'one', b: 'two' } });
    expect(await textFor(mapped, keys('a'))).toBe(`${head}${vaultId}/secrets/one"`);
    const whole = new AzureKeyVaultProvider({ url });
    expect(await policyFor(whole, keys('a'))).toEqual([
      { kind: 'azure', at: url, text: `${head}${vaultId}"` },
    ]);
  });
});

describe('the machine', () => {
  it.each([
    ['20.19.0', '>=20.19', true],
    ['20.18.9', '>=20.19', false],
    ['24.1.0', '>=20.19', true],
    ['3.972.0', '^3.940', true],
    ['3.939.9', '^3.940', false],
    ['4.0.0', '^3.940', false],
    ['7.1.0', '^6.3 || ^7', true],
    ['6.2.0', '^6.3 || ^7', false],
    ['0.12.4', '^0.12', true],
    ['0.13.0', '^0.12', false],
  ])('%s satisfies %s: %s', (version, range, expected) => {
    expect(satisfies(version, range)).toBe(expected);
  });

  it('finds an old Node, and packages that are missing or of another version', async () => {
    await using box = await sandbox({
      files: {
        'node_modules/a/package.json': '{"version":"1.2.3"}',
        'node_modules/b/package.json': 'broken',
      },
    });
    expect(nodeCheck({ engines: { node: '>=22' } }, 'v20.1.0').status).toBe('failed');
    const manifest = { peerDependencies: { a: '^2', b: '^1', c: '^1', d: '^1' } };
    const checks = packageChecks(manifest, [box.path('src')], new Set(['b']));
    expect(checks.map(({ name, status }) => [name, status])).toEqual([
      ['a', 'warning'],
      ['b', 'failed'],
    ]);
    expect(packageChecks(manifest, [box.path('src')], new Set(['a']))[0]?.status).toBe('failed');
  });

  it('finds key files that are missing, or that others may read', async () => {
    await using box = await sandbox({ files: { good: '', shared: '', open: '', written: '' } });
    for (const [name, mode] of [
      ['good', 0o600],
      ['shared', 0o640],
      ['open', 0o644],
      ['written', 0o620],
    ] as const)
      chmodSync(box.path(name), mode);
    const need = (name: string): Need => ({ kind: 'key-file', action: 'read', resource: box.path(name) });
    const names = ['good', 'shared', 'open', 'written', 'none', '.'];
    const checks = await keyFileChecks(names.map(need), '/', 'linux');
    expect(checks.map(({ found, status }) => [found, status])).toEqual([
      ['mode 0600', 'ok'],
      ['mode 0640', 'warning'],
      ['mode 0644', 'failed'],
      ['mode 0620', 'failed'],
      ['missing', 'failed'],
      ['not a file', 'failed'],
    ]);
  });

  it('compares the clock with the dates of answers', () => {
    using clocks = new Clocks(() => Date.parse('2026-01-01T00:02:00Z'));
    const answer = (host: string, date: string) =>
      channel('http.client.response.finish').publish({ request: { host }, response: { headers: { date } } });
    answer('a', 'Thu, 01 Jan 2026 00:01:59 GMT');
    answer('b', 'Thu, 01 Jan 2026 00:01:40 GMT');
    answer('b', 'Thu, 01 Jan 2026 00:01:00 GMT'); // took long, or is older
    answer('c', 'no date');
    const headers = ['Date', 'Thu, 01 Jan 2026 00:04:00 GMT'].map((text) => Buffer.from(text));
    channel('undici:request:headers').publish({ request: { origin: 'https://d:1' }, response: { headers } });
    expect(clocks.checks().map(({ name, found, status }) => [name, found, status])).toEqual([
      ['clock of a', 'within 5 s', 'ok'],
      ['clock of b', 'this machine is 20 s ahead', 'warning'],
      ['clock of d', 'this machine is 121 s behind', 'failed'],
    ]);
  });
});

describe('llm-config doctor', () => {
  const source = new URL('../../src/', import.meta.url).href;
  const canary = 'fake-Zq83-not-real';
  const module = (more = '') => `
    import { ProviderChain } from '${source}chain/chain.ts';
    import { EncryptedFileProvider } from '${source}providers/encrypted-file/index.ts';
    import { MemoryProvider } from '${source}providers/memory.ts';
    import { VaultProvider } from '${source}providers/vault/index.ts';
    import { z } from '${import.meta.resolve('zod')}';
    export const schema = z.object({ port: z.number(), db: z.object({ password: z.string() }) });
    export const chain = new ProviderChain([
      ${more}
      new MemoryProvider({ port: 80, db: { password: '${canary}' } }, { name: 'defaults' }),
    ]);
  `;

  it('is well without stores, and prints no value', async () => {
    await using box = await sandbox({ files: { 'config.mjs': module() } });
    const { code, out, err } = await llmConfig(['doctor', box.path('config.mjs')]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^machine\n {2}ok {2}node /);
    expect(out).toContain('configuration\n  ok  configuration  valid\n');
    expect(out).not.toContain(canary);
  });

  it('finds a store that does not answer and a configuration that is not valid', async () => {
    const store = `new VaultProvider({ address: 'http://127.0.0.1:9', env: {}, kv: 2, path: 'acme/', resilience: { attempts: 1 } }),`;
    await using box = await sandbox({ files: { 'config.mjs': module(store) } });
    const { code, out, err } = await llmConfig(['doctor', box.path('config.mjs'), '--json']);
    expect([code, err]).toEqual([1, '']);
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({
      ok: false,
      checks: {
        stores: [{ name: 'vault', status: 'failed' }],
        configuration: [{ status: 'failed' }],
      },
      policies: [{ kind: 'vault', at: 'http://127.0.0.1:9' }],
    });
    expect(out).not.toContain(canary);
  });

  it('names the state of each store, and reads all of them without a schema', async () => {
    const store = (name: string, health: object, list = '[]') =>
      `{ name: '${name}', get: async () => undefined, list: async () => ${list},
        health: async () => (${JSON.stringify({ checkedAt: 0, ...health })}) },`;
    const stores = [
      store('quick', { status: 'ok', latencyMs: 3.4 }),
      store('plain', { status: 'ok' }),
      store('slow', { status: 'degraded', reason: 'pauses', breaker: 'open' }),
    ];
    const withoutSchema = (more: string) => module(more).replace('export const schema', 'const schema');
    const files = {
      'config.mjs': withoutSchema(stores.join('')),
      'broken.mjs': withoutSchema(store('broken', { status: 'down' }, `{ throw new Error('${canary}') }`)),
    };
    await using box = await sandbox({ files });
    const { code, out } = await llmConfig(['doctor', box.path('config.mjs')]);
    expect(code).toBe(0);
    expect(out).toMatch(/ok +quick +answers in 3 ms\n +ok +plain +answers\n/);
    expect(out).toMatch(/ slow +degraded, breaker open: pauses\n/);
    expect(out).toMatch(/ok +configuration +can be read\n/);
    const broken = await llmConfig(['doctor', box.path('broken.mjs')]);
    expect([broken.code, broken.out.includes(canary)]).toEqual([1, false]);
    expect(broken.out).toMatch(/ configuration +cannot be read from broken\n/);
  });

  it('escapes what a store says', async () => {
    const hostile = `{ name: 'store\\u001b[2J', get: async () => undefined, list: async () => [],
      health: async () => ({ status: 'down', reason: 'a\\u001b[2J\\nb', checkedAt: 0 }) },`;
    await using box = await sandbox({ files: { 'config.mjs': module(hostile) } });
    const { code, out } = await llmConfig(['doctor', box.path('config.mjs')]);
    expect(code).toBe(1);
    expect(out).not.toContain('\u001b');
  });
});
