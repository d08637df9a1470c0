// Sends HTTP requests to Vault. Used by connection.ts. node-vault builds the requests, but its transport is
// replaced (its option `request-promise`): node-vault passes no signal, no redirect limit and no response
// headers on. Ours follows no redirect, always verifies TLS, aborts the whole exchange with one signal and
// limits the size of a response.

import type { Agent as HttpAgent, IncomingMessage, RequestOptions } from 'node:http';
import { isConfigError } from '../../errors.ts';
import { lazy, peer } from '../../internal/lazy.ts';
import { maxResponseBytes, responseTooLarge } from '../../remote/limited.ts';
import { retryAfterMs } from '../../remote/network.ts';
import type { Address } from './address.ts';
import type { VaultClient, VaultRequest } from './client.ts';
import { readTls, type Tls } from './tls.ts';

/** A response, whatever its status. */
export interface HttpReply {
  readonly status: number;
  /** The parsed JSON, or an empty object if the body is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether the body is a JSON object or empty. If not, the response did not come from Vault. */
  readonly json: boolean;
  readonly retryAfterMs?: number;
  /** Identifies a state of a Vault Enterprise cluster (the header `X-Vault-Index`). */
  readonly index?: string;
}

export interface Transport {
  load(): Promise<void>;
  send(request: VaultRequest): Promise<HttpReply>;
  /** Makes the next request read certificate files again. */
  refresh(): void;
  close(): void;
}

/** Closes idle connections before a server or a load balancer does so in the middle of a request. */
const idleMs = 30_000;

/** A transport through node-vault, with its HTTP layer replaced. */
export function nodeVaultTransport(address: Address, tls: Tls): Transport {
  let agent: Promise<{ request: typeof import('node:http').request; agent: HttpAgent }> | undefined;
  const connect = async () => {
    if (address.secure) {
      const https = await import('node:https');
      const files = await readTls(tls);
      return {
        request: https.request,
        agent: new https.Agent({ keepAlive: true, timeout: idleMs, ...files, rejectUnauthorized: true }),
      };
    }
    const http = await import('node:http');
    return { request: http.request, agent: new http.Agent({ keepAlive: true, timeout: idleMs }) };
  };

  const exchange = async (options: VaultRequest & { uri: string }): Promise<HttpReply> => {
    agent ??= connect();
    const connected = await agent.catch((error) => {
      agent = undefined;
      throw error;
    });
    const body = options.json === undefined ? undefined : Buffer.from(JSON.stringify(options.json));
    const { host, port, socketPath, endpoint } = address;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request: RequestOptions = {
        method: options.method,
        path: options.uri.slice(endpoint.length - address.prefix.length),
        agent: connected.agent,
        headers: {
          ...options.headers,
          ...(body && { 'content-type': 'application/json', 'content-length': `${body.length}` }),
        },
        ...(socketPath ? { socketPath } : { host, port }),
        ...(options.signal && { signal: options.signal }),
      };
      connected.request(request, resolve).on('error', reject).end(body);
    });
    return replyOf(response);
  };

  const client = lazy(async (): Promise<VaultClient> => {
    const { default: vault } = await peer('vault', 'node-vault', () => import('node-vault'));
    const created = vault({
      endpoint: address.endpoint,
      apiVersion: 'v1',
      noCustomHTTPVerbs: true,
      debug: () => undefined,
      // status 200 keeps node-vault from throwing: connection.ts evaluates the real status, with the headers
      'request-promise': {
        defaults: () => async (options: VaultRequest & { uri: string }) => ({
          statusCode: 200,
          body: await exchange(options),
          request: { path: options.path },
        }),
      },
    } as object);
    // clears what node-vault has read from the environment: connection.ts sets token and namespace itself
    return Object.assign(created, {
      token: undefined,
      namespace: undefined,
      pathPrefix: '',
    }) as unknown as VaultClient;
  });

  const close = (): void => {
    const closing = agent;
    agent = undefined;
    closing?.then(
      (connected) => connected.agent.destroy(),
      () => undefined,
    );
  };
  return {
    load: async () => void (await client()),
    send: async (request) => (await (await client()).request(request)) as HttpReply,
    refresh: () => {
      if (tls.files.length > 0) agent = undefined; // requests in flight finish on the old connections
    },
    close,
  };
}

async function replyOf(response: IncomingMessage): Promise<HttpReply> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxResponseBytes) {
      response.destroy();
      throw responseTooLarge('vault');
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const retryMs = retryAfterMs(response.headers['retry-after']);
  const index = response.headers['x-vault-index'];
  return {
    status: response.statusCode as number,
    ...parsed(text),
    ...(retryMs !== undefined && { retryAfterMs: retryMs }),
    ...(typeof index === 'string' && { index }),
  };
}

function parsed(text: string): Pick<HttpReply, 'body' | 'json'> {
  if (text.trim() === '') return bodyOf(undefined);
  try {
    return bodyOf(JSON.parse(text));
  } catch {
    return { body: {}, json: false };
  }
}

/** Vault's body is a JSON object or empty. */
function bodyOf(value: unknown): Pick<HttpReply, 'body' | 'json'> {
  if (value === undefined || value === '') return { body: {}, json: true };
  const json = typeof value === 'object' && value !== null;
  return { body: json ? (value as HttpReply['body']) : {}, json };
}

/** A transport through an injected client, with the client's own HTTP layer. A refused request throws there;
 *  only the status and the body of that error are used. */
export function clientTransport(client: VaultClient): Transport {
  return {
    load: async () => undefined,
    send: async (request) => {
      try {
        return { status: 200, ...bodyOf(await client.request(request)) };
      } catch (error) {
        if (isConfigError(error)) throw error;
        const response = (
          error as { response?: { statusCode?: unknown; status?: unknown; body?: unknown } } | null
        )?.response;
        const status = response?.statusCode ?? response?.status;
        if (typeof status !== 'number') throw error;
        return { status, ...bodyOf(response?.body) };
      }
    },
    refresh: () => undefined,
    close: () => undefined,
  };
}
