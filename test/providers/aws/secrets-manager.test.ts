// AwsSecretsManagerProvider, with the real SDK against the HTTP server in `server.ts`.
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { ConfigEvent } from '../../../src/events.ts';
import {
  type AwsSecretsManagerOptions,
  AwsSecretsManagerProvider,
} from '../../../src/providers/aws/index.ts';
import { AwsServer, account, arn } from './server.ts';

let server: AwsServer;
beforeEach(async () => {
  server = await AwsServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const quick = { attempts: 1, timeoutMs: 2_000, breaker: false } as const;
const manager = (options: Partial<AwsSecretsManagerOptions> = {}): AwsSecretsManagerProvider => {
  const where = options.secrets ? {} : { path: 'acme/inference/' };
  return new AwsSecretsManagerProvider({
    ...where,
    endpoint: server.endpoint,
    ...account,
    resilience: quick,
    ...options,
  });
};

describe('AwsSecretsManagerProvider with a path', () => {
  it('one request reads all fields of a secret', async () => {
    server.putSecret(
      'acme/inference/database',
      '{"user":"app","password":"not-a-real-one","pool":{"max":5}}',
    );
    const provider = manager();
    const found = await Promise.all(
      ['database.user', 'database.password', 'database.pool.max'].map((key) => provider.get(key)),
    );
    expect(found.map((entry) => entry?.value)).toEqual(['app', 'not-a-real-one', 5]);
    expect(found[1]).toMatchObject({ secret: true, text: true });
    expect(String(found[1]?.origin)).toMatch(
      /^aws-secrets-manager acme\/inference\/database#password \(version 0{8}-/,
    );
    expect(server.calls).toHaveLength(1);
  });

  it('a key is looked up in its own secret and all secrets above, in one batch', async () => {
    server.putSecret('acme/inference/a', '{"b":{"c":"in a"}}');
    server.putSecret('acme/inference/x/y', '{"z":"in x/y"}');
    server.putSecret('acme/inference/k/l/m', 'alone');
    const provider = manager();
    expect((await provider.get('a.b.c'))?.value).toBe('in a');
    expect((await provider.get('x.y.z'))?.value).toBe('in x/y');
    expect((await provider.get('k.l.m'))?.value).toBe('alone');
    expect(server.calls.map(({ operation }) => operation)).toEqual([
      'BatchGetSecretValue',
      'BatchGetSecretValue',
      'BatchGetSecretValue',
    ]);
  });

  it('two secrets with different values for a key are a conflict that names both', async () => {
    server.putSecret('acme/inference/a', '{"b":"one"}');
    server.putSecret('acme/inference/a/b', 'two');
    await expect(manager().get('a.b')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/acme\/inference\/a#b.*acme\/inference\/a\/b/),
    });
  });

  it('getMany reads batches of twenty, and a denied secret affects no other', async () => {
    for (let i = 0; i < 45; i++) server.putSecret(`acme/inference/key${i}`, `value ${i}`);
    server.refused
      .set('acme/inference/key7', 'DecryptionFailure')
      .set('acme/inference/key8', 'AccessDeniedException');
    const found = await manager().getMany(Array.from({ length: 45 }, (_, i) => `key${i}`));
    expect(server.count('BatchGetSecretValue')).toBe(3);
    expect(found.get('key6')).toMatchObject({ value: 'value 6' });
    expect(found.get('key7')).toMatchObject({ code: 'crypto' });
    expect(found.get('key8')).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('Allow secretsmanager:GetSecretValue on acme/inference/key8'),
    });
  });

  it('with batches denied, secrets are read one by one after a single notice', async () => {
    for (let i = 0; i < 3; i++) server.putSecret(`acme/inference/key${i}`, 'x');
    server.faults = [{ operation: 'BatchGetSecretValue', name: 'AccessDeniedException' }];
    const provider = manager({ cache: false });
    const notices: ConfigEvent[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event));
    for (let round = 0; round < 3; round++) {
      const found = await provider.getMany(['key0', 'key1', 'key2']);
      expect([...found.values()].every((entry) => (entry as { value: string }).value === 'x')).toBe(true);
    }
    expect(server.count('BatchGetSecretValue')).toBe(1);
    expect(notices).toMatchObject([
      { message: expect.stringContaining('secretsmanager:BatchGetSecretValue') },
    ]);
  });

  it('list reads all pages, without deleted secrets and those outside the path', async () => {
    for (let i = 0; i < 25; i++) server.putSecret(`acme/inference/key${i}`, 'x');
    server.putSecret('acme/other', 'x');
    server.putSecret('acme/inference/', 'odd');
    server.deleted.add('acme/inference/key3');
    const items = await manager().list();
    expect(items).toHaveLength(24);
    expect(server.count('ListSecrets')).toBe(3);
    expect(server.count('BatchGetSecretValue')).toBe(2);
  });

  it('an undecryptable secret is a hole in a list', async () => {
    server.putSecret('acme/inference/good', 'x');
    server.putSecret('acme/inference/bad', 'x');
    server.refused.set('acme/inference/bad', 'DecryptionFailure');
    expect(
      (await manager().list()).map((item) => [item.key, 'error' in item ? item.error.code : item.value]),
    ).toEqual(
      expect.arrayContaining([
        ['good', 'x'],
        ['bad', 'crypto'],
      ]),
    );
  });

  it('a binary secret is base64', async () => {
    server.putSecret('acme/inference/blob', Buffer.from([0, 255, 1]).toString('base64'), { binary: true });
    expect(await manager().get('blob')).toMatchObject({ value: 'AP8B', metadata: { type: 'binary' } });
  });

  it('stages and versions of a secret are cached separately', async () => {
    const first = server.putSecret('acme/inference/key', 'one');
    server.putSecret('acme/inference/key', 'two');
    server.putSecret('acme/inference/key', 'three', { stage: 'AWSPENDING' });
    const provider = manager();
    expect((await provider.get('key'))?.value).toBe('two');
    expect((await provider.get('key', { version: 'AWSPREVIOUS' }))?.value).toBe('one');
    expect((await provider.get('key', { version: 'AWSPENDING' }))?.value).toBe('three');
    expect((await provider.get('key', { version: first }))?.value).toBe('one');
    expect((await provider.get('key'))?.value).toBe('two');
    const pending = manager({ stage: 'AWSPENDING' });
    expect((await pending.get('key'))?.value).toBe('three');
    expect((await pending.getMany(['key', 'nothing'])).get('nothing')).toBeUndefined();
  });

  it('AwsSecretsManagerProvider creates, changes and deletes secrets', async () => {
    const provider = manager({ recoveryWindowDays: 7, kmsKeyId: 'alias/config' });
    await provider.set('llm', { apiKey: 'not-a-real-one' });
    expect(server.calls.at(-1)).toMatchObject({
      operation: 'CreateSecret',
      input: { KmsKeyId: 'alias/config', ClientRequestToken: expect.stringMatching(/^[\w-]{32,64}$/) },
    });
    await provider.set('llm', { apiKey: 'not-a-real-one', model: 'large' });
    await provider.set('llm.model', 'small');
    expect(server.calls.at(-1)).toMatchObject({
      operation: 'PutSecretValue',
      input: { SecretString: '{"apiKey":"not-a-real-one","model":"small"}' },
    });
    expect((await provider.get('llm.model'))?.value).toBe('small');
    await provider.set('llm.region', 'eu');
    expect(server.calls.at(-1)).toMatchObject({
      operation: 'CreateSecret',
      input: { Name: 'acme/inference/llm/region', SecretString: 'eu' },
    });
    await provider.set('plain', 'text');
    const patient = manager();
    await patient.set('other', 'text');
    await patient.delete('other');
    expect(server.calls.at(-1)).toMatchObject({
      operation: 'DeleteSecret',
      input: { RecoveryWindowInDays: 30 },
    });
    expect(await provider.delete('plain')).toBe(true);
    expect(server.calls.at(-1)).toMatchObject({
      operation: 'DeleteSecret',
      input: { RecoveryWindowInDays: 7 },
    });
  });

  it('loadConfig reads 300 secrets in 15 batches', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `key${i}`);
    for (const name of names) server.putSecret(`acme/inference/${name}`, 'x');
    const provider = manager();
    await loadConfig(z.object(Object.fromEntries(names.map((name) => [name, z.string()]))), provider);
    expect(server.calls.map(({ operation }) => operation)).toEqual(
      Array.from({ length: 15 }, () => 'BatchGetSecretValue'),
    );
    expect(provider.stats().requests).toBe(15);
  });
});

