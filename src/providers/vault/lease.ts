import { createHmac, randomBytes } from 'node:crypto';
import { isConfigError } from '../../errors.ts';
import type { Clock } from '../../shelter/clock.ts';
import type { Document } from '../../shelter/port.ts';
import { type ConfigTree, isTree } from '../../value.ts';
import { type Asked, foreign, missing } from './classify.ts';
import type { Connection } from './connection.ts';
import type { LeaseRequest } from './options.ts';

interface Held {
  readonly value: ConfigTree;
  readonly version: string;
  /** Empty for what expires without a lease: certificates, rotated passwords. */
  readonly id: string;
  readonly token: string | undefined;
  readonly fullMs: number;
  /** The lease's end, or that of the token it hangs on. */
  until: number;
  renewable: boolean;
}

/** Credentials that were made for us, by the document that names them. When to renew them is the shelter's business. */
export class Leases {
  readonly #connection: Connection;
  readonly #requests: ReadonlyMap<string, LeaseRequest>;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  /** Versions stand in logs: without this key nobody can try out credentials against them. */
  readonly #versionKey = randomBytes(32);
  /** Replaced, and valid still. */
  #old: Held[] = [];
  readonly #listeners = new Set<(documents: readonly string[]) => void>();

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
    const { value, version, until, renewable } = renewed ? held : await this.#make(document, signal);
    const left = Math.max(until - this.#clock.now(), 0);
    // what is not renewed again is replaced earlier, so that old and new overlap
    const freshMs = left * (renewable ? 2 / 3 : 1 / 2);
    return {
      value,
      version,
      secret: true,
      text: true,
      ...(until !== Number.POSITIVE_INFINITY && { expiresAt: until, freshMs }),
    };
  }

  /** Tells of credentials that have ended before their time. */
  watch(gone: (documents: readonly string[]) => void): () => void {
    this.#listeners.add(gone);
    return () => this.#listeners.delete(gone);
  }

  /** Revokes what was made; leases of a token that is revoked itself end with it. */
  async close(): Promise<void> {
    const { session } = this.#connection;
    const now = this.#clock.now();
    const mine = [...this.#held.values(), ...this.#old].filter(
      (one) => one.id !== '' && one.until > now && !session.made(one.token),
    );
    this.#held.clear();
    this.#old = [];
    await Promise.all(mine.map((one) => this.revoke(one.id)));
  }

  /** As well as it can be done: who may not revoke leaves it to end by itself. */
  async revoke(id: string): Promise<void> {
    const asked: Asked = {
      method: 'PUT',
      path: 'sys/leases/revoke',
      body: { lease_id: id },
      what: 'a lease',
    };
    await this.#connection.session
      .background((signal) => this.#connection.ask(asked, signal))
      .catch(() => undefined);
  }

  #renewable({ id, renewable, token, until }: Held): boolean {
    return renewable && id !== '' && until > this.#clock.now() && token === this.#connection.session.token;
  }

  /** False: it is gone, or may not be renewed. */
  async #renew(held: Held, signal: AbortSignal): Promise<boolean> {
    const body = { lease_id: held.id, increment: Math.round(held.fullMs / 1000) };
    const asked = this.#clock.now(); // a life is counted from before the answer, which may have taken long
    try {
      const { body: answer } = await this.#connection.ask(
        { method: 'PUT', path: 'sys/leases/renew', body, what: 'a lease' },
        signal,
      );
      const { lease_duration: seconds = 0, renewable } = answer as Issued;
      held.until = this.#capped(asked + seconds * 1000);
      // near its last end it is renewed no more: the next one is made while this one works
      held.renewable = renewable === true && seconds * 1000 >= held.fullMs / 2;
      return seconds > 0;
    } catch (error) {
      if (isConfigError(error) && (error.code === 'invalid_option' || error.code === 'access_denied'))
        return false;
      throw error;
    }
  }

  async #make(document: string, signal: AbortSignal): Promise<Held> {
    const { path, method = 'GET', data } = this.#requests.get(document) as LeaseRequest;
    const token = await this.#connection.session.use();
    const post = method === 'POST' && ({ body: data ?? {}, capability: 'update' } as const);
    const now = this.#clock.now();
    const answer = await this.#connection.ask({ method, path, what: path, ...post }, signal);
    if (answer.status === 404) throw missing(path);
    const issued = answer.body as Issued;
    const { lease_id: id = '', data: value } = issued;
    if (!isTree(value) || typeof id !== 'string') throw foreign(answer, path);
    const until = this.#capped(endOf(issued, value, now));
    const before = this.#held.get(document);
    if (before) this.#old = [...this.#old.filter((one) => one.until > now), before];
    const version = createHmac('sha256', this.#versionKey).update(id || JSON.stringify({ ...value, ttl: 0 }));
    const made: Held = {
      value,
      id,
      token,
      until,
      fullMs: until - now,
      renewable: issued.renewable === true,
      version: version.digest('hex').slice(0, 12),
    };
    this.#held.set(document, made);
    return made;
  }

  #capped(end: number): number {
    return Math.min(end, this.#connection.session.endsAt);
  }

  #ended(token: string | undefined): void {
    const gone = [...this.#held].filter(([, held]) => held.token === token).map(([document]) => document);
    for (const document of gone) this.#held.delete(document);
    this.#old = this.#old.filter((held) => held.token !== token);
    if (gone.length > 0) for (const tell of this.#listeners) tell(gone);
  }
}

interface Issued {
  readonly lease_id?: string;
  readonly lease_duration?: number;
  readonly renewable?: boolean;
  readonly data?: ConfigTree;
}

/** A lease's end, a certificate's, a rotated password's; what names none never ends. */
function endOf(
  { lease_id: id = '', lease_duration: seconds = 0 }: Issued,
  { expiration, ttl }: ConfigTree,
  now: number,
): number {
  if (id !== '' && seconds > 0) return now + seconds * 1000;
  if (typeof expiration === 'number') return expiration * 1000;
  if (typeof ttl === 'number' && ttl > 0) return now + ttl * 1000;
  return Number.POSITIVE_INFINITY;
}
