import { describe, expect, it } from 'vitest';
import type { Entry, Unreadable } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import type { WritableProvider } from '../../src/provider.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider } from '../../src/providers/aws/index.ts';
import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { VaultProvider } from '../../src/providers/vault/index.ts';

const secret = 'not-a-real-secret';
const resilience = { attempts: 1, breaker: false } as const;
const long = 'x'.repeat(5_000);
const date = new Date(Number.NaN);

/** Responses that no store gives to any request. */
const nonsense: readonly unknown[] = [
  undefined,
  null,
  7,
  secret,
  [],
  {},
  [null],
  [undefined],
  [secret],
  [{}],
  new Error(secret),
];

const parameter = (fields: object): object => ({
  Parameters: [{ Name: '/a/key', Type: 'String', Value: 'fake', ...fields }],
});
const ssm = [
  { Parameters: null },
  { Parameters: [null] },
  { Parameters: secret },
  parameter({ Name: 7 }),
  parameter({ Name: `/a/${long}` }),
  parameter({ Value: 7 }),
  parameter({ Value: { x: secret } }),
  parameter({ Value: 7, Type: 'StringList' }),
  parameter({ Version: {}, LastModifiedDate: date }),
];
const secretsManager = [
  { SecretString: 7 },
  { SecretString: { x: secret } },
  { SecretString: null },
  { SecretBinary: secret },
  { SecretString: 'fake', VersionId: {}, CreatedDate: date },
  { SecretValues: [null], SecretList: [null] },
  { SecretList: [{ Name: 7 }] },
  { SecretList: [{ Name: 'a/\u0000\u202e' }, { Name: `a/${long}` }] },
];
const gcp = [
  [{ payload: { data: 7 } }],
  [{ payload: { data: {} } }],
  [{ name: 7, payload: { data: 'ZmFrZQ==' } }],
  [{ name: 'secrets/key/versions/\u0007', payload: { data: 'ZmFrZQ==' } }],
  [{ payload: { data: 'ZmFrZQ==', dataCrc32c: {} } }],
  [[null, { name: 7 }], null, { nextPageToken: 7 }],
];
const property = (fields: object): object => ({ value: 'fake', properties: { name: 'key', ...fields } });
const azure = [
  { value: 7, properties: {} },
  { value: { x: secret }, properties: { name: 'key' } },
  { value: 'fake' },
  { value: 'fake', properties: null },
  property({ expiresOn: date, updatedOn: date, notBefore: date }),
  property({ version: {}, contentType: 7 }),
  property({ name: 7, enabled: 'no' }),
  property({ name: `${long}\u0000`, enabled: false }),
];
const vault = [
  { data: null },
  { data: 7 },
  { data: secret },
  { data: { data: null, metadata: 7 } },
  {
    data: {
      data: { key: 'fake' },
      metadata: { version: {}, created_time: 7, deletion_time: secret, custom_metadata: { tags: 7 } },
    },
  },
  { data: { data: { key: 'fake' }, metadata: { custom_metadata: 7 } } },
  { data: { keys: [7, null, 'a\u0000', '__proto__', long, '', '/', 'ok'] } },
];

const respond = (response: unknown) => async (): Promise<never> => {
  if (response instanceof Error) throw response;
  return response as never;
};
/** A client with the same response for every method. */
const client = (methods: object, response: unknown): never =>
  new Proxy(methods, {
    get: (own, name) => (name === 'then' ? undefined : (Reflect.get(own, name) ?? respond(response))),
  }) as never;
const pages = (response: unknown) => () => ({
  async *byPage() {
    yield Array.isArray(response)
      ? response
      : [(response as { properties?: unknown } | undefined)?.properties ?? response];
  },
});

