// The AWS providers against an emulator, with the official SDK. `npm run test:live`.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer as bytes } from 'node:stream/consumers';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  DeleteParameterCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import * as runner from 'vitest';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ProviderChain } from '../../src/chain/chain.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { segments } from '../../src/key.ts';
import { AwsSecretsManagerProvider, AwsSsmProvider, kmsKey } from '../../src/providers/aws/index.ts';
import { EncryptedFileProvider } from '../../src/providers/encrypted-file/index.ts';
import { describeProvider, type Subject } from '../../src/testing/index.ts';
import type { ConfigValue } from '../../src/value.ts';

const endpoint = process.env.LIVE_AWS_ENDPOINT as string;
const account = {
  endpoint,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'not-a-real-id', secretAccessKey: 'not-a-real-secret-key' },
};
// the emulator injects no faults, so a gate in front of it does
const resilience = {
  timeoutMs: 1_500,
  deadlineMs: 3_000,
  backoff: { initialMs: 1, maxMs: 2 },
  breaker: { failures: 20, resetMs: 1 },
};
const limits = { concurrency: 16, perSecond: 100_000 };
const ssm = new SSMClient(account);
const manager = new SecretsManagerClient(account);
const kms = new KMSClient(account);
afterAll(() => {
  for (const client of [ssm, manager, kms]) client.destroy();
});

const unique = (): string => randomUUID().slice(0, 8);

const without = {
  expiry: 'AWS values do not expire',
  closing: 'closing a client cannot fail',
  damage: 'the emulator cannot make a single key fail',
  notice: 'AWS reports no changes',
  compares: 'AWS cannot compare',
};

const faults: Readonly<Record<string, { status: number; type?: string }>> = {
  denied: { status: 400, type: 'AccessDeniedException' },
  throttled: { status: 400, type: 'ThrottlingException' },
  unavailable: { status: 500, type: 'InternalServerError' },
  garbage: { status: 200 }, // the real response, truncated
};

/** A proxy in front of the emulator that forwards requests, or fails as set. */
class Gate {
  #fault: string | undefined;
  #requests = 0;
  readonly #server = createServer(async (request, response) => {
    this.#requests++;
    if (this.#fault === 'hang') return;
    const fault = this.#fault === undefined ? undefined : faults[this.#fault];
    if (fault?.type)
      return void response
        .writeHead(fault.status)
        .end(JSON.stringify({ __type: fault.type, message: 'unused' }));
    const { host: _, connection: __, ...headers } = request.headers as Record<string, string>;
    const reply = await fetch(endpoint, { method: 'POST', headers, body: await bytes(request) });
    const text = await reply.text();
    // the emulator fails where AWS documents this error
    const listing = headers['x-amz-target'] === 'secretsmanager.ListSecretVersionIds';
    if (listing && reply.status === 500)
      return void response
        .writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify({ __type: 'ResourceNotFoundException', message: 'unused' }));
    response
      .writeHead(reply.status, { 'content-type': 'application/x-amz-json-1.1' })
      .end(fault ? text.slice(0, -4) : text);
  });

  static async open(): Promise<Gate> {
    const gate = new Gate();
    await new Promise<void>((done) => gate.#server.listen(0, '127.0.0.1', done));
    return gate;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get levers(): Pick<Subject, 'fail' | 'requests' | 'dispose'> {
    return {
      fail: (fault) => {
        this.#fault = fault;
      },
      requests: () => this.#requests,
      dispose: () => {
        this.#server.closeAllConnections();
        this.#server.close();
      },
    };
  }
}

describeProvider({
  name: 'AwsSsmProvider, live',
  runner,
  make: async (values) => {
    const path = `/live/${unique()}`;
    const put = async (key: string, value: ConfigValue | undefined): Promise<string> => {
      const Name = `${path}/${segments(key).join('/')}`;
      if (value === undefined) {
        await ssm.send(new DeleteParameterCommand({ Name }));
        return '';
      }
      const list = Array.isArray(value);
      const input = {
        Name,
        Value: list ? value.join(',') : String(value),
        Type: list ? 'StringList' : 'SecureString',
        Overwrite: true,
      } as const;
      return String(Number((await ssm.send(new PutParameterCommand(input))).Version) - 1);
    };
    for (const [key, value] of Object.entries(values)) await put(key, value);
    const gate = await Gate.open();
    return {
      ...gate.levers,
      provider: new AwsSsmProvider({ path, ...account, endpoint: gate.endpoint, limits, resilience }),
      change: async (key, value) => void (await put(key, value)),
      rotate: put,
    };
  },
  without: {
    ...without,
    types: 'a parameter is text, or a list of texts',
    null: 'a parameter is text',
    empty: 'SSM refuses an empty parameter',
  },
});

describeProvider({
  name: 'AwsSecretsManagerProvider, live',
  runner,
  make: async (values) => {
    const path = `live/${unique()}/`;
    const current = new Map<string, string>();
    const put = async (key: string, value: ConfigValue | undefined): Promise<string> => {
      const name = path + segments(key).join('/');
      const before = current.get(name) ?? '';
      if (value === undefined) {
        await manager.send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }));
        current.delete(name);
        return before;
      }
      const content = { SecretString: typeof value === 'string' ? value : JSON.stringify(value) };
      const made = before
        ? await manager.send(new PutSecretValueCommand({ SecretId: name, ...content }))
        : await manager.send(new CreateSecretCommand({ Name: name, ...content }));
      current.set(name, made.VersionId as string);
      return before;
    };
    for (const [key, value] of Object.entries(values)) await put(key, value);
    const gate = await Gate.open();
    return {
      ...gate.levers,
      provider: new AwsSecretsManagerProvider({
        path,
        ...account,
        endpoint: gate.endpoint,
        limits,
        resilience,
      }),
      change: async (key, value) => void (await put(key, value)),
      rotate: put,
    };
  },
  without: {
    ...without,
    types: 'a secret without JSON text is text',
    null: 'a secret without JSON text is text',
    empty: 'the emulator refuses an empty secret',
  },
});

