// What makes the documents of a source the same documents elsewhere: equal where they must be equal,
// different where they differ, and never a credential or the name of a provider.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecretsManagerSource } from '../../src/providers/aws/secrets-manager/source.ts';
import { SsmSource } from '../../src/providers/aws/ssm/source.ts';
import { AzureSource } from '../../src/providers/azure/source.ts';
import { GcpSource } from '../../src/providers/gcp/source.ts';
import { KeyringSource } from '../../src/providers/keyring/source.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { token } from '../../src/providers/vault/index.ts';
import type { VaultOptions } from '../../src/providers/vault/options.ts';
import { partsOf } from '../../src/providers/vault/provider.ts';
import { fromProvider } from '../../src/shelter/from-provider.ts';
import type { DocumentSource, SourceIdentity } from '../../src/shelter/port.ts';

const fake = 'not-a-real-secret';
const variables = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_SSM',
  'AWS_ENDPOINT_URL_SECRETS_MANAGER',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'GOOGLE_CLOUD_UNIVERSE_DOMAIN',
];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
  for (const name of variables) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const made = {
  vault: (options: Partial<VaultOptions>) =>
    partsOf({ env: {}, ...(options.secrets ? {} : { path: 'app/' }), ...options }).source,
  ssm: (options: object) => new SsmSource({ region: 'eu-central-1', path: '/app', ...options }),
  secrets: (options: object) =>
    new SecretsManagerSource({ region: 'eu-central-1', path: 'app/', ...options }),
  gcp: (options: object) => new GcpSource({ project: 'acme', ...options }),
  azure: (options: object) => new AzureSource({ url: 'https://acme.vault.azure.net', ...options }),
  keyring: (options: object) => new KeyringSource({ service: 'acme', ...options }),
} as const;
type Source = keyof typeof made;
const sourceOf = (source: Source, options: object): DocumentSource =>
  (made[source] as (options: object) => DocumentSource)(options);
const identity = (source: Source, options: object): SourceIdentity | undefined =>
  sourceOf(source, options).identity?.();
const identityWith =
  (source: Source) =>
  (options: object): SourceIdentity | undefined =>
    identity(source, options);
const vault = identityWith('vault');
const ssm = identityWith('ssm');
const secrets = identityWith('secrets');
const gcp = identityWith('gcp');
const azure = identityWith('azure');
const keyring = identityWith('keyring');

const shelter = { cache: { ttlMs: 1 }, limits: { concurrency: 1 } };

