import { createHash } from 'node:crypto';
import type { ConfigTree } from '../../entry.ts';
import { isConfigError } from '../../errors.ts';
import type { Clock } from '../../shelter/clock.ts';
import type { Document } from '../../shelter/port.ts';
import { type Asked, missing } from './classify.ts';
import type { Connection } from './connection.ts';

/** How credentials are made: a path that is read, or written to. */
export interface LeaseRequest {
  readonly path: string;
  /** @default 'GET' */
  readonly method?: 'GET' | 'POST';
  /** What is sent, as a role's parameters. */
  readonly data?: ConfigTree;
}

interface Held {
  readonly value: ConfigTree;
  readonly version: string;
  /** Empty for what expires without a lease: certificates, rotated passwords. */
  readonly id: string;
  readonly token: string | undefined;
  readonly fullMs: number;
  endsAt: number;
  /** The same, or the end of the token it hangs on. */
  until: number;
  renewable: boolean;
  cancel: () => void;
}

const soonest = 1_000;

/** Credentials that were made for us, by the document that names them. */
export class Leases {
  readonly #connection: Connection;
  readonly #requests: ReadonlyMap<string, LeaseRequest>;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  /** Replaced, and still valid. */
  #old: Held[] = [];
  readonly #watchers = new Set<(documents: readonly string[]) => void>();

