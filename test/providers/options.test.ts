import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { type ArgvOptions, ArgvProvider } from '../../src/providers/argv.ts';
import {
  type AwsClientOptions,
  type AwsSecretsManagerOptions,
  AwsSecretsManagerProvider,
  type AwsSsmOptions,
  AwsSsmProvider,
  type KmsKeyOptions,
  kmsKey,
} from '../../src/providers/aws/index.ts';
import { type AzureKeyVaultOptions, AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { type BundleOptions, BundleProvider } from '../../src/providers/bundle.ts';
import { type DirectoryOptions, DirectoryProvider } from '../../src/providers/directory.ts';
import { type DotEnvOptions, DotEnvProvider } from '../../src/providers/dotenv.ts';
import {
  type EncryptedFileOptions,
  EncryptedFileProvider,
} from '../../src/providers/encrypted-file/index.ts';
import { type EnvOptions, EnvProvider } from '../../src/providers/env.ts';
import { type GcpSecretManagerOptions, GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { type KeyringOptions, KeyringProvider } from '../../src/providers/keyring/index.ts';
import { type MemoryOptions, MemoryProvider } from '../../src/providers/memory.ts';
import { type VaultOptions, VaultProvider } from '../../src/providers/vault/index.ts';
import type { ShelterOptions } from '../../src/shelter/options.ts';

/** No message may quote the string: an option may be a token. */
const kinds = {
  string: 'not-a-real-token',
  number: 7.5,
  boolean: true,
  object: {},
  list: [7],
  function: () => undefined,
  null: null,
} as const;
type Kind = keyof typeof kinds;

/** The kinds of value that each option accepts. */
type Takes<T> = { readonly [K in keyof Required<T>]: readonly Kind[] };

const shelter: Takes<ShelterOptions> = {
  cache: ['object'],
  resilience: ['object'],
  limits: ['object'],
  second: [],
  clock: [],
};
const awsClient: Takes<AwsClientOptions> = {
  region: ['string'],
  endpoint: ['string'],
  credentials: ['object', 'function'],
  client: ['object'],
};
const variables = {
  prefix: ['string'],
  separator: ['string'],
  variables: ['object'],
  json: ['object'],
  empty: [],
  booleans: [],
  sensitive: [],
} as const;

const env: Takes<EnvOptions> = { ...variables, name: ['string'], fileSuffix: ['string'], env: ['object'] };
const argv: Takes<ArgvOptions> = {
  args: [],
  prefix: ['string'],
  flags: ['object'],
  sensitive: [],
  name: ['string'],
};
const dotenv: Takes<DotEnvOptions> = {
  ...variables,
  name: ['string'],
  directory: ['string'],
  environment: ['string'],
  files: [],
  expand: ['boolean', 'object'],
  sealed: ['boolean', 'object'],
};
const memory: Takes<MemoryOptions> = { name: ['string'], sensitive: [] };
const bundle: Takes<BundleOptions> = {
  path: ['string'],
  format: [],
  optional: ['boolean'],
  sensitive: [],
  maxBytes: [],
  sealed: ['boolean', 'object'],
  references: ['boolean', 'object'],
  name: ['string'],
};
const directory: Takes<DirectoryOptions> = {
  sensitive: ['boolean'],
  base64: [],
  optional: ['boolean'],
  maxFiles: [],
  maxBytes: [],
  name: ['string'],
};
const encryptedFile: Takes<EncryptedFileOptions> = {
  path: ['string'],
  keys: ['function'],
  context: ['string'],
  format: [],
  optional: ['boolean'],
  name: ['string'],
  maxBytes: [],
  lockWaitMs: [],
  env: ['object'],
};
const keyring: Takes<KeyringOptions> = {
  ...shelter,
  service: ['string'],
  backend: [],
  prefix: ['string'],
  name: ['string'],
};
const vault: Takes<VaultOptions> = {
  ...shelter,
  address: [],
  namespace: ['string'],
  auth: ['function'],
  tls: ['object'],
  allowInsecure: ['boolean'],
  client: [],
  env: ['object'],
  path: ['string'],
  mount: ['string'],
  kv: [],
  secrets: ['object'],
  leases: ['object'],
  maxKeys: [],
};
const ssm: Takes<AwsSsmOptions> = {
  ...shelter,
  ...awsClient,
  path: [],
  parameters: ['object'],
  decrypt: ['boolean'],
  label: ['string'],
  kmsKeyId: ['string'],
  tier: [],
  name: ['string'],
};
const secretsManager: Takes<AwsSecretsManagerOptions> = {
  ...shelter,
  ...awsClient,
  path: ['string'],
  secrets: ['object'],
  stage: ['string'],
  recoveryWindowDays: [],
  kmsKeyId: ['string'],
  name: ['string'],
};
const kms: Takes<KmsKeyOptions> = { ...awsClient, keyId: ['string'], encryptionContext: ['object'] };
const gcp: Takes<GcpSecretManagerOptions> = {
  ...shelter,
  project: ['string'],
  prefix: ['string'],
  secrets: ['object'],
  location: ['string'],
  version: ['string'],
  replicas: [],
  credentialsTimeoutMs: ['number'],
  clientOptions: ['object'],
  client: ['object'],
  name: ['string'],
};
const azure: Takes<AzureKeyVaultOptions> = {
  ...shelter,
  url: [],
  credential: ['object'],
  prefix: ['string'],
  secrets: ['object'],
  keys: [],
  clientOptions: ['object'],
  client: ['object'],
  name: ['string'],
};

type Make = (options: object) => unknown;
const region = { region: 'eu-central-1' };
const all: readonly (readonly [
  name: string,
  make: Make,
  good: object,
  takes: Readonly<Record<string, readonly Kind[]>>,
])[] = [
  ['MemoryProvider', (options) => new MemoryProvider({}, options), {}, memory],
  ['EnvProvider', (options) => new EnvProvider(options), {}, env],
  ['ArgvProvider', (options) => new ArgvProvider(options), { args: [] }, argv],
  ['DotEnvProvider', (options) => new DotEnvProvider(options), {}, dotenv],
  ['BundleProvider', (options) => new BundleProvider(options as BundleOptions), { path: 'a.json' }, bundle],
  ['DirectoryProvider', (options) => new DirectoryProvider('secrets', options), {}, directory],
  [
    'EncryptedFileProvider',
    (options) => new EncryptedFileProvider(options as EncryptedFileOptions),
    { path: 'a.jwe' },
    encryptedFile,
  ],
  [
    'KeyringProvider',
    (options) => new KeyringProvider(options as KeyringOptions),
    { service: 'acme' },
    keyring,
  ],
  ['VaultProvider', (options) => new VaultProvider(options), { path: 'acme/', env: {} }, vault],
  ['AwsSsmProvider', (options) => new AwsSsmProvider(options), { ...region, path: '/acme' }, ssm],
  [
    'AwsSecretsManagerProvider',
    (options) => new AwsSecretsManagerProvider(options),
    { ...region, path: 'acme/' },
    secretsManager,
  ],
  ['kmsKey', (options) => kmsKey(options as KmsKeyOptions), { ...region, keyId: 'alias/config' }, kms],
  [
    'GcpSecretManagerProvider',
    (options) => new GcpSecretManagerProvider(options as GcpSecretManagerOptions),
    { project: 'acme' },
    gcp,
  ],
  [
    'AzureKeyVaultProvider',
    (options) => new AzureKeyVaultProvider(options as AzureKeyVaultOptions),
    { url: 'https://acme.vault.azure.net' },
    azure,
  ],
];

function refusalOf(make: Make, options: unknown): ConfigError | undefined {
  try {
    make(options as object);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
}

describe.each(all)('the options of %s', (_, make, good, takes) => {
  const wrong = Object.entries(takes).flatMap(([option, right]) =>
    (Object.keys(kinds) as Kind[])
      .filter((kind) => !right.includes(kind))
      .map((kind) => [option, kind] as const),
  );

  it('accepts valid options', () => {
    expect(refusalOf(make, good)).toBeUndefined();
  });

  it.each(wrong)('refuses the option %s of the kind %s, without quoting it', (option, kind) => {
    const error = refusalOf(make, { ...good, [option]: kinds[kind] });
    expect(error).toMatchObject({
      code: 'invalid_option',
      message: expect.stringMatching(new RegExp(`\\b${option}\\b`)),
    });
    expect(error?.message).not.toContain(kinds.string);
  });

  it('refuses unknown options and options that are not an object', () => {
    expect(refusalOf(make, { ...good, wrnog: 1 })).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('"wrnog"'),
    });
    for (const none of [null, 7, true, [], () => undefined])
      expect(refusalOf(make, none)).toMatchObject({ code: 'invalid_option' });
  });
});