describe('the identity of a source', () => {
  it.each<[Source, object, object]>([
    ['vault', {}, { address: 'https://127.0.0.1:8200/' }],
    ['vault', {}, { env: { VAULT_ADDR: 'https://127.0.0.1:8200' } }],
    ['vault', { address: 'https://a/v1' }, { env: { BAO_ADDR: 'https://a', VAULT_ADDR: 'https://b' } }],
    ['vault', { namespace: 'team/' }, { env: { VAULT_NAMESPACE: 'team' } }],
    ['vault', {}, { secrets: { x: 'secret/app/db#x' } }],
    ['vault', {}, { path: 'other/', mount: 'kv', maxKeys: 5, auth: token(fake), ...shelter }],
    ['vault', { kv: 2 }, { kv: 2, mount: 'kv' }],
    ['ssm', {}, { path: '/other', kmsKeyId: 'k', tier: 'Advanced', name: 'mine', ...shelter }],
    ['ssm', {}, { decrypt: true, credentials: { accessKeyId: 'x', secretAccessKey: fake } }],
    ['ssm', { endpoint: 'http://user:pass@a:1/' }, { endpoint: 'http://a:1' }],
    ['secrets', {}, { stage: 'AWSCURRENT', path: undefined, secrets: { x: 'y' }, name: 'mine' }],
    ['gcp', {}, { project: 'other', prefix: 'x-', version: 'latest', name: 'mine', ...shelter }],
    ['gcp', {}, { secrets: { a: 'tls' }, clientOptions: { keyFilename: fake } }],
    ['gcp', {}, { clientOptions: { apiEndpoint: 'secretmanager.googleapis.com' } }],
    ['azure', {}, { url: 'https://user:pass@ACME.vault.azure.net/?x#y' }],
    ['azure', {}, { prefix: 'x', keys: 'snake', name: 'mine', credential: { getToken: async () => null } }],
    ['keyring', {}, { prefix: 'x/', name: 'mine', ...shelter }],
  ])('%s is the same with %j and %j', (source, one, other) => {
    expect(identity(source, one)).toBeDefined();
    expect(identity(source, one)).toEqual(identity(source, other));
  });

  it.each<[Source, 'store' | 'view', object, object]>([
    ['vault', 'store', {}, { address: 'https://127.0.0.1:8300' }],
    ['vault', 'store', { address: 'https://a' }, { address: 'https://a/proxy' }],
    ['vault', 'store', {}, { namespace: 'team' }],
    ['vault', 'store', {}, { address: 'unix:///run/vault.sock' }],
    ['vault', 'view', {}, { kv: 1 }],
    ['vault', 'view', { kv: 1 }, { kv: 2 }],
    ['vault', 'view', { kv: 2 }, { kv: 2, mount: 'team/kv' }],
    ['ssm', 'store', {}, { region: 'eu-west-1' }],
    ['ssm', 'store', {}, { endpoint: 'http://127.0.0.1:1' }],
    ['ssm', 'view', {}, { decrypt: false }],
    ['ssm', 'view', {}, { label: 'live' }],
    ['ssm', 'view', {}, { path: undefined, parameters: { x: '/app/x' } }],
    ['secrets', 'store', {}, { region: 'eu-west-1' }],
    ['secrets', 'view', {}, { stage: 'AWSPREVIOUS' }],
    ['gcp', 'store', {}, { location: 'europe-west4' }],
    ['gcp', 'store', {}, { clientOptions: { apiEndpoint: 'localhost', port: 1 } }],
    ['gcp', 'store', {}, { clientOptions: { universeDomain: 'example.com' } }],
    ['gcp', 'view', {}, { version: '7' }],
    ['azure', 'store', {}, { url: 'https://other.vault.azure.net' }],
    ['keyring', 'store', {}, { service: 'other' }],
    ['keyring', 'store', { backend: 'keytar' }, { backend: 'napi' }],
  ])('%s has another %s with %j than with %j', (source, part, one, other) => {
    const same = part === 'store' ? 'view' : 'store';
    expect(identity(source, one)?.[part]).not.toBe(identity(source, other)?.[part]);
    expect(identity(source, one)?.[same]).toBe(identity(source, other)?.[same]);
  });

  it.each<[Source, object]>([
    ['vault', { auth: token(fake), env: { VAULT_TOKEN: fake, VAULT_CACERT: fake }, kv: 2 }],
    ['ssm', { credentials: { accessKeyId: fake, secretAccessKey: fake }, name: fake }],
    ['secrets', { endpoint: `https://x:${fake}@host/?token=${fake}`, name: fake }],
    ['gcp', { clientOptions: { credentials: { private_key: fake }, apiEndpoint: 'x' }, name: fake }],
    ['azure', { url: `https://${fake}:x@acme.vault.azure.net?sig=${fake}`, name: fake }],
    ['keyring', { name: fake }],
  ])('%s holds no credential and no name of the provider', (source, options) => {
    const found = identity(source, options);
    expect(found).toBeDefined();
    expect(JSON.stringify(found)).not.toContain(fake);
  });

  it('no two kinds of source share a store', () => {
    const stores = (Object.keys(made) as Source[]).map((source) => identity(source, {})?.store);
    expect(new Set(stores).size).toBe(stores.length);
  });

  it('AWS resolves region and endpoint like the SDK', () => {
    const region = undefined;
    vi.stubEnv('AWS_DEFAULT_REGION', 'eu-central-1');
    expect(ssm({ region })).toEqual(ssm({}));
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    expect(ssm({ region })).toEqual(ssm({ region: 'eu-west-1' }));
    const endpoint = 'http://127.0.0.1:1';
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    expect(ssm({})).toEqual(ssm({ endpoint }));
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', 'http://127.0.0.1:2');
    expect(secrets({})).toEqual(secrets({ endpoint: 'http://127.0.0.1:2' }));
    expect(ssm({})).toEqual(ssm({ endpoint }));
    vi.stubEnv('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'true');
    expect(ssm({})?.store).not.toContain('127.0.0.1');
  });

  it('AWS has no identity for what only the SDK can resolve', () => {
    const client = { send: async () => ({}) };
    expect(ssm({ client })).toBeUndefined();
    writeFileSync(join(folder, 'config'), '[default]\nregion = eu-central-1\n');
    expect(ssm({ region: undefined })).toBeUndefined();
    expect(ssm({})).toBeDefined();
    writeFileSync(join(folder, 'config'), '[default]\nendpoint_url = http://127.0.0.1:1\n');
    expect(ssm({})).toBeUndefined();
    expect(ssm({ endpoint: 'http://127.0.0.1:1' })).toBeDefined();
    expect(ssm({ endpoint: 'no url' })).toBeUndefined();
  });

  it('Vault and GCP have no identity with a client of the application', () => {
    expect(vault({ client: { request: async () => ({}) } })).toBeUndefined();
    expect(gcp({ client: {} })).toBeUndefined();
    expect(azure({ client: {} })).toEqual(azure({}));
  });

  it('a keyring belongs to a bus, a user and a machine', () => {
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/run/one,guid=1');
    const one = keyring({ backend: 'secret-service' });
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/run/one,guid=2');
    expect(keyring({ backend: 'secret-service' })).toEqual(one);
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/run/other');
    expect(keyring({ backend: 'secret-service' })?.store).not.toBe(one?.store);
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'tcp:host=x');
    expect(keyring({ backend: 'secret-service' })).toBeDefined();
  });

  it('a provider has the identity of the option, and none without it', () => {
    const given = { store: 'mine', view: 'v', more: fake };
    const source = fromProvider(new MemoryProvider({}), given);
    expect(source.identity?.()).toEqual({ store: 'mine', view: 'v' });
    expect('identity' in fromProvider(new MemoryProvider({}))).toBe(false);
  });

  it('documents are full names, whichever options name them', () => {
    const documents = (source: { locate(key: string): readonly { document: string }[] }, key: string) =>
      source.locate(key).map(({ document }) => document);
    const kv = (options: Partial<VaultOptions>) => partsOf({ env: {}, ...options }).source;
    expect(documents(kv({ path: 'app/' }), 'db.x')).toEqual(['secret/app/db']);
    expect(documents(kv({ secrets: { y: 'secret/app/db#x' } }), 'y')).toEqual(['secret/app/db']);
    const region = 'eu-central-1';
    expect(documents(new SsmSource({ region, path: '/app' }), 'x')).toEqual(['/app/x']);
    expect(documents(new SsmSource({ region, parameters: { y: '/app/x' } }), 'y')).toEqual(['/app/x']);
    expect(documents(new SecretsManagerSource({ region, path: 'app/' }), 'x')).toEqual(['app/x']);
    expect(documents(new GcpSource({ project: 'acme', prefix: 'p-' }), 'x')).toEqual([
      'projects/acme/secrets/p-x',
    ]);
    expect(documents(new GcpSource({ project: 'acme', secrets: { y: 'p-x' } }), 'y')).toEqual([
      'projects/acme/secrets/p-x',
    ]);
    expect(documents(new KeyringSource({ service: 'acme', prefix: 'p/' }), 'x')).toEqual(['p/x']);
  });
});