describe('unusual responses of Secrets Manager', () => {
  const responding = (response: object) => manager({ client: { send: async () => response }, cache: false });

  it('a response without the secret or its value is unavailable, not absent', async () => {
    await expect(responding({}).get('a.b')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(responding({ Errors: [{}] }).get('a.b')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(responding({ Name: 'acme/inference/a' }).get('a')).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(responding({}).list()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await responding({ SecretList: [] }).list()).toEqual([]);
  });

  it('list skips an entry without a name', async () => {
    const client = {
      send: async (command: object) => (/^List/.test(command.constructor.name) ? { SecretList: [{}] } : {}),
    };
    expect(await manager({ client }).list()).toEqual([]);
  });

  it('list below a prefix without a secret name reads the secrets above', async () => {
    server.putSecret('acme/inference/hosts', '{"a b":{"port":1}}');
    expect((await manager().list('hosts."a b"')).map((item) => item.key)).toEqual(['hosts."a b"']);
    expect(server.count('ListSecrets')).toBe(0);
  });

  it('set rejects with conflict if the secret was created concurrently', async () => {
    server.faults = [{ operation: 'CreateSecret', name: 'ResourceExistsException', times: 1 }];
    server.putSecret('acme/inference/other', 'x');
    const provider = manager();
    server.putSecret('acme/inference/key', 'theirs', { stage: 'AWSPENDING' });
    await expect(provider.set('key', 'ours')).rejects.toMatchObject({ code: 'conflict' });
    expect(server.count('PutSecretValue')).toBe(0);
  });

  it('a denied creation names the action to allow', async () => {
    server.faults = [{ operation: 'CreateSecret', name: 'AccessDeniedException' }];
    await expect(manager().set('key', 'x')).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('Allow secretsmanager:CreateSecret on acme/inference/key'),
    });
    expect(server.count('DescribeSecret')).toBe(0);
  });
});

