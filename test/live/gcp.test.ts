// GcpSecretManagerProvider against an emulator, with Google's client over gRPC and REST. `npm run test:live`.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import * as runner from 'vitest';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/index.ts';
import { segments } from '../../src/key.ts';
import {
  type GcpClient,
  type GcpSecretManagerOptions,
  GcpSecretManagerProvider,
} from '../../src/providers/gcp/index.ts';
import { describeProvider } from '../../src/testing/index.ts';
import type { ConfigValue } from '../../src/value.ts';
import { googleSpelling } from './gcp-rest.ts';

const run = promisify(execFile);
const [host = '', port = ''] = (process.env.LIVE_GCP_GRPC as string).split(':');
const rest = await googleSpelling(process.env.LIVE_GCP_REST as string);
const serve = (...words: string[]) => run(process.env.LIVE_SERVE as string, words);
const fresh = (): string => `t${randomUUID().slice(0, 8)}`;

// the client has its own copies of both packages and accepts no objects of others
const ofGoogle = createRequire(createRequire(import.meta.url).resolve('@google-cloud/secret-manager'));
const gax = ofGoogle('google-gax') as { grpc: { credentials: { createInsecure(): unknown } } };
const ofGax = createRequire(ofGoogle.resolve('google-gax'));
const { PassThroughClient } = ofGax('google-auth-library') as { PassThroughClient: new () => unknown };

const overGrpc = (): object => ({
  apiEndpoint: host,
  port: Number(port),
  sslCreds: gax.grpc.credentials.createInsecure(),
  authClient: new PassThroughClient(),
});
const overRest = (): object => ({
  fallback: true,
  protocol: 'http',
  apiEndpoint: '127.0.0.1',
  port: rest.port,
  authClient: new PassThroughClient(),
});
const transports = { gRPC: overGrpc, REST: overRest };

const admin = new SecretManagerServiceClient({ ...overGrpc(), projectId: 'acme' });
afterAll(async () => {
  await admin.close();
  rest.closeAllConnections();
  rest.close();
});

const parent = (project: string): string => `projects/${project}`;
async function put(project: string, name: string, data: string | Uint8Array): Promise<string> {
  const secret = `${parent(project)}/secrets/${name}`;
  await admin
    .createSecret({ parent: parent(project), secretId: name, secret: { replication: { automatic: {} } } })
    .catch((error: unknown) => {
      if ((error as { code?: number }).code !== 6) throw error;
    });
  const [version] = await admin.addSecretVersion({ parent: secret, payload: { data: Buffer.from(data) } });
  return String(version.name?.split('/').at(-1));
}

const gcp = (project: string, options: Partial<GcpSecretManagerOptions> = {}): GcpSecretManagerProvider =>
  new GcpSecretManagerProvider({ project, clientOptions: overGrpc(), ...options });

for (const [transport, connection] of Object.entries(transports)) {
  describeProvider({
    name: `GcpSecretManagerProvider over ${transport}, live`,
    runner,
    make: async (values) => {
      const project = fresh();
      const write = async (key: string, value: ConfigValue | undefined): Promise<string> => {
        const name = segments(key).join('--');
        if (value !== undefined)
          return String(
            Number(await put(project, name, typeof value === 'string' ? value : JSON.stringify(value))) - 1,
          );
        await admin.deleteSecret({ name: `${parent(project)}/secrets/${name}` });
        return '';
      };
      await Promise.all(Object.entries(values).map(([key, value]) => write(key, value)));
      return {
        provider: gcp(project, { clientOptions: connection() }),
        change: async (key, value) => void (await write(key, value)),
        rotate: write,
      };
    },
    without: {
      damage: 'the emulator skips a disabled version as the latest; tested below, by number',
      denied: 'the emulator cannot deny',
      unavailable: 'tested below, by stopping the emulator',
      throttled: 'the emulator cannot throttle',
      hang: 'tested below, by pausing the emulator',
      garbage: 'the emulator cannot send malformed data',
      closing: 'closing a client cannot fail',
      types: 'a secret without JSON text is text',
      null: 'a secret without JSON text is text',
      empty: 'the emulator refuses an empty payload',
      notice: 'Google reports no changes',
      compares: 'Google cannot compare',
      expiry: 'an expired secret is deleted, and absent',
    },
  });

  describe(`GcpSecretManagerProvider over ${transport}, live`, () => {
    it('GcpSecretManagerProvider writes, reads, disables and deletes versions', async () => {
      const project = fresh();
      const provider = gcp(project, { clientOptions: connection(), prefix: 'app-' });
      expect(await provider.set('db.password', 'not-a-real-one')).toMatchObject({ version: '1' });
      expect(await provider.set('db.password', 'not-a-real-other')).toMatchObject({ version: '2' });
      expect((await provider.get('db.password', { version: '1' }))?.value).toBe('not-a-real-one');
      expect((await provider.get('db.password'))?.value).toBe('not-a-real-other');
      await provider.disable('db.password');
      await expect(provider.get('db.password', { version: '2' })).rejects.toMatchObject({
        code: 'disabled',
        transient: false,
      });
      const pinned = gcp(project, {
        clientOptions: connection(),
        secrets: { password: 'app-db--password/versions/2' },
      });
      expect(await pinned.list()).toMatchObject([{ key: 'password', error: { code: 'disabled' } }]);
      await pinned.close();
      await admin.destroySecretVersion({ name: `${parent(project)}/secrets/app-db--password/versions/1` });
      await expect(provider.get('db.password', { version: '1', maxAgeMs: 0 })).rejects.toMatchObject({
        code: 'disabled',
      });
      await put(project, 'app-db--password', 'not-a-real-third');
      await provider.refresh();
      expect((await provider.get('db.password'))?.value).toBe('not-a-real-third');
      expect(await provider.delete('db.password')).toBe(true);
      expect(await provider.get('db.password')).toBeUndefined();
      await provider.close();
    });

    it('GcpSecretManagerProvider reads binary payloads as base64', async () => {
      const project = fresh();
      await put(project, 'blob', new Uint8Array([0, 255, 1]));
      const provider = gcp(project, { clientOptions: connection() });
      expect((await provider.get('blob'))?.value).toBe('AP8B');
      await provider.close();
    });

    // over REST the emulator returns pages of a hundred, in an unstable order
    const many = transport === 'REST' ? 100 : 300;
    it(`loadConfig reads ${many} secrets in ${many + 2} calls`, async () => {
      const project = fresh();
      const names = Array.from({ length: many }, (_, i) => `key${i}`);
      for (let i = 0; i < many; i += 50)
        await Promise.all(names.slice(i, i + 50).map((name) => put(project, name, name)));
      const provider = gcp(project, { clientOptions: connection() });
      const config = await loadConfig(
        z.object(Object.fromEntries(names.map((name) => [name, z.string()]))),
        provider,
      );
      expect(Object.values(config.value)).toEqual(names);
      expect(provider.stats().requests).toBe(1 + 1 + many); // credentials, a page of names, the payloads
      await provider.close();
    });
  });
}

