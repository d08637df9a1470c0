import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Engines } from './fake-engines.ts';

export type Capability = 'create' | 'read' | 'update' | 'delete' | 'list' | 'patch';
/** Paths in the syntax of policies: `*` at the end, `+` for one segment. */
export type Policy = Readonly<Record<string, readonly Capability[]>>;

export interface Token {
  readonly policies: readonly string[];
  /** Milliseconds since 1970. Undefined: never. */
  endsAt?: number;
  readonly maxAt?: number;
  readonly ttl: number;
  readonly renewable: boolean;
  uses?: number;
}

export interface Seen {
  readonly method: string;
  /** As received, with the query. */
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

/** `hang`: no response. `cut`: closes the connection. `trickle`: sends a byte every now and then. */
export type Fault = Reply | 'hang' | 'cut' | 'trickle' | undefined;

/** A fake of Vault's HTTP API, for the requests of this library. Its responses are those of OpenBao 2.6. */
export class FakeVault {
  readonly seen: Seen[] = [];
  /** Requests without a response yet. */
  pending = 0;
  readonly tokens = new Map<string, Token>([
    ['root-token', { policies: ['root'], ttl: 0, renewable: false }],
  ]);
  readonly policies = new Map<string, Policy>();
  readonly engines: Engines;
  /** Evaluated before anything else. */
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

  /** All requests so far, as in `GET /v1/secret/data/x`. */
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

  /** The response to a log-in. */
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

  /** The remaining seconds of a live token. 0: the token does not expire. */
  left(token: string | undefined): number | undefined {
    const one = token === undefined ? undefined : this.tokens.get(token);
    if (!one || (one.endsAt !== undefined && one.endsAt <= this.now())) return undefined;
    return one.endsAt === undefined ? 0 : Math.ceil((one.endsAt - this.now()) / 1000);
  }

  revoke(token: string): void {
    this.tokens.delete(token);
    this.engines.revokeOf(token);
  }

  /** The refusal of a token, or undefined. Only for a live token does the server write "1 error occurred". */
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