describe('AwsSsmProvider, live', () => {
  it('AwsSsmProvider reads versions and labels', async () => {
    const Name = `/live/${unique()}/model`;
    for (const Value of ['one', 'two'])
      await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
    await ssm.send(new LabelParameterVersionCommand({ Name, ParameterVersion: 1, Labels: ['live'] }));
    const provider = new AwsSsmProvider({ path: Name.slice(0, -6), ...account });
    expect((await provider.get('model'))?.value).toBe('two');
    expect((await provider.get('model', { version: '1' }))?.value).toBe('one');
    expect((await provider.get('model', { version: 'live' }))?.value).toBe('one');
    expect((await provider.get('model'))?.value).toBe('two');
    await provider.close();
  });

  it('list reads a thousand parameters in a hundred calls', { timeout: 120_000 }, async () => {
    const path = `/live/${unique()}`;
    const put = (i: number) =>
      ssm.send(new PutParameterCommand({ Name: `${path}/key${i}`, Value: `${i}`, Type: 'String' }));
    for (let i = 0; i < 1_000; i += 50) await Promise.all(Array.from({ length: 50 }, (_, n) => put(i + n)));
    const provider = new AwsSsmProvider({ path, ...account, limits });
    expect(await provider.list()).toHaveLength(1_000);
    expect(provider.stats().requests).toBeLessThanOrEqual(101); // the emulator ends with an empty page
    await provider.refresh();
    const before = provider.stats().requests;
    const Schema = z.object(
      Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`key${i}`, z.string()])),
    );
    await loadConfig(Schema, new ProviderChain([provider], { closeProviders: false }));
    expect(provider.stats().requests - before).toBe(100);
    await provider.close();
  });
});

describe('AwsSecretsManagerProvider, live', () => {
  it('fifty readers see either the old or the new secret during a rotation', async () => {
    const name = `live/${unique()}`;
    const secret = (n: number) => JSON.stringify({ user: `user-${n}`, password: `not-a-real-one-${n}` });
    const first = await manager.send(new CreateSecretCommand({ Name: name, SecretString: secret(1) }));
    const provider = new AwsSecretsManagerProvider({
      secrets: { db: name },
      ...account,
      cache: { ttlMs: 50 },
    });
    const seen = new Set<string>();
    let reading = true;
    const readers = Array.from({ length: 50 }, async () => {
      while (reading) {
        const items = await provider.list('db', { maxAgeMs: 0 });
        const value = (items[0] as unknown as { value: { user: string; password: string } }).value;
        expect(value.user.at(-1)).toBe(value.password.at(-1));
        seen.add(value.user);
      }
    });
    const pending = await provider.setStaged('db', JSON.parse(secret(2)), 'AWSPENDING');
    expect((await provider.get('db.user', { version: 'AWSPENDING' }))?.value).toBe('user-2');
    expect((await provider.get('db.user', { maxAgeMs: 0 }))?.value).toBe('user-1');
    await provider.moveStage('db', 'AWSCURRENT', { from: first.VersionId as string, to: pending });
    await provider.moveStage('db', 'AWSPENDING', { from: pending });
    const late = provider.moveStage('db', 'AWSCURRENT', { from: first.VersionId as string, to: pending });
    await expect(late).rejects.toMatchObject({ code: 'conflict' });
    expect((await provider.get('db.user'))?.value).toBe('user-2');
    expect((await provider.get('db.user', { version: 'AWSPREVIOUS' }))?.value).toBe('user-1');
    reading = false;
    await Promise.all(readers);
    expect([...seen].sort()).toEqual(['user-1', 'user-2']);
    await provider.close();
  });

  it('loadConfig reads 300 secrets in 15 calls', { timeout: 120_000 }, async () => {
    const path = `live/${unique()}/`;
    const names = Array.from({ length: 300 }, (_, i) => `key${i}`);
    for (let i = 0; i < 300; i += 50)
      await Promise.all(
        names
          .slice(i, i + 50)
          .map((name) => manager.send(new CreateSecretCommand({ Name: path + name, SecretString: name }))),
      );
    const provider = new AwsSecretsManagerProvider({ path, ...account, limits });
    const config = await loadConfig(
      z.object(Object.fromEntries(names.map((name) => [name, z.string()]))),
      provider,
    );
    expect(Object.values(config.value)).toEqual(names);
    expect(provider.stats().requests).toBe(15);
    await provider.close();
  });

  it('AwsSecretsManagerProvider reads binary secrets as base64', async () => {
    const name = `live/${unique()}`;
    await manager.send(new CreateSecretCommand({ Name: name, SecretBinary: new Uint8Array([0, 255, 1]) }));
    const provider = new AwsSecretsManagerProvider({ secrets: { blob: name }, ...account });
    expect((await provider.get('blob'))?.value).toBe('AP8B');
    await provider.close();
  });
});

describe('kmsKey, live', () => {
  it('kmsKey protects the key of an encrypted file', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const folder = await mkdtemp(join(tmpdir(), 'kms-'));
    try {
      const options = {
        path: join(folder, 'secrets.json.jwe'),
        format: 'json',
        context: 'live',
        keys: kmsKey({ keyId: KeyMetadata?.KeyId as string, encryptionContext: { app: 'acme' }, ...account }),
      } as const;
      const writer = new EncryptedFileProvider({ ...options, optional: true });
      await writer.set('db.password', 'not-a-real-one');
      expect((await new EncryptedFileProvider(options).get('db.password'))?.value).toBe('not-a-real-one');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