  constructor(connection: Connection, requests: ReadonlyMap<string, LeaseRequest>, clock: Clock) {
    this.#connection = connection;
    this.#requests = requests;
    this.#clock = clock;
    connection.session.onEnd((token) => this.#ended(token));
  }

  has(document: string): boolean {
    return this.#requests.has(document);
  }

  /** One request: renews what is held, or makes anew. */
  async read(document: string, signal: AbortSignal): Promise<Document> {
    const held = this.#held.get(document);
    const renewed = held !== undefined && this.#renewable(held) && (await this.#renew(held, signal));
    const now = renewed ? held : await this.#make(document, signal);
    this.#schedule(document, now);
    return this.#document(now);
  }

  /** While anybody watches, what is held is renewed in time, and what cannot be renewed is told to be read anew. */
  watch(changed: (documents: readonly string[]) => void): () => void {
    this.#watchers.add(changed);
    for (const [document, held] of this.#held) this.#schedule(document, held);
    return () => {
      this.#watchers.delete(changed);
      if (this.#watchers.size === 0) for (const held of this.#held.values()) held.cancel();
    };
  }

  /** Revokes what was made; leases of a token that is revoked itself end with it. */
  async close(): Promise<void> {
    const now = this.#clock.now();
    const mine = [...this.#held.values(), ...this.#old].filter(
      (one) => one.id !== '' && one.until > now && !this.#connection.session.made(one.token),
    );
    for (const held of this.#held.values()) held.cancel();
    this.#held.clear();
    this.#old = [];
    await Promise.all(mine.map((one) => this.revoke(one.id)));
  }

  /** As well as it can be done: who may not revoke leaves it to end by itself. */
  async revoke(id: string): Promise<void> {
    const asked: Asked = { method: 'PUT', path: 'sys/leases/revoke', body: { lease_id: id }, what: 'a lease' };
    await this.#connection.session.background((signal) => this.#connection.ask(asked, signal)).catch(() => undefined);
  }

  #renewable({ id, renewable, token, until }: Held): boolean {
    return renewable && id !== '' && until > this.#clock.now() && token === this.#connection.session.token;
  }

  /** False: it is gone, or may not be renewed. */
  async #renew(held: Held, signal: AbortSignal): Promise<boolean> {
    const body = { lease_id: held.id, increment: Math.round(held.fullMs / 1000) };
    try {
      const { body: answer } = await this.#connection.ask({ method: 'PUT', path: 'sys/leases/renew', body, what: 'a lease' }, signal);
      const { lease_duration: seconds = 0, renewable } = (answer ?? {}) as { lease_duration?: number; renewable?: boolean };
      held.endsAt = this.#clock.now() + seconds * 1000;
      held.until = Math.min(held.endsAt, this.#connection.session.endsAt);
      // near its last end the next one is made while this one still works
      held.renewable = renewable === true && seconds * 1000 >= held.fullMs / 2;
      return seconds > 0;
    } catch (error) {
      if (isConfigError(error) && (error.code === 'invalid_option' || error.code === 'access_denied')) return false;
      throw error;
    }
  }

  async #make(document: string, signal: AbortSignal): Promise<Held> {
    const { path, method = 'GET', data } = this.#requests.get(document) as LeaseRequest;
    const { token } = this.#connection.session;
    const answer = await this.#connection.ask({ method, path, what: path, ...(method === 'POST' && { body: data ?? {} }) }, signal);
    if (answer.status === 404) throw missing(path);
    const { data: value = {}, ...lease } = (answer.body ?? {}) as Issued;
    const now = this.#clock.now();
    const endsAt = endOf(lease, value, now);
    const id = lease.lease_id ?? '';
    const made: Held = {
      value,
      id,
      token,
      fullMs: endsAt - now,
      endsAt,
      until: Math.min(endsAt, this.#connection.session.endsAt),
      renewable: lease.renewable === true,
      version: createHash('sha256')
        .update(id || JSON.stringify({ ...value, ttl: 0 }))
        .digest('hex')
        .slice(0, 12),
      cancel: () => undefined,
    };
    const before = this.#held.get(document);
    before?.cancel();
    if (before) this.#old = [...this.#old.filter((one) => one.endsAt > now), before];
    this.#held.set(document, made);
    return made;
  }

  #document({ value, version, until, renewable }: Held): Document {
    const left = Math.max(until - this.#clock.now(), 0);
    // what is not renewed again is replaced early, so that old and new overlap
    const freshMs = Math.max(left * (renewable ? 2 / 3 : 1 / 2), Math.min(left, soonest));
    return { value, version, secret: true, text: true, ...(until !== Number.POSITIVE_INFINITY && { expiresAt: until, freshMs }) };
  }

  #schedule(document: string, held: Held): void {
    held.cancel();
    const left = held.until - this.#clock.now();
    if (this.#watchers.size === 0 || left === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(left * (0.55 + 0.1 * Math.random()), soonest), 2 ** 31 - 1);
    held.cancel = this.#clock.after(wait, () => void this.#tend(document, held));
  }

  async #tend(document: string, held: Held): Promise<void> {
    const { session } = this.#connection;
    try {
      if (this.#renewable(held) && (await session.background((signal) => this.#renew(held, signal)))) {
        this.#schedule(document, held);
        return;
      }
    } catch {
      if (held.until > this.#clock.now() + soonest) {
        this.#schedule(document, held); // a part of what is left: sooner and sooner
        return;
      }
    }
    this.#tell([document]);
  }

  #ended(token: string | undefined): void {
    const gone = [...this.#held].filter(([, held]) => held.token === token);
    for (const [document, held] of gone) {
      held.cancel();
      this.#held.delete(document);
    }
    this.#old = this.#old.filter((held) => held.token !== token);
    if (gone.length > 0) this.#tell(gone.map(([document]) => document));
  }

  #tell(documents: readonly string[]): void {
    for (const changed of this.#watchers) changed(documents);
  }
}

interface Issued {
  readonly lease_id?: string;
  readonly lease_duration?: number;
  readonly renewable?: boolean;
  readonly data?: ConfigTree;
}

/** A lease's end, a certificate's, a rotated password's; what names none never ends. */
function endOf({ lease_id: id = '', lease_duration: seconds = 0 }: Issued, { expiration, ttl }: ConfigTree, now: number): number {
  if (id !== '' && seconds > 0) return now + seconds * 1000;
  if (typeof expiration === 'number') return expiration * 1000;
  if (typeof ttl === 'number' && ttl > 0) return now + ttl * 1000;
  return Number.POSITIVE_INFINITY;
}
