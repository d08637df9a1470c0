// `remembered` in front of every store: all of them are killed before a start, come back, and are wiped.
// `npm run test:live`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ClientSecretCredential } from '@azure/identity';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { ConfigEvent } from '../../src/events.ts';
import { remembered } from '../../src/extensions/snapshot/index.ts';
import type { WritableProvider } from '../../src/provider.ts';
import { AwsSsmProvider } from '../../src/providers/aws/index.ts';
import { AzureKeyVaultProvider } from '../../src/providers/azure/index.ts';
import { GcpSecretManagerProvider } from '../../src/providers/gcp/index.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { VaultProvider, token as vaultToken } from '../../src/providers/vault/index.ts';
import { llmConfig } from '../cli/terminal.ts';
import { folder } from '../support/folder.ts';
import { live, serve, unique, until } from './vault-server.ts';

const servers = ['vault', 'aws', 'gcp', 'azure'];
const stores = ['vault', 'ssm', 'gcp', 'azure'] as const;
const name = unique('snapshot').replaceAll('_', '-');
const env = (variable: string): string => process.env[variable] as string;

// Google's client has its own copies of both packages and accepts no objects of others
const ofGoogle = createRequire(createRequire(import.meta.url).resolve('@google-cloud/secret-manager'));
const gax = ofGoogle('google-gax') as { grpc: { credentials: { createInsecure(): unknown } } };
const ofGax = createRequire(ofGoogle.resolve('google-gax'));
const { PassThroughClient } = ofGax('google-auth-library') as { PassThroughClient: new () => unknown };

/** A provider of each store, each with the keys below its name. */
function providers(): readonly WritableProvider[] {
  const resilience = { attempts: 1 };
  const [host = '', port = ''] = env('LIVE_GCP_GRPC').split(':');
  const ca = readFileSync(env('LIVE_AZURE_CA'), 'utf8');
  const { address, token, aws } = live;
  const credential = new ClientSecretCredential(
    env('LIVE_AZURE_TENANT_ID'),
    env('LIVE_AZURE_CLIENT_ID'),
    env('LIVE_AZURE_CLIENT_SECRET'),
    {
      authorityHost: env('LIVE_AZURE_AUTHORITY'),
      disableInstanceDiscovery: true,
      retryOptions: { maxRetries: 0 },
      tlsOptions: { ca },
    },
  );
  return [
    new VaultProvider({ address, auth: vaultToken(token), path: `${name}/`, resilience }),
    new AwsSsmProvider({
      name: 'ssm',
      endpoint: aws,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'not-a-real-id', secretAccessKey: 'not-a-real-secret-key' },
      path: `/${name}/`,
      resilience,
    }),
    new GcpSecretManagerProvider({
      project: name,
      clientOptions: {
        apiEndpoint: host,
        port: Number(port),
        sslCreds: gax.grpc.credentials.createInsecure(),
        authClient: new PassThroughClient(),
      },
      resilience,
    }),
    new AzureKeyVaultProvider({
      url: env('LIVE_AZURE_VAULT_URL'),
      credential,
      clientOptions: { disableChallengeResourceVerification: true, tlsOptions: { ca } },
      prefix: `${name}--`,
      resilience,
    }),
  ];
}

const schema = z.object(
  Object.fromEntries(stores.map((store) => [store, z.object({ password: z.string(), model: z.string() })])),
);
const valuesOf = (version: number) =>
  Object.fromEntries(stores.map((store) => [store, { password: `fake-${store}-${version}`, model: store }]));

it('values are right while all stores are killed, and new ones follow when they are back', async () => {
  await using box = await folder();
  const file = box.at('state/live.snapshot');
  const key = Buffer.alloc(32, 7).toString('hex');
  const events: ConfigEvent[] = [];
  const defaults = Object.fromEntries(
    stores.map((store) => [store, { password: 'default', model: 'default' }]),
  );
  /** One run of the application. */
  const start = () => {
    const all = providers().map((one) => remembered(one, { keys: () => key, app: 'live', file }));
    for (const one of all) one.on((event) => events.push(event));
    return new ProviderChain([...all, new MemoryProvider(defaults, { name: 'defaults' })]);
  };
  const written = async (version: number | undefined): Promise<void> => {
    const all = providers();
    await Promise.all(
      all.flatMap((one, i) => {
        const store = stores[i] as string;
        const values = Object.entries(valuesOf(version ?? 0)[store] as Record<string, string>);
        return values.map(([field, value]) =>
          version === undefined ? one.delete(`${store}.${field}`) : one.set(`${store}.${field}`, value),
        );
      }),
    );
    await Promise.all(all.map((one) => one.close?.()));
  };

  await written(1);
  const first = start();
  const firstConfig = await loadConfig(schema, first);
  expect(firstConfig.value).toEqual(valuesOf(1));
  await firstConfig.close();
  await first.close();

  await serve('down', ...servers);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const chain = start();
    const from = performance.now();
    const config = await loadConfig(schema, chain);
    times.push(performance.now() - from);
    expect(config.value).toEqual(valuesOf(1));
    for (const store of stores) {
      const text = String(config.explain(`${store}.password`));
      expect(text).toContain('(snapshot)');
      expect(text).not.toContain('fake-');
    }
    await config.close();
    await chain.close();
  }
  const [cold, ...warm] = times.map(Math.round);
  console.log(`start with four dead stores: ${cold} ms, then ${Math.min(...warm)} ms`);
  expect(new Set(events.filter(({ type }) => type === 'stale').map(({ provider }) => provider)).size).toBe(4);
  const second = start();
  const config = await loadConfig(schema, second);
  const reloaded = config.reload().then(
    () => 'reloaded',
    ({ code }: { code: string }) => code,
  );
  expect(await reloaded).toBe('unavailable');
  expect(config.value).toEqual(valuesOf(1));

  await serve('up', ...servers);
  const isWritten = (): Promise<boolean> =>
    written(2).then(
      () => true,
      () => false, // a server that is up may take a moment
    );
  await until(isWritten);
  await expect
    .poll(
      () =>
        config.reload().then(
          () => config.value,
          () => undefined,
        ),
      { timeout: 15_000 },
    )
    .toEqual(valuesOf(2));
  expect(String(config.explain('vault.password'))).not.toContain('(snapshot)');
  await config.close();
  await second.close();

  await written(undefined);
  const third = start();
  const wiped = await loadConfig(schema, third);
  expect(wiped.value).toEqual(defaults); // absent is absent: a new process has no generation to compare with
  await wiped.close();
  await third.close();
  const vanished = events.filter(({ type }) => type === 'vanished');
  expect(vanished.map(({ provider }) => provider).sort()).toEqual(
    third.providers
      .slice(0, 4)
      .map((one) => one.name)
      .sort(),
  );
  expect(vanished[0]).toMatchObject({
    all: true,
    keys: expect.arrayContaining([expect.stringMatching(/\.password$/)]),
  });
  const shown = await llmConfig(['snapshot', 'show', `${file}.before`, 'vault.password'], {
    env: { LLM_CONFIG_KEY: key },
  });
  expect(shown.out).toBe('fake-vault-2');
}, 120_000);
