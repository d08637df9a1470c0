// The three stores with their providers: an encrypted file on disk, and the real clients in front of fake
// servers.

import { EncryptedFileProvider } from 'llm-config-manager/encrypted-file';
import { sandbox } from 'llm-config-manager/testing';
import { describe, expect, it } from 'vitest';
import { fileStore, kvStore, secretsManagerStore } from '../../../src/extensions/rotation/index.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider } from '../../../src/providers/aws/index.ts';
import { MemoryProvider } from '../../../src/providers/memory.ts';
import { token, VaultProvider } from '../../../src/providers/vault/index.ts';
import { AwsServer, account } from '../../providers/aws/server.ts';
import { fakeVault, providerOf } from '../../providers/vault/setup.ts';
import { code } from '../../support/sheltering.ts';
import { firstSecret, itRotates, type Opened } from './conformance.ts';

const keys = (): string => Buffer.alloc(32, 7).toString('hex');

describe('fileStore', () => {
  itRotates(async (): Promise<Opened> => {
    const box = await sandbox();
    const path = box.path('secrets.json.jwe');
    const [file, second] = [1, 2].map(() => new EncryptedFileProvider({ path, keys })) as [
      EncryptedFileProvider,
      EncryptedFileProvider,
    ];
    await file.edit(() => JSON.stringify({ db: firstSecret, other: 'kept' }));
    const treeOf = async (): Promise<Record<string, never>> => {
      let text = '';
      await second.edit((now) => (text = now));
      return JSON.parse(text);
    };
    return {
      store: fileStore(file, 'db'),
      other: fileStore(second, 'db'),
      edit: async (db) => {
        const now = await treeOf();
        await second.edit(() => JSON.stringify({ ...now, db }));
      },
      current: async () => (await treeOf()).db,
      close: async () => {
        expect((await treeOf()).other).toBe('kept');
        await box[Symbol.asyncDispose]();
      },
    };
  });

  it('fileStore keeps comments and works with a text', async () => {
    await using box = await sandbox();
    const file = new EncryptedFileProvider({ path: box.path('s.yaml.jwe'), keys });
    await file.edit(() => '# who may read this\ntoken: fake-first # of the gateway\n');
    const store = fileStore(file, 'token');
    await store.putPending('fake-next', (await store.read()).version);
    const { pending, current } = await store.read();
    await store.promote(pending as never, current, { at: 5 });
    expect((await file.get('token'))?.value).toBe('fake-next');
    let text = '';
    await file.edit((now) => (text = now));
    expect(text).toMatch(/^# who may read this\ntoken: fake-next # of the gateway\n/);
  });

  it('fileStore refuses a missing secret, and a key of another meaning', async () => {
    await using box = await sandbox();
    const file = new EncryptedFileProvider({ path: box.path('s.json.jwe'), keys });
    await file.edit(() => '{ "db": "fake", "rotation": { "db": "of the earth" } }');
    expect(await code(fileStore(file, 'none').read())).toBe('not_found');
    expect(await code(fileStore(file, 'db').read())).toBe('conflict');
  });
});

describe('kvStore', () => {
  const open = async (path: string): Promise<Opened> => {
    const vault = await fakeVault();
    const options = { address: vault.address, auth: token('root-token'), env: {} };
    const [one, two] = [1, 2].map(() => new VaultProvider({ ...options, path })) as [
      VaultProvider,
      VaultProvider,
    ];
    await two.setDocument('db', firstSecret);
    return {
      store: kvStore(one, 'db'),
      other: kvStore(two, 'db'),
      edit: (value) => two.setDocument('db', value),
      current: async () => (await two.getDocument('db', { maxAgeMs: 0 }))?.value,
      close: () => Promise.all([one.close(), two.close()]),
    };
  };
  itRotates(() => open('app/'));

  it('kvStore reads the kind of a schedule from the metadata of the secret', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault);
    await provider.set('db.password', 'fake', { metadata: { type: 'service_token' } });
    expect((await kvStore(provider, 'db').read()).type).toBe('service_token');
  });

  it('kvStore refuses a missing secret, a foreign record and version 1 of the engine', async () => {
    const vault = await fakeVault();
    const provider = providerOf(vault);
    expect(await code(kvStore(provider, 'none').read())).toBe('not_found');
    await provider.setDocument('db', firstSecret);
    await provider.setDocument('rotation.db', { of: 'the earth' });
    expect(await code(kvStore(provider, 'db').read())).toBe('conflict');
    expect((await kvStore(provider, 'db', { record: 'orchestrator.db' }).read()).pending).toBeUndefined();
    const first = providerOf(vault, { secrets: { db: 'kv1/db', 'rotation.db': 'kv1/rotation-db' } });
    await first.setDocument('db', firstSecret);
    await expect(kvStore(first, 'db').read()).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('version 2 of the KV engine'),
    });
  });

  it('kvStore refuses providers that do not compare, by their type', () => {
    const ssm = new AwsSsmProvider({ path: '/app/', ...account });
    // @ts-expect-error Parameter Store does not compare
    expect(() => kvStore(ssm, 'db')).toThrow(expect.objectContaining({ code: 'invalid_option' }));
    // @ts-expect-error memory has no versions
    expect(() => kvStore(new MemoryProvider(), 'db')).toThrow(/does not compare/);
    // @ts-expect-error neither has a folder of files
    expect(() => fileStore(new MemoryProvider(), 'db')).toThrow(/in one step/);
    // @ts-expect-error Parameter Store has no stages
    expect(() => secretsManagerStore(ssm, 'db')).toThrow(/no setStaged/);
  });
});

describe('secretsManagerStore', () => {
  const open = async (): Promise<Opened & { readonly server: AwsServer }> => {
    const server = await AwsServer.start();
    server.putSecret('app/db', JSON.stringify(firstSecret));
    const options = { path: 'app/', endpoint: server.endpoint, ...account };
    const [one, two] = [1, 2].map(() => new AwsSecretsManagerProvider(options)) as [
      AwsSecretsManagerProvider,
      AwsSecretsManagerProvider,
    ];
    return {
      server,
      store: secretsManagerStore(one, 'db'),
      other: secretsManagerStore(two, 'db'),
      edit: (value) => two.setDocument('db', value),
      current: async () => (await two.getDocument('db', { maxAgeMs: 0 }))?.value,
      close: async () => {
        await Promise.all([one.close(), two.close()]);
        await server[Symbol.asyncDispose]();
      },
    };
  };
  itRotates(open);

  it('secretsManagerStore leaves its stages on the current version only', async () => {
    const { store, server, close } = await open();
    for (const n of [1, 2, 3]) {
      await store.putPending({ ...firstSecret, password: `fake-${n}` }, (await store.read()).version);
      const { pending, current } = await store.read();
      await store.promote(pending as never, current, { at: n });
      const { previous } = await store.read();
      await store.dropPrevious(previous as never);
    }
    const stages = server.secrets
      .get('app/db')
      ?.map((version) => version.stages.map((one) => one.split('/')[0]));
    expect(stages?.slice(0, -1).flat()).toEqual([]);
    expect(stages?.at(-1)?.sort()).toEqual(['AWSCURRENT', 'rotation-at', 'rotation-from']);
    await close?.();
  });

  it('secretsManagerStore refuses a secret that does not exist', async () => {
    const { close, server } = await open();
    const none = new AwsSecretsManagerProvider({ path: 'app/', endpoint: server.endpoint, ...account });
    expect(await code(secretsManagerStore(none, 'none').read())).toBe('not_found');
    await none.close();
    await close?.();
  });
});
