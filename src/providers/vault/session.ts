import type { ConfigTree } from '../../entry.ts';
import type { ConfigError } from '../../errors.ts';
import type { Clock } from '../../shelter/clock.ts';
import { type Asked, failure, missing, said, unauthenticated } from './classify.ts';
import type { Answer } from './transport.ts';

/** What a log-in made. */
export interface Login {
  readonly token: string;
  /** How long it lives; undefined or 0: for ever. */
  readonly ttlMs?: number;
  readonly renewable?: boolean;
  /** Made by this log-in, so that `close()` revokes it. @default false */
  readonly ours?: boolean;
}

export interface LoginCall {
  readonly signal: AbortSignal;
  /** The token that has just been refused. */
  readonly refused?: string;
  /** Posts to a log-in path, as in `auth/approle/login`. */
  login(path: string, body: object): Promise<Login>;
  /** What a response-wrapping token holds. Works once. */
  unwrap(token: string): Promise<ConfigTree>;
}

/** How to come by a token: one of the functions of this module, or your own. A token that was refused, answered again, ends the
 *  attempt. */
export interface VaultAuth {
  (call: LoginCall): Promise<string | Login>;
  /** Tells that another token is there now. */
  readonly watch?: (changed: () => void) => () => void;
}

export type Send = (asked: Asked, token: string | undefined, signal: AbortSignal) => Promise<Answer>;

interface Held {
  readonly token: string | undefined;
  readonly ours: boolean;
  readonly fullMs: number;
  endsAt: number;
  renewAt: number;
  renewable: boolean;
  dead: boolean;
  used: boolean;
}

const attemptMs = 10_000;
const verdictMs = 5_000;
const soonest = 1_000;

/** One token: logged in, renewed before two thirds of its life, replaced before its end, once, for everybody who waits. */
export class Session {
  readonly #auth: VaultAuth | undefined;
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #onEnd = new Set<(token: string | undefined) => void>();
  #held: Held | undefined;
  /** Replaced before their end; leases made under them live on. */
  #old: Held[] = [];
  #logging: Promise<boolean> | undefined;
  #tending: Promise<void> | undefined;
  #verdict: { readonly token: string | undefined; readonly alive: Promise<boolean>; until: number } | undefined;
  #cancel: () => void = () => undefined;
  #unwatch: (() => void) | undefined;
  #closed = false;

  constructor(auth: VaultAuth | undefined, send: Send, clock: Clock) {
    this.#auth = auth;
    this.#send = send;
    this.#clock = clock;
  }

  /** The token for a request that starts now. */
  use(): string | undefined {
    const held = this.#held;
    if (!held || held.dead) throw unauthenticated('there is no valid token');
    const now = this.#clock.now();
    if (held.endsAt <= now) throw this.refuse(held.token);
    held.used = true;
    if (held.renewAt <= now) void this.#tend();
    return held.token;
  }

  /** When the token of now ends unless it is renewed, and with it what is made under it. */
  get endsAt(): number {
    return this.#held?.endsAt ?? Number.POSITIVE_INFINITY;
  }

  get token(): string | undefined {
    return this.#held?.token;
  }