describe('version 7 of Google’s client, live', () => {
  it('version 7 of Google’s client works when injected', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gcp-7-'));
    try {
      await writeFile(join(folder, 'package.json'), '{ "private": true }');
      // version 7 requires a newer Node than this library, but runs on older ones too
      await run(
        'npm',
        [
          'install',
          '--no-audit',
          '--no-fund',
          '--silent',
          '--ignore-scripts',
          '@google-cloud/secret-manager@7',
        ],
        {
          cwd: folder,
        },
      );
      const seven = createRequire(join(folder, 'package.json'));
      const { SecretManagerServiceClient: Seven } = seven('@google-cloud/secret-manager') as {
        SecretManagerServiceClient: new (o: object) => GcpClient & { close(): Promise<void> };
      };
      expect((seven('@google-cloud/secret-manager/package.json') as { version: string }).version).toMatch(
        /^7\./,
      );
      const own = createRequire(seven.resolve('@google-cloud/secret-manager'));
      const { grpc } = own('google-gax') as typeof gax;
      const { PassThroughClient: NoAuth } = createRequire(own.resolve('google-gax'))(
        'google-auth-library',
      ) as {
        PassThroughClient: new () => unknown;
      };
      for (const [transport, options] of Object.entries({
        gRPC: { ...overGrpc(), sslCreds: grpc.credentials.createInsecure(), authClient: new NoAuth() },
        REST: { ...overRest(), authClient: new NoAuth() },
      })) {
        const client = new Seven({ ...options, projectId: 'acme' });
        const provider = gcp(fresh(), { client });
        await provider.set('db.password', `over ${transport}`);
        expect((await provider.get('db.password'))?.value).toBe(`over ${transport}`);
        expect(await provider.get('nothing')).toBeUndefined();
        expect(await provider.list()).toHaveLength(1);
        await provider.disable('db.password');
        await expect(provider.get('db.password', { version: '1' })).rejects.toMatchObject({
          code: 'disabled',
        });
        await provider.close();
        await client.close();
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** A stopped process needs a moment until it is really stopped. */
async function paused(): Promise<void> {
  await serve('pause', 'gcp');
  await new Promise((done) => setTimeout(done, 300));
}

describe('outages of the GCP emulator, live', () => {
  const quick = { attempts: 1, timeoutMs: 1_500, deadlineMs: 3_000, breaker: { resetMs: 100 } };
  const recovered = async (provider: GcpSecretManagerProvider): Promise<unknown> => {
    for (let i = 0; ; i++) {
      const found = await provider.get('key', { maxAgeMs: 0 }).catch((error: unknown) => error);
      if (!(found instanceof Error) || i === 100) return found;
      await new Promise((done) => setTimeout(done, 100));
    }
  };

  it.each(Object.keys(transports) as (keyof typeof transports)[])(
    'over %s, a paused emulator times out, and reads work after the pause',
    async (transport) => {
      const project = fresh();
      await put(project, 'key', 'x');
      const provider = gcp(project, {
        clientOptions: transports[transport](),
        resilience: quick,
        secrets: { key: 'key' },
      });
      await provider.get('key');
      await paused();
      try {
        await expect(provider.get('key', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'timeout' });
        expect((await provider.get('key'))?.value).toBe('x');
      } finally {
        await serve('resume', 'gcp');
      }
      expect(await recovered(provider)).toMatchObject({ value: 'x' });
      await provider.close();
    },
  );

  it.each(Object.keys(transports) as (keyof typeof transports)[])(
    'over %s, a stopped emulator is unreachable, never empty',
    async (transport) => {
      const project = fresh();
      await put(project, 'key', 'x');
      const provider = gcp(project, {
        clientOptions: transports[transport](),
        resilience: quick,
        secrets: { key: 'key' },
      });
      await provider.get('key');
      await serve('down', 'gcp');
      try {
        await expect(provider.get('key', { maxAgeMs: 0 })).rejects.toMatchObject({ transient: true });
      } finally {
        await serve('up', 'gcp');
      }
      await expect
        .poll(() => put(project, 'key', 'y').catch(() => undefined), { timeout: 30_000 })
        .toBeDefined(); // a restart loses all secrets
      expect(await recovered(provider)).toMatchObject({ value: 'y' });
      await provider.close();
    },
  );
});
