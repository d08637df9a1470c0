import type { Agent as HttpAgent, IncomingMessage, RequestOptions } from 'node:http';
import { ConfigError, isConfigError } from '../../errors.ts';
import { lazy, peer } from '../../internal/lazy.ts';
import { retryAfterMs } from '../../remote/network.ts';
import { type Address, type Tls, tlsFiles } from './address.ts';
import type { VaultClient, VaultRequest } from './client.ts';

/** What the server said, whatever it said. */
export interface Answer {
  readonly status: number;
  /** What the JSON holds; nothing when it is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** False: it came from something else than Vault. */
  readonly json: boolean;
  readonly retryAfterMs?: number;
  /** Vault Enterprise's mark of a state. */
  readonly index?: string;
}

export interface Transport {
  load(): Promise<void>;
  send(request: VaultRequest): Promise<Answer>;
  /** Files of certificates are read again by the next request. */
  refresh(): void;
  close(): void;
}

/** Idle connections are closed before a server or a load balancer does so in the middle of a request. */
const idleMs = 30_000;

/** A secret, a page of names: nothing that Vault answers comes near this. */
export const maxBytes = 32 * 1024 * 1024;

/** node-vault with its transport replaced: no redirects, TLS always verified, one signal for the whole exchange, bounded answers. */
export function ownTransport(address: Address, tls: Tls): Transport {
  let agent: Promise<{ request: typeof import('node:http').request; agent: HttpAgent }> | undefined;
  const connect = async () => {
    if (address.secure) {
      const https = await import('node:https');
      const files = await tlsFiles(tls);
      return {
        request: https.request,
        agent: new https.Agent({ keepAlive: true, timeout: idleMs, ...files, rejectUnauthorized: true }),
      };
    }
    const http = await import('node:http');
    return { request: http.request, agent: new http.Agent({ keepAlive: true, timeout: idleMs }) };
  };

  const exchange = async (options: VaultRequest & { uri: string }): Promise<Answer> => {
    agent ??= connect();
    const through = await agent.catch((error) => {
      agent = undefined;
      throw error;
    });
    const body = options.json === undefined ? undefined : Buffer.from(JSON.stringify(options.json));
    const { host, port, socketPath, endpoint } = address;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request: RequestOptions = {
        method: options.method,
        path: options.uri.slice(endpoint.length - address.prefix.length),
        agent: through.agent,
        headers: {
          ...options.headers,
          ...(body && { 'content-type': 'application/json', 'content-length': `${body.length}` }),
        },
        ...(socketPath ? { socketPath } : { host, port }),
        ...(options.signal && { signal: options.signal }),
      };
      through.request(request, resolve).on('error', reject).end(body);
    });
    return answerOf(response);
  };

  const client = lazy(async (): Promise<VaultClient> => {
    const { default: vault } = await peer('vault', 'node-vault', () => import('node-vault'));
    const made = vault({
      endpoint: address.endpoint,
      apiVersion: 'v1',
      noCustomHTTPVerbs: true,
      debug: () => undefined,
      // node-vault judges by the status; that is done here, with the headers at hand
      'request-promise': {
        defaults: () => async (options: VaultRequest & { uri: string }) => ({
          statusCode: 200,
          body: await exchange(options),
          request: { path: options.path },
        }),
      },
    } as object);
    // what node-vault takes from the environment has been decided before
    return Object.assign(made, {
      token: undefined,
      namespace: undefined,
      pathPrefix: '',
    }) as unknown as VaultClient;
  });

  const drop = (): void => {
    const old = agent;
    agent = undefined;
    old?.then(
      (one) => one.agent.destroy(),
      () => undefined,
    );
  };
  return {
    load: async () => void (await client()),
    send: async (request) => (await (await client()).request(request)) as Answer,
    refresh: () => {
      if (tls.files) agent = undefined; // what is under way ends on the old connections
    },
    close: drop,
  };
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) {
      response.destroy();
      throw new ConfigError('parse', `the server answered more than ${maxBytes / 1024 / 1024} MiB`, {
        provider: 'vault',
      });
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const later = retryAfterMs(response.headers['retry-after']);
  const index = response.headers['x-vault-index'];
  return {
    status: response.statusCode as number,
    ...parsed(text),
    ...(later !== undefined && { retryAfterMs: later }),
    ...(typeof index === 'string' && { index }),
  };
}

function parsed(text: string): Pick<Answer, 'body' | 'json'> {
  if (text.trim() === '') return bodyOf(undefined);
  try {
    return bodyOf(JSON.parse(text));
  } catch {
    return { body: {}, json: false };
  }
}

/** Vault answers an object or nothing. */
function bodyOf(said: unknown): Pick<Answer, 'body' | 'json'> {
  if (said === undefined || said === '') return { body: {}, json: true };
  const json = typeof said === 'object' && said !== null;
  return { body: json ? (said as Answer['body']) : {}, json };
}

/** Somebody else's client: its transport, its errors; only status and body of a refusal are looked at. */
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