  /** Whether `close()` revokes that token. */
  made(token: string | undefined): boolean {
    return [this.#held, ...this.#old].some((one) => one?.ours && one.token === token);
  }

  /** Tells of a token that is dead, and with it every lease made under it. */
  onEnd(listener: (token: string | undefined) => void): void {
    this.#onEnd.add(listener);
  }

  /** Whether a refused token lives at all: asked once for all who were refused. */
  alive(token: string | undefined, signal: AbortSignal): Promise<boolean> {
    if (token === undefined) return Promise.resolve(true);
    const known = this.#verdict;
    if (known && known.token === token && known.until > this.#clock.now()) return known.alive;
    const verdict = { token, until: Number.POSITIVE_INFINITY, alive: this.#lookup(token, signal).then((found) => found !== 'dead') };
    this.#verdict = verdict;
    verdict.alive.then(
      () => (verdict.until = this.#clock.now() + verdictMs),
      () => (verdict.until = 0),
    );
    return verdict.alive;
  }

  /** From now on the token counts as dead. */
  refuse(token: string | undefined): ConfigError {
    if (this.#held?.token === token && this.#held) this.#held.dead = true;
    return unauthenticated('the token is no longer valid: it has expired or was revoked');
  }

  /** Logs in, unless a log-in has helped already. False: there is no other token to be had. */
  async connect(signal: AbortSignal): Promise<boolean> {
    if (this.#held && !this.#held.dead) return true;
    return this.#login(signal);
  }

  /** Revokes the tokens that were made here. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    this.#unwatch?.();
    await this.#logging?.catch(() => undefined);
    const now = this.#clock.now();
    const ours = [this.#held, ...this.#old].filter((one) => one?.ours && !one.dead && one.endsAt > now);
    this.#held = undefined;
    this.#old = [];
    const revoke: Asked = { method: 'POST', path: 'auth/token/revoke-self', what: 'the own token' };
    await Promise.all(ours.map((one) => this.background((signal) => this.#send(revoke, one?.token, signal)).catch(() => undefined)));
  }

  /** Work that no caller waits for. */
  async background<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const cancel = this.#clock.after(attemptMs, () => controller.abort());
    try {
      return await work(controller.signal);
    } finally {
      cancel();
    }
  }

  #login(signal: AbortSignal): Promise<boolean> {
    this.#logging ??= this.#loginNow(signal).finally(() => {
      this.#logging = undefined;
    });
    return this.#logging;
  }

  async #loginNow(signal: AbortSignal): Promise<boolean> {
    const before = this.#held;
    const made = await this.#obtain(before, signal);
    if (before && made.token === before.token) return false;
    if (this.#closed) return false;
    this.#take(made);
    if (before?.dead) for (const tell of this.#onEnd) tell(before.token);
    else if (before) this.#old = [...this.#old.filter((one) => one.endsAt > this.#clock.now()), before];
    this.#unwatch ??= this.#auth?.watch?.(() => void this.background((late) => this.#login(late)).catch(() => undefined));
    return true;
  }

  async #obtain(before: Held | undefined, signal: AbortSignal): Promise<Omit<Login, 'token'> & { readonly token: string | undefined }> {
    if (!this.#auth) return { token: undefined };
    const answer = await this.#auth({
      signal,
      ...(before?.token !== undefined && { refused: before.token }),
      login: (path, body) => this.#post(path, body, signal),
      unwrap: (token) => this.#unwrap(token, signal),
    });
    if (typeof answer !== 'string') return answer;
    if (answer === before?.token) return { token: answer };
    const found = await this.#lookup(answer, signal);
    if (found === 'dead') throw unauthenticated('the token is not valid: it has expired, was revoked, or is another server’s');
    return { token: answer, ...found };
  }

  async #post(path: string, body: object, signal: AbortSignal): Promise<Login> {
    const asked: Asked = { method: 'POST', path, body, what: path };
    const answer = await this.#send(asked, undefined, signal);
    const { auth } = (answer.body ?? {}) as {
      auth?: { client_token?: unknown; lease_duration?: number; renewable?: boolean; num_uses?: number };
    };
    if (answer.status === 200 && typeof auth?.client_token === 'string' && auth.client_token !== '')
      return {
        token: auth.client_token,
        ttlMs: (auth.lease_duration ?? 0) * 1000,
        renewable: auth.renewable === true && !auth.num_uses, // a renewal would use up one of few uses
        ours: true,
      };
    if (answer.json && answer.status === 404) throw missing(path);
    if (answer.json && answer.status < 404)
      throw unauthenticated(
        `the log-in at ${path} was refused (${answer.status})`,
        'Check the credentials, the role and the mount of the option auth',
      );
    throw failure(answer, asked);
  }