describe('a secret that is scheduled for deletion', () => {
  it('a secret that is scheduled for deletion is absent, and set restores it', async () => {
    server.putSecret('acme/inference/key', 'x');
    const provider = manager();
    await provider.delete('key');
    expect(await provider.get('key')).toBeUndefined();
    expect((await provider.getMany(['key', 'other'])).get('key')).toBeUndefined();
    await provider.set('key', 'again');
    expect(server.calls.slice(-3).map(({ operation }) => operation)).toEqual([
      'DescribeSecret',
      'RestoreSecret',
      'PutSecretValue',
    ]);
    expect((await provider.get('key'))?.value).toBe('again');
    await expect(
      manager({
        client: {
          send: () => Promise.reject(Object.assign(new Error(), { name: 'ResourceExistsException' })),
        },
      }).set('key', 'x'),
    ).rejects.toMatchObject({ code: 'conflict' });
  });

  it('a throttled set that has restored a secret keeps no field of before', async () => {
    server.putSecret('acme/inference/llm', '{"apiKey":"not-a-real-one","endpoint":"old"}');
    server.deleted.add('acme/inference/llm');
    const provider = manager({
      resilience: { ...quick, attempts: 2, backoff: { initialMs: 1, maxMs: 1 } },
      secrets: { 'llm.apiKey': 'acme/inference/llm#apiKey' },
    });
    server.faults = [{ operation: 'PutSecretValue', name: 'ThrottlingException', times: 1 }];
    await provider.set('llm.apiKey', 'not-a-real-two');
    expect(server.count('PutSecretValue')).toBe(2);
    expect(server.secrets.get('acme/inference/llm')?.at(-1)?.value).toBe('{"apiKey":"not-a-real-two"}');
  });
});

