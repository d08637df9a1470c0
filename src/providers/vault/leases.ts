// Credentials that Vault creates on demand: database users, certificates, rotated passwords. Used by
// source.ts. A read renews the current lease or requests new credentials; the shelter decides when to read.
// Leases end with the token they were created under.

import { createHmac, randomBytes } from 'node:crypto';
import { isConfigError } from '../../errors.ts';
import { Listeners } from '../../internal/listeners.ts';
import type { SteadyClock } from '../../shelter/clock.ts';
import type { Closing, Document } from '../../shelter/port.ts';
import { type ConfigTree, isTree } from '../../value.ts';
import type { ApiRequest } from './api-request.ts';
import { backgroundTimeoutMs, endsAtText, succeedsWithin } from './background.ts';
import { noEngine, notVault } from './classify.ts';
import type { Connection } from './connection.ts';
import type { LeaseRequest } from './options.ts';

interface Lease {
  readonly value: ConfigTree;
  readonly version: string;
  /** Empty for credentials that expire without a lease: certificates, rotated passwords. */
  readonly id: string;
  readonly token: string | undefined;
  /** The life it was issued with. */
  readonly ttlMs: number;
  /** The end of the lease or of its token, whichever comes first. */
  endsAt: number;
  renewable: boolean;
}

export class Leases {
  readonly #connection: Connection;
  readonly #requests: ReadonlyMap<string, LeaseRequest>;
  readonly #clock: SteadyClock;
  /** The current lease of each document. */
  readonly #current = new Map<string, Lease>();
  /** Versions appear in logs. Without this key, guessed credentials cannot be tested against them. */
  readonly #versionKey = randomBytes(32);
  /** Leases that were replaced before their end. */
  #replaced: Lease[] = [];
  /** Requests without a response yet. The server may have created credentials already. */
  readonly #issuing = new Set<Pick<Lease, 'token'> & { readonly path: string }>();
  readonly #endListeners = new Listeners<readonly string[]>();

