import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secret } from '../../src/entry.ts';
import type { WritableProvider } from '../../src/provider.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider } from '../../src/providers/aws/index.ts';
import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { VaultProvider } from '../../src/providers/vault/index.ts';
import type { ConfigValue } from '../../src/value.ts';
import { AwsServer, account } from './aws/server.ts';
import { FakeVault as FakeKeyVault } from './azure/fake.ts';
import { FakeGcp } from './gcp/fake.ts';
import { fakeRing, keyring } from './keyring/ring.ts';
import { FakeVault } from './vault/fake.ts';

let aws: AwsServer;
let vault: FakeVault;
beforeAll(async () => {
  [aws, vault] = await Promise.all([AwsServer.start(), new FakeVault().listen({})]);
});
afterAll(async () => {
  await Promise.all([aws[Symbol.asyncDispose](), vault.close()]);
});

const providers: readonly (readonly [
  name: string,
  make: () => WritableProvider | Promise<WritableProvider>,
])[] = [
  ['AwsSsmProvider', () => new AwsSsmProvider({ endpoint: aws.endpoint, ...account, path: '/acme' })],
  [
    'AwsSecretsManagerProvider',
    () => new AwsSecretsManagerProvider({ endpoint: aws.endpoint, ...account, path: 'acme/' }),
  ],
  [
    'GcpSecretManagerProvider',
    () => new GcpSecretManagerProvider({ project: 'acme', client: new FakeGcp() }),
  ],
  [
    'AzureKeyVaultProvider',
    () => new AzureKeyVaultProvider({ url: 'https://acme.vault.azure.net', client: new FakeKeyVault() }),
  ],
  [
    'VaultProvider',
    () =>
      new VaultProvider({ address: vault.address, env: { VAULT_TOKEN: 'root-token' }, path: 'app/', kv: 2 }),
  ],
  ['KeyringProvider', async () => (await fakeRing()) && keyring()],
];

const loop: { inside?: unknown } = {};
loop.inside = loop;
const odd: readonly (readonly [what: string, value: unknown])[] = [
  ['undefined', undefined],
  ['a function', () => 'fake'],
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['an integer that would lose digits', { deep: [2 ** 60] }],
  ['a Date', new Date(0)],
  ['a circle', loop],
];

describe.each(providers)('a value written to %s', (_, make) => {
  it.each(odd)('set refuses %s before any request', async (_what, value) => {
    const provider = await make();
    await expect(provider.set('section.key', value as ConfigValue)).rejects.toMatchObject({
      code: 'validation',
      transient: false,
    });
    expect(await provider.get('section.key')).toBeUndefined();
    await provider.close?.();
  });

  it('set writes the value inside secret(), not its masked form', async () => {
    const provider = await make();
    await provider.set('section.mine', secret('not-a-real-one') as never);
    expect((await provider.get('section.mine'))?.value).toBe('not-a-real-one');
    await provider.close?.();
  });

  it('set copies the value at the time of the call', async () => {
    const provider = await make();
    const list = ['one'];
    const writing = provider.set('section.list', list);
    list.push('two');
    expect((await writing).value).toEqual(['one']);
    expect(await read(provider, 'section.list')).toEqual(['one']);
    await provider.close?.();
  });
});

/** Most stores return a list as text. */
async function read(provider: WritableProvider, key: string): Promise<unknown> {
  const value = (await provider.get(key))?.value;
  return typeof value === 'string' ? JSON.parse(value) : value;
}
