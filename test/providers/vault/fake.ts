import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Engines } from './fake-engines.ts';

export type Capability = 'create' | 'read' | 'update' | 'delete' | 'list' | 'patch';
/** Paths as policies spell them, `*` at the end, `+` for a segment. */
export type Policy = Readonly<Record<string, readonly Capability[]>>;

export interface Token {
  readonly policies: readonly string[];
  /** Milliseconds; for ever when undefined. */
  endsAt?: number;
  readonly maxAt?: number;
  readonly ttl: number;
  readonly renewable: boolean;
  uses?: number;
}

export interface Seen {
  readonly method: string;
  /** As it came over the wire, query included. */
  readonly url: string;
  readonly token: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body?: object | string | undefined;
  readonly headers?: Record<string, string>;
}

/** `hang`: accepted and never answered. `cut`: the connection is closed. `trickle`: one byte now and then. */
export type Fault = Reply | 'hang' | 'cut' | 'trickle' | undefined;

/** A server that speaks Vault's HTTP API as OpenBao 2.6 was seen to speak it, for what this library asks. */
export class FakeVault {
  readonly seen: Seen[] = [];
  /** Requests that wait for their answer. */
  pending = 0;
  readonly tokens = new Map<string, Token>([
    ['root-token', { policies: ['root'], ttl: 0, renewable: false }],
  ]);
  readonly policies = new Map<string, Policy>();
  readonly engines: Engines;
  /** Looked at before anything else. */
  fault: (request: Seen) => Fault | Promise<Fault> = () => undefined;
  sealed = false;
  now: () => number;
  address = '';
  #server: Server | undefined;
  #made = 0;

  constructor(now: () => number = Date.now) {
    this.now = now;
    this.engines = new Engines(this);
    this.policies.set('default', {
      'auth/token/lookup-self': ['read'],
      'auth/token/renew-self': ['update'],
      'auth/token/revoke-self': ['update'],
      'sys/leases/renew': ['update'],
      'cubbyhole/*': ['create', 'read', 'update', 'delete', 'list'],
    });
  }

  async listen(
    options: { socket?: string; tls?: { cert: string; key: string; ca?: string } } = {},
  ): Promise<this> {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.pending++;
      response.on('close', () => this.pending--);
      void this.#serve(request, response);
    };
    const { tls, socket } = options;
    this.#server = tls
      ? (createSecureServer(
          { ...tls, ...(tls.ca && { requestCert: true, rejectUnauthorized: false }) },
          answer,
        ) as unknown as Server)
      : createServer(answer);
    await new Promise<void>((done) =>
      socket ? this.#server?.listen(socket, done) : this.#server?.listen(0, '127.0.0.1', done),
    );
    const at = this.#server.address() as AddressInfo | string;
    this.address =
      typeof at === 'string'
        ? `unix://${at}`
        : `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${at.port}`;
    return this;
  }

  onConnection(listener: (socket: TLSSocket) => void): void {
    this.#server?.on('secureConnection', listener);
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((done) => (this.#server?.listening ? this.#server.close(done) : done(undefined)));
  }

  /** `GET /v1/secret/data/x` of everything asked so far. */
  get asked(): readonly string[] {
    return this.seen.map(({ method, url }) => `${method} ${url}`);
  }

  count(part: string): number {
    return this.asked.filter((one) => one.includes(part)).length;
  }

  issue(
    policies: readonly string[],
    seconds = 0,
    more: { max?: number; renewable?: boolean; uses?: number } = {},
  ): string {
    const token = `s.${`fake${++this.#made}`.padEnd(24, 'x')}`;
    const now = this.now();
    this.tokens.set(token, {
      policies,
      ttl: seconds,
      renewable: more.renewable ?? seconds > 0,
      ...(seconds > 0 && { endsAt: now + seconds * 1000 }),
      ...(more.max !== undefined && { maxAt: now + more.max * 1000 }),
      ...(more.uses !== undefined && { uses: more.uses }),
    });
    return token;
  }

  /** As a log-in answers. */
  auth(token: string): Reply {
    const { ttl, renewable, policies, uses } = this.tokens.get(token) as Token;
    return {
      status: 200,
      body: {
        auth: {
          client_token: token,
          lease_duration: ttl,
          renewable,
          policies,
          token_type: 'service',
          num_uses: uses ?? 0,
        },
        data: null,
      },
    };
  }

  /** Seconds that a token has left, if it lives. */
  left(token: string | undefined): number | undefined {
    const one = token === undefined ? undefined : this.tokens.get(token);
    if (!one || (one.endsAt !== undefined && one.endsAt <= this.now())) return undefined;
    return one.endsAt === undefined ? 0 : Math.ceil((one.endsAt - this.now()) / 1000);
  }

  revoke(token: string): void {
    this.tokens.delete(token);
    this.engines.revokeOf(token);
  }

  /** Whether a living token may do that; "1 error occurred" is how the server tells those apart that live. */
  allowed(token: string | undefined, capability: Capability, path: string): Reply | undefined {
    if (this.left(token) === undefined) return { status: 403, body: { errors: ['permission denied'] } };
    const one = this.tokens.get(token as string) as Token;
    if (one.uses !== undefined && --one.uses <= 0) this.tokens.delete(token as string);
    const may = one.policies.some(
      (name) => name === 'root' || matches(this.policies.get(name) ?? {}, path)?.includes(capability),
    );
    return may
      ? undefined
      : { status: 403, body: { errors: ['1 error occurred:\n\t* permission denied\n\n'] } };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url = '', headers } = request;
    const token = headers['x-vault-token'];
    const one: Seen = { method, url, headers, body, token: Array.isArray(token) ? token[0] : token };
    this.seen.push(one);
    const fault = await this.fault(one);
    if (fault === 'hang') return;
    if (fault === 'cut') return void request.socket.destroy();
    if (fault === 'trickle') {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      return void response.on('close', () => clearInterval(drip));
    }
    const reply = fault ?? this.#answer(one);
    const json = typeof reply.body === 'object';
    response.writeHead(reply.status, {
      'content-type': json ? 'application/json' : 'text/html',
      ...reply.headers,
    });
    response.end(json ? JSON.stringify(reply.body) : reply.body);
  }

  #answer(seen: Seen): Reply {
    const { pathname, searchParams } = new URL(seen.url, 'http://fake');
    const path = decodeURIComponent(pathname.replace(/^\/v1\//, ''));
    if (path === 'sys/health')
      return this.sealed
        ? { status: 503, body: { initialized: true, sealed: true } }
        : { status: 200, body: { initialized: true, sealed: false } };
    if (this.sealed) return { status: 503, body: { errors: ['Vault is sealed'] } };
    if (path.split('/').includes('..'))
      return { status: 400, body: { errors: ['relative paths not supported'] } };
    return this.engines.answer(seen, path, searchParams);
  }
}

function matches(policy: Policy, path: string): readonly Capability[] | undefined {
  const rank = (one: string): number => (one.endsWith('*') ? one.length - 1 : 1_000);
  const fits = (one: string): boolean =>
    new RegExp(
      `^${one
        .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        .replaceAll('\\+', '[^/]+')
        .replace(/\\\*$/, '.*')}$`,
    ).test(path);
  const best = Object.keys(policy)
    .filter(fits)
    .sort((a, b) => rank(b) - rank(a))[0];
  return best === undefined ? undefined : policy[best];
}