  async #unwrap(token: string, signal: AbortSignal): Promise<ConfigTree> {
    const asked: Asked = { method: 'POST', path: 'sys/wrapping/unwrap', what: 'the wrapped credential' };
    const answer = await this.#send(asked, token, signal);
    if (answer.status === 200) return ((answer.body ?? {}) as { data?: ConfigTree }).data ?? {};
    if (answer.json && answer.status < 404)
      throw unauthenticated(
        'the wrapping token is not valid',
        'It has expired, or somebody has unwrapped it before: if that was not you, revoke what it held',
      );
    throw failure(answer, asked);
  }

  async #lookup(token: string, signal: AbortSignal): Promise<'dead' | Omit<Login, 'token'>> {
    const asked: Asked = { method: 'GET', path: 'auth/token/lookup-self', what: 'the own token' };
    const answer = await this.#send(asked, token, signal);
    if (answer.status === 200) {
      const { data } = (answer.body ?? {}) as { data?: { ttl?: number; renewable?: boolean; num_uses?: number } };
      return { ttlMs: (data?.ttl ?? 0) * 1000, renewable: data?.renewable === true && !data.num_uses };
    }
    // who may not look itself up is told so by its policies ("1 error occurred"); a dead token has none
    if (answer.json && answer.status === 403) return /^1 error occurred/.test(said(answer)) ? {} : 'dead';
    if (answer.json && answer.status === 400) return 'dead';
    throw failure(answer, asked);
  }

  #take({ token, ttlMs = 0, renewable = false, ours = false }: Omit<Login, 'token'> & { readonly token: string | undefined }): void {
    const held: Held = { token, ours, fullMs: ttlMs, renewable, endsAt: 0, renewAt: 0, dead: false, used: false };
    this.#held = held;
    this.#lives(held, ttlMs);
  }

  #lives(held: Held, ttlMs: number): void {
    const now = this.#clock.now();
    held.endsAt = ttlMs > 0 ? now + ttlMs : Number.POSITIVE_INFINITY;
    held.renewAt = ttlMs > 0 ? now + ttlMs * (0.55 + 0.1 * Math.random()) : Number.POSITIVE_INFINITY;
    this.#schedule(held);
  }

  #schedule(held: Held): void {
    this.#cancel();
    if (this.#closed || held !== this.#held || held.renewAt === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(held.renewAt - this.#clock.now(), soonest), 2 ** 31 - 1);
    this.#cancel = this.#clock.after(wait, () => {
      if (held.endsAt > this.#clock.now()) void this.#tend();
    });
  }

  /** Renews the token, or gets another one where renewing does not help. Failures wait for the next time, later and later. */
  #tend(): Promise<void> {
    this.#tending ??= this.#tendNow().finally(() => {
      this.#tending = undefined;
    });
    return this.#tending;
  }

  async #tendNow(): Promise<void> {
    const held = this.#held;
    if (!held || held.dead || held.renewAt > this.#clock.now() + soonest) return;
    const left = held.endsAt - this.#clock.now();
    held.renewAt = this.#clock.now() + Math.max(left / 4, soonest); // if it fails
    try {
      if (held.renewable && (await this.#renew(held))) return;
      // an idle process needs no token: the next read gets one
      if (held.used && (await this.background((signal) => this.#login(signal)))) return;
    } catch {
      // whoever reads is told, should the token end before it works again
    }
    this.#schedule(held);
  }

  /** False: the life that is left is short, so that another token should be had while this one works. */
  async #renew(held: Held): Promise<boolean> {
    const asked: Asked = { method: 'POST', path: 'auth/token/renew-self', body: {}, what: 'the own token' };
    const answer = await this.background((signal) => this.#send(asked, held.token, signal));
    if (answer.status === 200) {
      const { auth } = (answer.body ?? {}) as { auth?: { lease_duration?: number; renewable?: boolean } };
      const ttlMs = (auth?.lease_duration ?? 0) * 1000;
      held.renewable = auth?.renewable === true;
      this.#lives(held, ttlMs);
      return ttlMs === 0 || ttlMs >= held.fullMs / 2;
    }
    if (answer.json && answer.status < 404) held.renewable = false;
    else throw failure(answer, asked);
    return false;
  }
}
