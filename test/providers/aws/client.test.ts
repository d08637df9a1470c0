// Region, credentials, clock and output of the AWS SDK: the real SDK against the HTTP server in `server.ts`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsSecretsManagerProvider, AwsSsmProvider, kmsKey } from '../../../src/providers/aws/index.ts';
import { endless } from '../endless.ts';
import { AwsServer, account } from './server.ts';

const names = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
];
let folder: string;
let server: AwsServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aws-'));
  for (const name of names) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  server = await AwsServer.start();
  server.putParameter('/a/key', 'x');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
  await server[Symbol.asyncDispose]();
});

const unregioned = () =>
  ({ path: '/a', endpoint: server.endpoint, credentials: account.credentials, cache: false }) as const;

describe('a hostile AWS endpoint', () => {
  const connection = () => ({
    ...account,
    endpoint: hostile(),
    resilience: { attempts: 1, breaker: false } as const,
  });
  let other: Server;
  const hostile = () => `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  beforeEach(async () => {
    other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });

  it.each<[string, () => Promise<unknown>]>([
    ['SSM', () => new AwsSsmProvider({ ...connection(), path: '/a' }).get('key')],
    ['Secrets Manager', () => new AwsSecretsManagerProvider({ ...connection(), path: 'a/' }).get('key')],
    ['KMS', () => kmsKey({ ...account, endpoint: hostile(), keyId: 'alias/a' }).wrap(Buffer.alloc(32))],
  ])('the client of %s stops at a response without end', async (_, read) => {
    const ended = endless(other);
    await expect(read()).rejects.toMatchObject({
      code: 'parse',
      message: expect.stringContaining('larger than 32 MiB'),
    });
    expect(await ended()).toBeLessThan(64 * 1024 * 1024);
  });

  it('an error name that AWS does not have is not printed', async () => {
    server.faults = [{ name: 'hunter2CANARYabc123' }];
    const error = await new AwsSsmProvider({
      ...connection(),
      endpoint: server.endpoint,
      path: '/a',
    })
      .get('key')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('an unknown error (HTTP 400)'),
    });
    expect(inspect(error)).not.toContain('CANARY');
  });
});

describe('the AWS region', () => {
  it('a missing AWS region is an error at construction, with a hint', () => {
    for (const make of [
      () => new AwsSsmProvider(unregioned()),
      () => new AwsSecretsManagerProvider(unregioned()),
      () => kmsKey({ keyId: 'alias/config' }),
    ])
      expect(make).toThrow(/no AWS region is configured.*AWS_REGION.*region: 'eu-central-1'/);
  });

  it.each(['AWS_REGION', 'AWS_DEFAULT_REGION'])('the AWS region is read from %s', async (name) => {
    vi.stubEnv(name, 'eu-central-1');
    expect((await new AwsSsmProvider(unregioned()).get('key'))?.value).toBe('x');
  });

  it.each(['config', 'credentials'])('the AWS region is read from the profile in the file %s', (file) => {
    writeFileSync(join(folder, file), '[default]\nregion = eu-central-1\n');
    expect(() => new AwsSsmProvider(unregioned())).not.toThrow();
  });

  it('the AWS region is read from the profile in the home folder', () => {
    vi.stubEnv('HOME', folder);
    vi.stubEnv('AWS_CONFIG_FILE', undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', undefined);
    expect(() => new AwsSsmProvider(unregioned())).toThrow(/no AWS region/);
    mkdirSync(join(folder, '.aws'));
    writeFileSync(join(folder, '.aws', 'config'), '[default]\nregion = eu-central-1\n');
    expect(() => new AwsSsmProvider(unregioned())).not.toThrow();
  });

  it('a region in an unselected profile does not count, and each read fails', async () => {
    writeFileSync(join(folder, 'config'), '[profile other]\nregion = eu-central-1\n');
    const provider = new AwsSsmProvider(unregioned());
    for (let i = 0; i < 2; i++)
      await expect(provider.get('key')).rejects.toMatchObject({
        code: 'invalid_option',
        message: expect.stringContaining('AWS_REGION'),
      });
    expect(server.calls).toEqual([]);
  });
});

describe('AWS credentials', () => {
  it('AWS credentials appear in neither the provider nor its errors', async () => {
    server.faults = [{ name: 'AccessDeniedException' }];
    const credentials = {
      accessKeyId: 'AKIANOTAREALID',
      secretAccessKey: 'not-a-real-secret-key',
      sessionToken: 'not-a-real-token',
    };
    const provider = new AwsSsmProvider({ ...unregioned(), region: 'eu-central-1', credentials });
    const error = await provider.get('key').catch((thrown: unknown) => thrown);
    const printed =
      inspect([provider, error, await provider.health()], { depth: null, showHidden: true }) +
      JSON.stringify([error, provider]);
    expect(printed).not.toMatch(/AKIA|not-a-real/);
  });

  it('a function for AWS credentials is called once for many reads', async () => {
    let calls = 0;
    const credentials = async () => {
      calls++;
      return { ...account.credentials, expiration: new Date(Date.now() + 3_600_000) };
    };
    const provider = new AwsSsmProvider({ ...unregioned(), region: 'eu-central-1', credentials });
    await Promise.all(['key', 'other'].map((key) => provider.get(key)));
    await provider.get('key');
    expect(calls).toBe(1);
  });

  it('a failing credentials function leaks no message into the error', async () => {
    const credentials = () =>
      Promise.reject(Object.assign(new Error('not-a-real-secret'), { name: 'CredentialsProviderError' }));
    const provider = new AwsSsmProvider({ ...unregioned(), region: 'eu-central-1', credentials });
    const error = await provider.get('key').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unauthenticated' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
  });
});

describe('a wrong clock', () => {
  it('with a wrong clock, the client signs again with the time of the server', async () => {
    server.clockAheadMs = 3_600_000;
    server.putSecret('a/key', 'x');
    const of = { ...unregioned(), region: 'eu-central-1', resilience: { attempts: 1 } } as const;
    const provider = new AwsSsmProvider(of);
    expect((await provider.get('key'))?.value).toBe('x');
    expect((await provider.get('key'))?.value).toBe('x');
    expect(server.calls).toHaveLength(3);
    expect((await new AwsSecretsManagerProvider({ ...of, path: 'a/' }).get('key'))?.value).toBe('x');
    expect(
      await kmsKey({ ...account, keyId: 'k', endpoint: server.endpoint }).wrap(new Uint8Array(32)),
    ).toMatch(/^[\w-]+$/);
  });
});

describe('another server in place of AWS', () => {
  it.each([
    [404, '<html>no such page</html>'],
    [404, '{"message":"no route"}'],
    [404, ''],
    [200, '{}'],
    [200, ''],
    [200, '<html>welcome</html>'],
  ])('another server that returns %i %j makes no key absent', async (status, body) => {
    server.faults = [{ status, body }];
    const of = {
      ...unregioned(),
      region: 'eu-central-1',
      resilience: { attempts: 1, breaker: false },
    } as const;
    const wanted = { keys: ['key'], prefixes: [] };
    for (const provider of [
      new AwsSsmProvider(of),
      new AwsSecretsManagerProvider({ ...of, path: 'a/' }),
      new AwsSecretsManagerProvider({ ...of, path: 'a/', stage: 'AWSPENDING' }),
      new AwsSecretsManagerProvider({ ...of, path: 'a' }),
    ])
      for (const ask of [
        () => provider.get('key'),
        () => provider.list(),
        () => provider.list('', { wanted }),
        () => provider.set('key', 'x'),
      ])
        await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('an AWS outage', () => {
  it('an AWS outage is one short message for a whole batch', async () => {
    server.faults = [{ name: 'ServiceUnavailable', status: 503 }];
    const of = {
      ...unregioned(),
      region: 'eu-central-1',
      resilience: { attempts: 1, breaker: false },
    } as const;
    const keys = Array.from({ length: 10 }, (_, i) => `key${i}`);
    const hint = 'Check the network, the region and the status of AWS';
    for (const [provider, message] of [
      [new AwsSsmProvider(of), `aws-ssm: /a/key0 and 9 more: ServiceUnavailable (HTTP 503). ${hint}`],
      [
        new AwsSecretsManagerProvider({ ...of, path: 'a/' }),
        `aws-secrets-manager: a/key0 and 9 more: ServiceUnavailable (HTTP 503). ${hint}`,
      ],
    ] as const)
      expect([...(await provider.getMany(keys)).values()].map((one) => (one as Error).message)).toEqual(
        keys.map(() => message),
      );
  });
});

describe('a frozen process', () => {
  it('a frozen process sends no late requests and reads again after the TTL', async () => {
    let time = Date.now();
    const timers: (() => void)[] = [];
    const clock = {
      now: () => time,
      after: (_ms: number, then: () => void) => {
        timers.push(then);
        return () => void timers.splice(timers.indexOf(then), 1);
      },
    };
    const provider = new AwsSsmProvider({
      ...unregioned(),
      region: 'eu-central-1',
      cache: { ttlMs: 60_000, jitter: 0 },
      clock,
    });
    await provider.get('key');
    server.putParameter('/a/key', 'y');
    time += 59_000;
    expect((await provider.get('key'))?.value).toBe('x');
    time += 24 * 3_600_000;
    for (const fire of timers.splice(0)) fire();
    expect(server.calls).toHaveLength(1);
    expect((await provider.get('key'))?.value).toBe('y');
    expect(server.calls).toHaveLength(2);
  });
});

describe('the output of the AWS SDK', () => {
  it('the AWS SDK prints nothing, whatever fails', async () => {
    const printed: unknown[] = [];
    const spies = (['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((...all) => void printed.push(all)),
    );
    const writes = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((text) => printed.push(text) > 0),
    );
    const resilience = { attempts: 1, timeoutMs: 500, breaker: false } as const;
    const provider = new AwsSsmProvider({ ...unregioned(), region: 'eu-central-1', resilience });
    try {
      for (const fault of [
        { name: 'ThrottlingException' },
        { name: 'ExpiredTokenException' },
        { body: '<html>' },
        { cut: true as const },
        { hang: true as const },
      ]) {
        server.faults = [{ ...fault, times: 2 }];
        await provider.get('key').catch(() => undefined);
      }
      server.faults = [];
      await provider.get('key').catch(() => undefined);
    } finally {
      for (const spy of [...spies, ...writes]) spy.mockRestore();
    }
    expect(printed).toEqual([]);
  });
});