  constructor(connection: Connection, requests: ReadonlyMap<string, LeaseRequest>, clock: SteadyClock) {
    this.#connection = connection;
    this.#requests = requests;
    this.#clock = clock;
    connection.session.onEnd((token) => this.#tokenEnded(token));
  }

  has(document: string): boolean {
    return this.#requests.has(document);
  }

  /** The path that creates the credentials of a document, and the capability that this takes. */
  permission(document: string): { readonly path: string; readonly capability: 'read' | 'update' } {
    const { path, method } = this.#requests.get(document) as LeaseRequest;
    return { path, capability: method === 'POST' ? 'update' : 'read' };
  }

  /** Renews the current lease, or requests new credentials. */
  async read(document: string, signal: AbortSignal): Promise<Document> {
    const current = this.#current.get(document);
    const renewed =
      current !== undefined && this.#isRenewable(current) && (await this.#renew(current, signal));
    const lease = renewed ? current : await this.#issue(document, signal);
    const { value, version, endsAt, renewable } = lease;
    const leftMs = Math.max(endsAt - this.#clock.now(), 0);
    // credentials that cannot be renewed are replaced earlier, so that old and new ones overlap
    const freshMs = leftMs * (renewable ? 2 / 3 : 1 / 2);
    return {
      value,
      version,
      secret: true,
      text: true,
      ...(endsAt !== Number.POSITIVE_INFINITY && { expiresAt: endsAt - this.#clock.aheadMs, freshMs }),
    };
  }

  /** The next read requests new credentials. The old ones stay valid until their end: connections may use
   *  them. */
  forget(document: string): void {
    const current = this.#current.get(document);
    if (!current) return;
    this.#current.delete(document);
    this.#keepReplaced(current);
  }

  #keepReplaced(lease: Lease): void {
    const now = this.#clock.now();
    this.#replaced = [...this.#replaced.filter(({ endsAt }) => endsAt > now), lease];
  }

  /** Calls the listener with the documents of leases that ended before their time. */
  watch(ended: (documents: readonly string[]) => void): () => void {
    const subscription = this.#endListeners.add(ended);
    return () => subscription[Symbol.dispose]();
  }

  /** Revokes all leases, except those of a token that the session revokes itself: they end with the token.
   *  Returns the milliseconds that are left. */
  async close({ withinMs, left }: Closing): Promise<number> {
    const { session } = this.#connection;
    for (const { path, token } of this.#issuing)
      if (!session.willRevoke(token)) left(`credentials of ${path} that were being created`);
    const now = this.#clock.now();
    const alive = [...this.#current.values(), ...this.#replaced].filter(
      (lease) => lease.id !== '' && lease.endsAt > now && !session.willRevoke(lease.token),
    );
    this.#current.clear();
    this.#replaced = [];
    const revoking = alive.map(async ({ id, endsAt }) => {
      // the rest of the id is random, and names the lease in the store
      const path = id.includes('/') ? ` of ${id.slice(0, id.lastIndexOf('/'))}` : '';
      if (!(await this.revoke(id, withinMs))) left(`a lease${path}, ${endsAtText(endsAt)}`);
    });
    await Promise.all(revoking);
    return Math.max(0, withinMs - (this.#clock.now() - now));
  }

  /** Tries to revoke a lease. Where the token may not do so, the lease expires by itself. */
  revoke(id: string, withinMs = backgroundTimeoutMs): Promise<boolean> {
    const request: ApiRequest = {
      method: 'PUT',
      path: 'sys/leases/revoke',
      body: { lease_id: id },
      subject: 'a lease',
    };
    const send = async (signal: AbortSignal): Promise<boolean> =>
      (await this.#connection.request(request, signal)).status < 300;
    return succeedsWithin(this.#clock, withinMs, send);
  }

  #isRenewable({ id, renewable, token, endsAt }: Lease): boolean {
    return renewable && id !== '' && endsAt > this.#clock.now() && token === this.#connection.session.token;
  }

  /** False: the lease has ended, or may not be renewed. */
  async #renew(lease: Lease, signal: AbortSignal): Promise<boolean> {
    const body = { lease_id: lease.id, increment: Math.round(lease.ttlMs / 1000) };
    const startedAt = this.#clock.now(); // the life counts from the request: the reply may have taken long
    try {
      const reply = await this.#connection.request(
        { method: 'PUT', path: 'sys/leases/renew', body, subject: 'a lease' },
        signal,
      );
      const { lease_duration: seconds = 0, renewable } = reply.body as LeaseReply;
      lease.endsAt = this.#capped(startedAt + seconds * 1000);
      // a lease near its maximum life is not renewed again: new credentials are created while it still works
      lease.renewable = renewable === true && seconds * 1000 >= lease.ttlMs / 2;
      return seconds > 0;
    } catch (error) {
      if (isConfigError(error) && (error.code === 'invalid_option' || error.code === 'access_denied'))
        return false;
      throw error;
    }
  }

  async #issue(document: string, signal: AbortSignal): Promise<Lease> {
    const { path, method = 'GET', data } = this.#requests.get(document) as LeaseRequest;
    const token = await this.#connection.session.tokenForRequest();
    const post = method === 'POST' && ({ body: data ?? {}, capability: 'update' } as const);
    const now = this.#clock.now();
    const issuing = { path, token };
    this.#issuing.add(issuing);
    const reply = await this.#connection
      .request({ method, path, subject: path, ...post }, signal)
      .finally(() => this.#issuing.delete(issuing));
    if (reply.status === 404) throw noEngine(path);
    const issued = reply.body as LeaseReply;
    const { lease_id: id = '', data: value } = issued;
    if (!isTree(value) || typeof id !== 'string') throw notVault(reply, path);
    const endsAt = this.#capped(endOf(issued, value, now, this.#clock.aheadMs));
    const before = this.#current.get(document);
    if (before) this.#keepReplaced(before);
    const version = createHmac('sha256', this.#versionKey).update(id || JSON.stringify({ ...value, ttl: 0 }));
    const lease: Lease = {
      value,
      id,
      token,
      endsAt,
      ttlMs: endsAt - now,
      renewable: issued.renewable === true,
      version: version.digest('hex').slice(0, 12),
    };
    this.#current.set(document, lease);
    return lease;
  }

  #capped(endsAt: number): number {
    return Math.min(endsAt, this.#connection.session.endsAt);
  }

  #tokenEnded(token: string | undefined): void {
    const ended = [...this.#current]
      .filter(([, lease]) => lease.token === token)
      .map(([document]) => document);
    for (const document of ended) this.#current.delete(document);
    this.#replaced = this.#replaced.filter((lease) => lease.token !== token);
    if (ended.length > 0) this.#endListeners.notify(ended);
  }
}

interface LeaseReply {
  readonly lease_id?: string;
  readonly lease_duration?: number;
  readonly renewable?: boolean;
  readonly data?: ConfigTree;
}

/** The end of a lease, of a certificate (`expiration`) or of a rotated password (`ttl`). Without any of them,
 *  the credentials do not expire. */
function endOf(
  { lease_id: id = '', lease_duration: seconds = 0 }: LeaseReply,
  { expiration, ttl }: ConfigTree,
  now: number,
  aheadMs: number,
): number {
  if (id !== '' && seconds > 0) return now + seconds * 1000;
  if (typeof expiration === 'number') return expiration * 1000 + aheadMs;
  if (typeof ttl === 'number' && ttl > 0) return now + ttl * 1000;
  return Number.POSITIVE_INFINITY;
}
