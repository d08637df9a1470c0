// AzureKeyVaultProvider with Azure's real client: log-in, pages, processes without credentials, verbose
// loggers.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AzureKeyVaultOptions, AzureKeyVaultProvider } from '../../../src/providers/azure/index.ts';
import { endless } from '../endless.ts';
import { readLoudly, withoutCredentials } from '../spawned.ts';

let server: Server;
let requests: { readonly url: string; readonly token: string | undefined }[];
let refuse: ((token: string, response: ServerResponse) => boolean) | undefined;
/** Keeps a response back. */
let holds: ((url: string, response: ServerResponse) => boolean) | undefined;
let names: string[];

/** The part of a Key Vault that the official client needs: the challenge, secrets, and pages of names. */
beforeEach(async () => {
  requests = [];
  refuse = undefined;
  holds = undefined;
  names = ['key'];
  server = createServer((request, response) => {
    const { authorization } = request.headers;
    requests.push({ url: String(request.url), token: authorization });
    const send = (status: number, body: object, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
    if (!authorization)
      return send(
        401,
        {},
        {
          'www-authenticate':
            'Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"',
        },
      );
    if (refuse?.(authorization, response))
      return send(401, { error: { code: 'Unauthorized', message: 'not-a-real-secret' } });
    if (holds?.(String(request.url), response)) return;
    const url = new URL(String(request.url), base());
    if (url.pathname === '/secrets') {
      const from = Number(url.searchParams.get('skip') ?? 0);
      const value = names
        .slice(from, from + 25)
        .map((name) => ({ id: `${base()}/secrets/${name}`, attributes: { enabled: true } }));
      return send(200, {
        value,
        nextLink: from + 25 < names.length ? `${base()}/secrets?api-version=7.6&skip=${from + 25}` : null,
      });
    }
    const [, , name] = url.pathname.split('/') as [string, string, string];
    if (!names.includes(name)) return send(404, { error: { code: 'SecretNotFound', message: name } });
    return send(200, {
      value: 'not-a-real-text',
      id: `${base()}/secrets/${name}/0123456789abcdef0123456789abcdef`,
      attributes: { enabled: true },
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
let tokens = 0;
const credential = {
  getToken: async () => ({
    token: `not-a-real-token-${++tokens}`,
    expiresOnTimestamp: Date.now() + 3_600_000,
  }),
};
const azure = (options: Partial<AzureKeyVaultOptions> = {}): AzureKeyVaultProvider =>
  new AzureKeyVaultProvider({
    url: base(),
    credential,
    clientOptions: { allowInsecureConnection: true, disableChallengeResourceVerification: true },
    resilience: { attempts: 1, breaker: false },
    ...options,
  });

describe('AzureKeyVaultProvider with Azure’s own client', () => {
  it('Azure’s client logs in after the vault’s challenge and reads', async () => {
    const provider = azure();
    expect(await provider.get('key')).toMatchObject({
      value: 'not-a-real-text',
      version: '0123456789abcdef0123456789abcdef',
    });
    expect(requests.map(({ token }) => token !== undefined)).toEqual([false, true]);
    expect(await provider.get('nothing')).toBeUndefined();
    await provider.close();
  });

  it('Azure’s client sends no token to another resource than the vault', async () => {
    const provider = azure({ clientOptions: { allowInsecureConnection: true } });
    await expect(provider.get('key')).rejects.toMatchObject({
      code: 'invalid_option',
      message: expect.stringContaining('ChallengeMismatch'),
    });
    expect(requests.every(({ token }) => token === undefined)).toBe(true);
  });

  it('Azure’s client sends no token over plain http', async () => {
    await expect(
      azure({ clientOptions: { disableChallengeResourceVerification: true } }).get('key'),
    ).rejects.toThrow();
    expect(requests.every(({ token }) => token === undefined)).toBe(true);
  });

  it('list reads all pages of a vault', async () => {
    names = Array.from({ length: 60 }, (_, i) => `key${i}`);
    const provider = azure();
    expect(await provider.list()).toHaveLength(60);
    expect(requests.filter(({ url, token }) => token && url.startsWith('/secrets?'))).toHaveLength(3);
  });

  it('close ends the request for a later page', async () => {
    names = Array.from({ length: 60 }, (_, i) => `key${i}`);
    const provider = azure();
    const isEnded = new Promise((resolve) => {
      holds = (url, response) => {
        if (!url.includes('skip=50')) return false;
        response.on('close', () => resolve(true));
        void provider.close();
        return true;
      };
    });
    await expect(provider.list()).rejects.toMatchObject({ code: 'aborted' });
    expect(await isEnded).toBe(true);
  });

  it('Azure’s client stops at a response without end, compressed or not', async () => {
    const provider = azure();
    await provider.get('key');
    const ended = endless(server);
    const tooLarge = { code: 'parse', message: expect.stringContaining('larger than 32 MiB') };
    await expect(provider.get('key', { maxAgeMs: 0 })).rejects.toMatchObject(tooLarge);
    expect(await ended()).toBeLessThan(64 * 1024 * 1024);
    server.removeAllListeners('request');
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    server.on('request', (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(bomb);
    });
    await expect(provider.get('key', { maxAgeMs: 0 })).rejects.toMatchObject(tooLarge);
    await provider.close();
  });

  it('a refused token makes the provider log in again, once', async () => {
    const provider = azure();
    await provider.get('key');
    const revoked = requests.at(-1)?.token;
    refuse = (token) => token === revoked;
    expect((await provider.get('key', { maxAgeMs: 0 }))?.value).toBe('not-a-real-text');
    refuse = () => true;
    await expect(provider.get('key', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('a process without Azure credentials', () => {
  it('a process without Azure credentials gets an error within two seconds', async () => {
    const { code, out } = await withoutCredentials('azure', base());
    expect(code).toBe(7);
    const error = JSON.parse(out);
    expect(error.code).toBe('unauthenticated');
    expect(error.waitedMs).toBeLessThan(2_000);
  });
});

describe('verbose loggers of Azure’s packages', () => {
  it('verbose loggers of Azure’s packages print no token and no secret', async () => {
    const { out, err } = await readLoudly('azure', base());
    expect(out).toContain('key = [redacted]');
    expect(out + err).not.toContain('not-a-real');
  });
});
