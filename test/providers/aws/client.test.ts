import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AwsSecretsManagerProvider, AwsSsmProvider, kmsKey } from '../../../src/providers/aws/index.ts';
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

describe('the region', () => {
  it('that nobody names is missed when the provider is made, with what to do', () => {
    for (const make of [
      () => new AwsSsmProvider(unregioned()),
      () => new AwsSecretsManagerProvider(unregioned()),
      () => kmsKey({ keyId: 'alias/config' }),
    ])
      expect(make).toThrow(/no AWS region is known.*AWS_REGION.*region: 'eu-central-1'/);
  });

  it.each(['AWS_REGION', 'AWS_DEFAULT_REGION'])('may stand in %s', async (name) => {
    vi.stubEnv(name, 'eu-central-1');
    expect((await new AwsSsmProvider(unregioned()).get('key'))?.value).toBe('x');
  });

  it.each(['config', 'credentials'])('may stand in the profile, in the file %s', (file) => {
    writeFileSync(join(folder, file), '[default]\nregion = eu-central-1\n');
    expect(() => new AwsSsmProvider(unregioned())).not.toThrow();
  });

  it('may stand in the profile of the home folder', () => {
    vi.stubEnv('HOME', folder);
    vi.stubEnv('AWS_CONFIG_FILE', undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', undefined);
    expect(() => new AwsSsmProvider(unregioned())).toThrow(/no AWS region/);
    mkdirSync(join(folder, '.aws'));
    writeFileSync(join(folder, '.aws', 'config'), '[default]\nregion = eu-central-1\n');
    expect(() => new AwsSsmProvider(unregioned())).not.toThrow();
  });

  it('that stands in another profile than the one that is chosen is missed at the first use, each time', async () => {
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

describe('credentials', () => {
  it('are nowhere to be seen, in the provider or its errors', async () => {
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

  it('may come from a function, which a role is assumed by, and is asked once for many reads', async () => {
    let asked = 0;
    const credentials = async () => {
      asked++;
      return { ...account.credentials, expiration: new Date(Date.now() + 3_600_000) };
    };
    const provider = new AwsSsmProvider({ ...unregioned(), region: 'eu-central-1', credentials });
    await Promise.all(['key', 'other'].map((key) => provider.get(key)));
    await provider.get('key');
    expect(asked).toBe(1);
  });

  it('that cannot be had are an error without what their function said', async () => {
    const credentials = () =>
      Promise.reject(Object.assign(new Error('not-a-real-secret'), { name: 'CredentialsProviderError' }));
    const provider = new AwsSsmProvider({ ...unregioned(), region: 'eu-central-1', credentials });
    const error = await provider.get('key').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'unauthenticated' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('not-a-real');
  });
});

describe('a machine whose clock is wrong', () => {
  it('is answered all the same: the client signs by the time of the server, which it learns from its refusal', async () => {
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

describe('what is not AWS', () => {
  it.each([
    [404, '<html>no such page</html>'],
    [404, '{"message":"no route"}'],
    [404, ''],
    [200, '{}'],
    [200, ''],
    [200, '<html>welcome</html>'],
  ])('and answers %i %j has said nothing about what there is', async (status, body) => {
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

describe('an outage', () => {
  it('is told in one short line, however many were asked for together', async () => {
    server.faults = [{ name: 'ServiceUnavailable', status: 503 }];
    const of = {
      ...unregioned(),
      region: 'eu-central-1',
      resilience: { attempts: 1, breaker: false },
    } as const;
    const keys = Array.from({ length: 10 }, (_, i) => `key${i}`);
    const hint = 'Look at the network, the region and the state of AWS';
    for (const [provider, said] of [
      [new AwsSsmProvider(of), `aws-ssm: /a/key0 and 9 more: ServiceUnavailable (HTTP 503). ${hint}`],
      [
        new AwsSecretsManagerProvider({ ...of, path: 'a/' }),
        `aws-secrets-manager: a/key0 and 9 more: ServiceUnavailable (HTTP 503). ${hint}`,
      ],
    ] as const)
      expect([...(await provider.getMany(keys)).values()].map((one) => (one as Error).message)).toEqual(
        keys.map(() => said),
      );
  });
});

describe('a process that freezes', () => {
  it('asks nobody on a timer, late or not, and asks again when what it holds is over', async () => {
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
    for (const ring of timers.splice(0)) ring();
    expect(server.calls).toHaveLength(1);
    expect((await provider.get('key'))?.value).toBe('y');
    expect(server.calls).toHaveLength(2);
  });
});

describe('the SDK', () => {
  it('prints nothing, whatever happens', async () => {
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
