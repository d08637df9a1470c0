// Stages of Secrets Manager that AwsSecretsManagerProvider writes and moves, with the real SDK against the
// HTTP server in `server.ts`.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsSecretsManagerProvider } from '../../../src/providers/aws/index.ts';
import { AwsServer, account } from './server.ts';

let server: AwsServer;
let secrets: AwsSecretsManagerProvider;
let first: string;
beforeEach(async () => {
  server = await AwsServer.start();
  first = server.putSecret('acme/database', '{"user":"app_a","password":"fake-1"}');
  const resilience = { attempts: 2, backoff: { initialMs: 1 }, breaker: false } as const;
  secrets = new AwsSecretsManagerProvider({
    path: 'acme/',
    endpoint: server.endpoint,
    ...account,
    resilience,
  });
});
afterEach(async () => {
  await secrets.close();
  await server[Symbol.asyncDispose]();
});
const next = { user: 'app_b', password: 'fake-2' };
const stages = async (): Promise<Record<string, readonly string[]>> =>
  Object.fromEntries(
    (await secrets.versions('database.user')).map(({ version, stages = [] }) => [version, stages]),
  );
const user = async (version?: string): Promise<unknown> =>
  (await secrets.get('database.user', version === undefined ? {} : { version }))?.value;

describe('setStaged', () => {
  it('writes a whole secret under a stage, and the current version stays', async () => {
    expect(await user()).toBe('app_a');
    const pending = await secrets.setStaged('database', next, 'AWSPENDING');
    expect(await stages()).toEqual({ [first]: ['AWSCURRENT'], [pending]: ['AWSPENDING'] });
    expect([await user(), await user('AWSPENDING'), await user(pending)]).toEqual([
      'app_a',
      'app_b',
      'app_b',
    ]);
    const [sent] = server.calls.filter(({ operation }) => operation === 'PutSecretValue');
    expect(sent?.input).toMatchObject({ SecretString: JSON.stringify(next), VersionStages: ['AWSPENDING'] });
  });

  it('sends a throttled request again with the same token', async () => {
    server.faults = [{ operation: 'PutSecretValue', name: 'ThrottlingException', times: 1 }];
    await secrets.setStaged('database', next, 'AWSPENDING');
    const tokens = server.calls.flatMap(({ operation, input }) =>
      operation === 'PutSecretValue' ? [input.ClientRequestToken] : [],
    );
    expect(tokens.length).toBe(2);
    expect(new Set(tokens).size).toBe(1);
  });

  it('refuses the key of a field, a missing secret and an aborted call', async () => {
    const mapped = new AwsSecretsManagerProvider({
      secrets: { password: 'acme/database#password' },
      endpoint: server.endpoint,
      ...account,
    });
    await expect(mapped.setStaged('password', 'fake', 'AWSPENDING')).rejects.toMatchObject({
      code: 'invalid_key',
      key: 'password',
    });
    await mapped.close();
    await expect(secrets.setStaged('none', next, 'AWSPENDING')).rejects.toMatchObject({ code: 'not_found' });
    const aborted = secrets.setStaged('database', next, 'AWSPENDING', { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('has no value in the error of a write that may have arrived', async () => {
    server.faults = [{ operation: 'PutSecretValue', cut: true }];
    const error = await secrets.setStaged('database', next, 'AWSPENDING').catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/database may have been written/),
    });
    expect(JSON.stringify(error)).not.toContain('fake-2');
  });
});

describe('moveStage', () => {
  it('makes a pending version the current one, which reads see at once', async () => {
    const pending = await secrets.setStaged('database', next, 'AWSPENDING');
    expect(await user()).toBe('app_a');
    await secrets.moveStage('database', 'AWSCURRENT', { from: first, to: pending });
    expect(await user()).toBe('app_b');
    await secrets.moveStage('database', 'AWSPENDING', { from: pending });
    expect(await stages()).toEqual({ [first]: ['AWSPREVIOUS'], [pending]: ['AWSCURRENT'] });
  });

  it('of two movers from one version, one fails with conflict and changes nothing', async () => {
    const [one, other] = [
      await secrets.setStaged('database', next, 'AWSPENDING'),
      await secrets.setStaged('database', next, 'AWSPENDING'),
    ];
    const moves = [one, other].map((to) => secrets.moveStage('database', 'AWSCURRENT', { from: first, to }));
    const [won, lost] = await Promise.allSettled(moves);
    expect(won?.status).toBe('fulfilled');
    expect(lost).toMatchObject({ reason: { code: 'conflict', provider: 'aws-secrets-manager' } });
    expect((await stages())[one]).toEqual(['AWSCURRENT']);
  });

  it('names the action that an IAM policy must allow', async () => {
    server.faults = [{ operation: 'UpdateSecretVersionStage', name: 'AccessDeniedException' }];
    await expect(secrets.moveStage('database', 'AWSCURRENT', { from: first })).rejects.toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('Allow secretsmanager:UpdateSecretVersionStage on acme/database'),
    });
  });
});