describe('the address of a source', () => {
  it.each<[Source, object, string | undefined]>([
    ['vault', { address: 'https://vault.internal:8200/proxy' }, 'vault.internal'],
    ['vault', { address: 'unix:///run/vault.sock' }, undefined],
    ['vault', { client: { request: async () => ({}) } }, undefined],
    ['ssm', {}, 'ssm.eu-central-1.amazonaws.com'],
    ['secrets', { region: 'cn-north-1' }, 'secretsmanager.cn-north-1.amazonaws.com.cn'],
    ['ssm', { region: 'us-iso-east-1' }, undefined],
    ['ssm', { endpoint: `https://x:${fake}@host:1/?token=${fake}` }, 'host'],
    ['ssm', { client: { send: async () => ({}) } }, undefined],
    ['gcp', {}, 'secretmanager.googleapis.com'],
    ['gcp', { clientOptions: { apiEndpoint: 'localhost', port: 1 } }, 'localhost'],
    ['gcp', { client: {} }, undefined],
    ['azure', { url: `https://${fake}:x@acme.vault.azure.net?sig=${fake}` }, 'acme.vault.azure.net'],
    ['keyring', {}, undefined],
  ])('%s with %j has the name of the host and no credential', (source, options, address) => {
    const made = sourceOf(source, options);
    expect([made.address, made.address]).toEqual([address, address]);
  });

  it('AWS has no address while variables choose another endpoint', () => {
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    expect(sourceOf('ssm', {}).address).toBeUndefined();
  });
});