const url = 'https://acme.vault.azure.net';
const all: readonly (readonly [
  name: string,
  responses: readonly unknown[],
  make: (response: unknown) => WritableProvider,
])[] = [
  [
    'AWS SSM',
    ssm,
    (response) => new AwsSsmProvider({ path: '/a', resilience, client: client({}, response) }),
  ],
  [
    'AWS Secrets Manager',
    secretsManager,
    (response) => new AwsSecretsManagerProvider({ path: 'a/', resilience, client: client({}, response) }),
  ],
  [
    'GCP',
    gcp,
    (response) => new GcpSecretManagerProvider({ project: 'a', resilience, client: client({}, response) }),
  ],
  [
    'Azure',
    azure,
    (response) =>
      new AzureKeyVaultProvider({
        url,
        resilience,
        client: client({ listPropertiesOfSecrets: pages(response) }, response),
      }),
  ],
  [
    'Vault, KV version 1',
    vault,
    (response) =>
      new VaultProvider({ path: 'app/', kv: 1, resilience, env: {}, client: client({}, response) }),
  ],
  [
    'Vault, KV version 2',
    vault,
    (response) =>
      new VaultProvider({ path: 'app/', kv: 2, resilience, env: {}, client: client({}, response) }),
  ],
  [
    'Vault',
    vault,
    (response) => new VaultProvider({ path: 'app/', resilience, env: {}, client: client({}, response) }),
  ],
];

const asks: readonly ((provider: WritableProvider) => Promise<unknown>)[] = [
  (provider) => provider.get('key'),
  async (provider) => [...((await provider.getMany?.(['key', 'key.fake', 'other']))?.values() ?? [])],
  (provider) => provider.list(),
  (provider) => provider.set('key.part', 'fake'),
  (provider) => provider.delete('key'),
];

const readable = (message: string): void => {
  expect(message).not.toContain(secret);
  expect(message.length).toBeLessThan(700);
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
};

describe('a list without an end', () => {
  const limits = { concurrency: 16, perSecond: 1_000_000 };
  const page = { Parameters: [], SecretList: [], NextToken: 'again' };
  it.each([
    ['AWS SSM', () => new AwsSsmProvider({ path: '/a', resilience, limits, client: client({}, page) })],
    [
      'AWS Secrets Manager',
      () => new AwsSecretsManagerProvider({ path: 'a/', resilience, client: client({}, page) }),
    ],
    [
      'GCP',
      () =>
        new GcpSecretManagerProvider({
          project: 'a',
          resilience,
          client: client({}, [[], null, { nextPageToken: 'again' }]),
        }),
    ],
  ])('list of %s fails when a page token repeats', async (_, make) => {
    await expect(make().list()).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('repeats a page'),
    });
  });

  it('list of Azure fails after 20,000 pages', async () => {
    const listPropertiesOfSecrets = () => ({
      async *byPage() {
        for (;;) yield [];
      },
    });
    const provider = new AzureKeyVaultProvider({
      url,
      resilience,
      client: client({ listPropertiesOfSecrets }, undefined),
    });
    await expect(provider.list()).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('does not end after 20000 pages'),
    });
  });

  it('list of Vault ends at the longest key when folders nest without end', async () => {
    let asked = 0;
    const request = async () => {
      asked++;
      return { data: { keys: ['a/'] } };
    };
    const provider = new VaultProvider({ path: 'app/', kv: 2, resilience, env: {}, client: { request } });
    const notices: string[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event.message));
    expect(await provider.list()).toEqual([]);
    expect(notices).toEqual([
      expect.stringMatching(
        /^vault: secret\/app\/a\/a\/.*: names skipped because they are not valid keys: 1$/,
      ),
    ]);
    expect(asked).toBeLessThan(1_000);
  });
});

describe.each(all)('an invalid response from %s', (_, responses, make) => {
  it.each([...nonsense, ...responses].map((response, i) => [i, response] as const))(
    'invalid response %i leads to a ConfigError or is ignored, and leaks nothing',
    async (_i, response) => {
      for (const ask of asks) {
        const provider = make(response);
        provider.on?.((event) => 'message' in event && readable(String(event.message)));
        const found = await ask(provider).catch((error: unknown) => error);
        for (const one of [found].flat() as (Entry | Unreadable | ConfigError | undefined | boolean)[]) {
          if (one instanceof Error) {
            expect(one).toBeInstanceOf(ConfigError);
            readable(one.message);
          } else if (typeof one === 'object' && 'error' in one) readable(one.error.message);
          else if (typeof one === 'object') {
            for (const value of [one.value, one.version ?? ''])
              expect(['string', 'object']).toContain(typeof value);
            for (const time of [one.modifiedAt, one.expiresAt]) expect(time).not.toBeNaN();
            readable(`${one.origin}`);
          }
        }
        await provider.close?.();
      }
    },
  );
});