describe('options of AwsSecretsManagerProvider', () => {
  it('a path without a trailing slash is one secret', async () => {
    server.putSecret('prod/app', '{"db":{"host":"x"},"port":5}');
    const provider = manager({ path: 'prod/app' });
    expect((await provider.get('db.host'))?.value).toBe('x');
    expect((await provider.list()).map((item) => item.key)).toEqual(['']);
    expect(server.count('ListSecrets')).toBe(0);
  });

  it('an ARN without its end is not that of a secret with a longer name', async () => {
    server.putSecret('prod/tls', 'pem');
    server.putSecret('prod/tls-other', 'of another');
    const same = arn('prod/tls').slice(0, -7);
    const provider = manager({ secrets: { same, other: 'prod/tls-other' } });
    const found = await provider.getMany(['same', 'other']);
    expect([...found.values()]).toMatchObject([{ value: 'pem' }, { value: 'of another' }]);
  });

  it('the option secrets accepts names, fields and ARNs', async () => {
    server.putSecret('prod/llm', '{"apiKey":"not-a-real-one"}');
    server.putSecret('prod/tls', 'pem');
    const provider = manager({
      secrets: {
        'llm.apiKey': 'prod/llm#apiKey',
        text: 'prod/llm#',
        tls: arn('prod/tls'),
        same: arn('prod/tls').slice(0, -7),
      },
    });
    const found = await provider.getMany(['llm.apiKey', 'text', 'tls', 'same', 'other']);
    expect([...found.values()].map((entry) => (entry as { value?: unknown } | undefined)?.value)).toEqual([
      'not-a-real-one',
      '{"apiKey":"not-a-real-one"}',
      'pem',
      'pem',
      undefined,
    ]);
  });

  it('list skips secrets with invalid key names and emits a notice', async () => {
    server.putSecret('acme/inference/good', 'x');
    server.putSecret('acme/inference/prototype', 'x');
    const provider = manager();
    const notices: string[] = [];
    provider.on((event) => event.type === 'notice' && notices.push(event.message));
    expect((await provider.list()).map((item) => item.key)).toEqual(['good']);
    expect(notices).toEqual([expect.stringContaining('"acme/inference/prototype" is skipped')]);
  });

  it('set writes to the stage that the provider reads', async () => {
    server.putSecret('acme/inference/key', 'one', { stage: 'AWSPENDING' });
    await manager({ stage: 'AWSPENDING' }).set('key', 'two');
    expect(server.calls.at(-1)).toMatchObject({
      operation: 'PutSecretValue',
      input: { VersionStages: ['AWSPENDING'] },
    });
  });

  it('AwsSecretsManagerProvider requires one of path and secrets', () => {
    expect(() => manager({ path: 'a', secrets: { a: 'b' } })).toThrow(/exactly one of path, secrets/);
    expect(() => new AwsSecretsManagerProvider({ ...account })).toThrow(/exactly one of path, secrets/);
    expect(() => manager({ recoveryWindowDays: 1 })).toThrow(
      /recoveryWindowDays must be a whole number from 7 to 30/,
    );
  });
});

describe('failures of Secrets Manager', () => {
  it.each([
    ['ResourceNotFoundException', undefined],
    ['AccessDeniedException', 'access_denied'],
    ['DecryptionFailure', 'crypto'],
    ['InternalServiceError', 'unavailable'],
  ])('Secrets Manager failing with %s is %s and leaks no message', async (name, code) => {
    server.faults = [{ name }];
    const outcome = await manager()
      .get('key')
      .catch((error: unknown) => error);
    expect((outcome as { code?: string } | undefined)?.code).toBe(code);
    expect(inspect(outcome, { depth: null, showHidden: true })).not.toContain('not-a-real');
  });

  it('an injected client is not replaced after a refusal', async () => {
    const client = {
      send: () => Promise.reject(Object.assign(new Error('x'), { name: 'ExpiredTokenException' })),
    };
    const provider = manager({ client });
    await expect(provider.get('key')).rejects.toMatchObject({ code: 'unauthenticated' });
    await provider.close();
  });
});
