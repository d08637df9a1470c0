// GcpSecretManagerProvider with Google's real client over REST, processes without credentials, verbose
// loggers.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/providers/gcp/crc32c.ts';
import { type GcpSecretManagerOptions, GcpSecretManagerProvider } from '../../../src/providers/gcp/index.ts';
import { endless } from '../endless.ts';
import { readLoudly, withoutCredentials } from '../spawned.ts';

interface HttpResponse {
  readonly status: number;
  readonly body: string;
  readonly location?: string;
}

const payload = (text: string): HttpResponse => ({
  status: 200,
  body: JSON.stringify({
    name: 'projects/acme/secrets/key/versions/3',
    payload: { data: Buffer.from(text).toString('base64'), dataCrc32c: String(crc32c(Buffer.from(text))) },
  }),
});
const refusal = (status: number, grpcStatus: string): HttpResponse => ({
  status,
  body: JSON.stringify({ error: { code: status, status: grpcStatus } }),
});

let server: Server;
let responses: HttpResponse[];
let requests: string[];
beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(String(request.url));
    const next = (responses.length > 1 ? responses.shift() : responses[0]) as HttpResponse;
    const { status, body, location } = next;
    response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const base = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A provider with Google's own client, over REST. */
async function overRest(
  options: Partial<GcpSecretManagerOptions> = {},
  sender: object = {},
): Promise<GcpSecretManagerProvider> {
  const { PassThroughClient } = await import('google-auth-library');
  const authClient = new PassThroughClient();
  const { port } = server.address() as AddressInfo;
  const clientOptions = { fallback: true, protocol: 'http', apiEndpoint: '127.0.0.1', port, authClient };
  return new GcpSecretManagerProvider({
    project: 'acme',
    clientOptions: { ...clientOptions, ...sender },
    resilience: { attempts: 1, breaker: false },
    secrets: { key: 'key' },
    ...options,
  });
}

describe('Google’s client, over REST', () => {
  it('Google’s client reads over REST, and closes before and after use', async () => {
    responses = [payload('text')];
    const provider = await overRest();
    expect(await provider.get('key')).toMatchObject({ value: 'text', version: '3' });
    expect(requests).toEqual([
      expect.stringContaining('/v1/projects/acme/secrets/key/versions/latest:access'),
    ]);
    expect(provider.stats().requests).toBe(2); // one of them looks for credentials, without an HTTP request
    await provider.close();
    await (await overRest()).close();
  });

  it.each([
    [refusal(404, 'NOT_FOUND'), undefined],
    [{ status: 404, body: '<html>no such page</html>' }, 'unavailable'],
    [{ status: 404, body: '{"message":"no route"}' }, 'unavailable'],
    [refusal(400, 'FAILED_PRECONDITION'), 'disabled'],
    [refusal(400, 'INVALID_ARGUMENT'), 'invalid_option'],
    [refusal(403, 'PERMISSION_DENIED'), 'access_denied'],
    [refusal(429, 'RESOURCE_EXHAUSTED'), 'throttled'],
    [{ status: 503, body: 'x' }, 'unavailable'],
    [{ status: 200, body: '<html>' }, 'unavailable'],
    [{ status: 200, body: '{}' }, 'unavailable'],
  ] as const)('get has the error code $1 after the REST response %j', async (response, code) => {
    responses = [response];
    const provider = await overRest();
    const failed = await provider.get('key').catch((error: { code: string }) => error.code);
    expect(failed).toBe(code);
    await provider.close();
  });

  it('a refused token makes the provider create a new client, once', async () => {
    responses = [refusal(401, 'UNAUTHENTICATED'), payload('text')];
    const provider = await overRest();
    expect((await provider.get('key'))?.value).toBe('text');
    await provider.close();
    responses = [refusal(401, 'UNAUTHENTICATED')];
    const never = await overRest();
    await expect(never.get('key')).rejects.toMatchObject({ code: 'unauthenticated' });
    await never.close();
  });

  it('a failed construction of Google’s client is tried again', async () => {
    responses = [payload('text')];
    const { PassThroughClient } = await import('google-auth-library');
    const authClient = new PassThroughClient();
    const { port } = server.address() as AddressInfo;
    let broken = true;
    const clientOptions = {
      fallback: true,
      protocol: 'http',
      apiEndpoint: '127.0.0.1',
      authClient,
      get port() {
        if (broken) throw new Error('not-a-real-secret');
        return port;
      },
    };
    const provider = new GcpSecretManagerProvider({
      project: 'acme',
      clientOptions,
      secrets: { key: 'key' },
      resilience: false,
    });
    await expect(provider.get('key')).rejects.toMatchObject({ code: 'unavailable' });
    broken = false;
    expect((await provider.get('key'))?.value).toBe('text');
    await provider.close();
  });

  it.each([301, 302, 303, 307, 308])('Google’s client follows no redirect (%s)', async (status) => {
    const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
    const senders = [
      {},
      { authClient: undefined, auth: new GoogleAuth({ authClient: new PassThroughClient() }) },
    ];
    const asked: string[] = [];
    const stranger = createServer((request, response) => {
      asked.push(String(request.url));
      response.end(payload('FORGED').body);
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as AddressInfo;
    responses = [{ status, body: '', location: `http://127.0.0.1:${port}/` }];
    for (const sender of senders) {
      const provider = await overRest({}, sender);
      await expect(provider.get('key')).rejects.toMatchObject({ code: 'unavailable' });
      await expect(provider.set('key', 'not-a-real-secret')).rejects.toThrow();
      await provider.close();
    }
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
    expect(asked).toEqual([]);
  });

  it('Google’s client stops at a response without end', async () => {
    const ended = endless(server);
    const provider = await overRest();
    await expect(provider.get('key')).rejects.toMatchObject({
      code: 'parse',
      message: expect.stringContaining('larger than 32 MiB'),
    });
    expect(await ended()).toBeLessThan(64 * 1024 * 1024);
    await provider.close();
  });

  it('Google’s client stops reading when the attempt ends', async () => {
    server.removeAllListeners('request');
    const closed = new Promise<void>((resolve) =>
      server.on('request', (request, response) => {
        response.write('{');
        request.socket.on('close', () => resolve());
        void provider.close();
      }),
    );
    const provider = await overRest();
    await expect(provider.get('key')).rejects.toMatchObject({ code: 'aborted' });
    await closed;
  });

  it('regional secrets have the region in their resource name', async () => {
    const provider = await overRest({ location: 'europe-west4', secrets: { key: 'key' } });
    responses = [payload('text')];
    await provider.get('key');
    expect(requests[0]).toContain('/v1/projects/acme/locations/europe-west4/secrets/key');
    await provider.close();
  });
});

describe('a process without Google credentials', () => {
  it.each(['grpc', 'rest'])(
    'a process without credentials gets an error within two seconds, over %s',
    async (transport) => {
      const { code, out } = await withoutCredentials(transport);
      expect(code).toBe(7);
      const error = JSON.parse(out);
      expect(error).toMatchObject({
        code: 'unauthenticated',
        hint: expect.stringContaining('GOOGLE_APPLICATION_CREDENTIALS'),
      });
      expect(error.waitedMs).toBeLessThan(2_000);
    },
  );
});

describe('verbose loggers of Google’s packages', () => {
  it('verbose loggers of Google’s packages print no token and no secret', async () => {
    responses = [payload('not-a-real-text')];
    const { out, err } = await readLoudly('gcp', base());
    expect(out).toContain('key = [redacted]');
    expect(out + err).not.toContain('not-a-real');
  });
});
