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

describe('secrets below a path', () => {
  it('are documents: one request for all fields of one', async () => {
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

  it('are looked for at the key and at each key above it, in one batch', async () => {
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

  it('that say two things of one key are a conflict naming both, in a look-up and in the tree', async () => {
    server.putSecret('acme/inference/a', '{"b":"one"}');
    server.putSecret('acme/inference/a/b', 'two');
    await expect(manager().get('a.b')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/acme\/inference\/a#b.*acme\/inference\/a\/b/),
    });
  });

  it('are read twenty at a time, and each is refused alone', async () => {
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

  it('may be read one by one where batches are denied, which is said once', async () => {
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

  it('are listed, all pages, without those that are deleted or beside the path', async () => {
    for (let i = 0; i < 25; i++) server.putSecret(`acme/inference/key${i}`, 'x');
    server.putSecret('acme/other', 'x');
    server.putSecret('acme/inference/', 'odd');
    server.deleted.add('acme/inference/key3');
    const items = await manager().list();
    expect(items).toHaveLength(24);
    expect(server.count('ListSecrets')).toBe(3);
    expect(server.count('BatchGetSecretValue')).toBe(2);
  });

  it('that cannot be read are holes in a list', async () => {
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

  it('are base64 where they are binary', async () => {
    server.putSecret('acme/inference/blob', Buffer.from([0, 255, 1]).toString('base64'), { binary: true });
    expect(await manager().get('blob')).toMatchObject({ value: 'AP8B', metadata: { type: 'binary' } });
  });

  it('have stages and version ids, which never answer for each other', async () => {
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

  it('are created, changed field by field, and deleted with a time to restore them', async () => {
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

  it('are read by what a schema wants: 300 secrets are 15 batches, as predicted', async () => {
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

describe('an answer of Secrets Manager', () => {
  const answering = (answer: object) => manager({ client: { send: async () => answer }, cache: false });

  it('that leaves a secret or its value out is no absence and no empty text', async () => {
    await expect(answering({}).get('a.b')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(answering({ Errors: [{}] }).get('a.b')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(answering({ Name: 'acme/inference/a' }).get('a')).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(answering({}).list()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await answering({ SecretList: [] }).list()).toEqual([]);
  });

  it('may name no secret, which is left out', async () => {
    const client = {
      send: async (command: object) => (/^List/.test(command.constructor.name) ? { SecretList: [{}] } : {}),
    };
    expect(await manager({ client }).list()).toEqual([]);
  });

  it('is not waited for below what can have no name, but fields of a secret above are found', async () => {
    server.putSecret('acme/inference/hosts', '{"a b":{"port":1}}');
    expect((await manager().list('hosts."a b"')).map((item) => item.key)).toEqual(['hosts."a b"']);
    expect(server.count('ListSecrets')).toBe(0);
  });

  it('to a creation that lost its race is a conflict, unless the secret only waits for its deletion', async () => {
    server.faults = [{ operation: 'CreateSecret', name: 'ResourceExistsException', times: 1 }];
    server.putSecret('acme/inference/other', 'x');
    const provider = manager();
    server.putSecret('acme/inference/key', 'theirs', { stage: 'AWSPENDING' });
    await expect(provider.set('key', 'ours')).rejects.toMatchObject({ code: 'conflict' });
    expect(server.count('PutSecretValue')).toBe(0);
  });

  it('to a creation that is denied says what to allow', async () => {
    server.faults = [{ operation: 'CreateSecret', name: 'AccessDeniedException' }];
    await expect(manager().set('key', 'x')).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('Allow secretsmanager:CreateSecret on acme/inference/key'),
    });
    expect(server.count('DescribeSecret')).toBe(0);
  });
});

describe('a secret that waits for its deletion', () => {
  it('is absent, alone and in a batch, and is restored when it is written again', async () => {
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
});

describe('one secret, or a map of them', () => {
  it('is read whole where the path has no slash at its end', async () => {
    server.putSecret('prod/app', '{"db":{"host":"x"},"port":5}');
    const provider = manager({ path: 'prod/app' });
    expect((await provider.get('db.host'))?.value).toBe('x');
    expect((await provider.list()).map((item) => item.key)).toEqual(['']);
    expect(server.count('ListSecrets')).toBe(0);
  });

  it('names secrets, fields and ARNs, with and without their random characters', async () => {
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

  it('leaves names that are no keys out of a list, and says so', async () => {
    server.putSecret('acme/inference/good', 'x');
    server.putSecret('acme/inference/prototype', 'x');
    const provider = manager();
    const said: string[] = [];
    provider.on((event) => event.type === 'notice' && said.push(event.message));
    expect((await provider.list()).map((item) => item.key)).toEqual(['good']);
    expect(said).toEqual([expect.stringContaining('"acme/inference/prototype" is left out')]);
  });

  it('writes to the stage that it reads', async () => {
    server.putSecret('acme/inference/key', 'one', { stage: 'AWSPENDING' });
    await manager({ stage: 'AWSPENDING' }).set('key', 'two');
    expect(server.calls.at(-1)).toMatchObject({
      operation: 'PutSecretValue',
      input: { VersionStages: ['AWSPENDING'] },
    });
  });

  it('refuses both or neither', () => {
    expect(() => manager({ path: 'a', secrets: { a: 'b' } })).toThrow(/either path or secrets/);
    expect(() => new AwsSecretsManagerProvider({ ...account })).toThrow(/either path or secrets/);
    expect(() => manager({ recoveryWindowDays: 1 })).toThrow(
      /recoveryWindowDays must be a whole number from 7 to 30/,
    );
  });
});

describe('Secrets Manager that fails', () => {
  it.each([
    ['ResourceNotFoundException', undefined],
    ['AccessDeniedException', 'access_denied'],
    ['DecryptionFailure', 'crypto'],
    ['InternalServiceError', 'unavailable'],
  ])('with %s', async (name, code) => {
    server.faults = [{ name }];
    const answer = await manager()
      .get('key')
      .catch((error: unknown) => error);
    expect((answer as { code?: string } | undefined)?.code).toBe(code);
    expect(inspect(answer, { depth: null, showHidden: true })).not.toContain('not-a-real');
  });

  it('is asked anew with a new client after a refusal, but not through a client of one’s own', async () => {
    const client = {
      send: () => Promise.reject(Object.assign(new Error('x'), { name: 'ExpiredTokenException' })),
    };
    const provider = manager({ client });
    await expect(provider.get('key')).rejects.toMatchObject({ code: 'unauthenticated' });
    await provider.close();
  });
});
