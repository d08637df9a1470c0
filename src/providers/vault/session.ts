// The token that connection.ts sends with each request: logs in once for all waiting callers, renews the
// token before two thirds of its life, and replaces it before its end. An expired token is still sent until
// another one arrives: only the server's own refusal counts, so an outage is not mistaken for a bad token.

import type { ConfigError } from '../../errors.ts';
import { Listeners } from '../../internal/listeners.ts';
import { maxTimerMs } from '../../internal/options.ts';
import { type Clock, later } from '../../shelter/clock.ts';
import type { Closing } from '../../shelter/port.ts';
import type { ApiRequest } from './api-request.ts';
import type { Login, VaultAuth } from './auth/login.ts';
import { background, endsAtText, succeedsWithin } from './background.ts';
import { unauthenticated } from './classify.ts';
import { TokenCheck } from './token-check.ts';
import { lookupToken, postLogin, renewToken, type SendRequest, unwrapToken } from './token-requests.ts';

/** Without a token where an agent, or the injected client, adds its own. */
type ObtainedToken = Omit<Login, 'token'> & { readonly token: string | undefined };

interface SessionToken {
  readonly token: string | undefined;
  readonly ours: boolean;
  /** The life it was issued with. */
  readonly ttlMs: number;
  endsAt: number;
  renewAt: number;
  renewable: boolean;
  dead: boolean;
  used: boolean;
}

const minDelayMs = 1_000;

export class Session {
  readonly #auth: VaultAuth | undefined;
  readonly #send: SendRequest;
  readonly #clock: Clock;
  readonly #endListeners = new Listeners<string | undefined>();
  readonly #tokenCheck: TokenCheck;
  #current: SessionToken | undefined;
  /** Tokens that were replaced before their end. Leases created under them are still valid. */
  #replaced: SessionToken[] = [];
  #loggingIn: Promise<boolean> | undefined;
  #maintaining: Promise<void> | undefined;
  #cancelTimer: () => void = () => undefined;
  #unwatch: (() => void) | undefined;
  #unwatchCredential: (() => void) | undefined;
  /** The server may have created a token that did not arrive: the last log-in was aborted. */
  #isLoginOpen = false;
  #closed = false;
  /** Changes with each token that no request asked for, and when another credential may be available. */
  credentialVersion = 0;

  constructor(auth: VaultAuth | undefined, send: SendRequest, clock: Clock) {
    this.#auth = auth;
    this.#send = send;
    this.#clock = clock;
    this.#tokenCheck = new TokenCheck(send, clock);
  }

  /** Returns the token for a request that starts now. Starts a renewal when one is due: timers do not run
   *  while a process is frozen. */
  async tokenForRequest(): Promise<string | undefined> {
    if (this.#hasEnded(this.#current)) await this.#loggingIn?.catch(() => undefined);
    const current = this.#current;
    if (!current) throw unauthenticated('no token is available');
    current.used = true;
    if (current.renewAt <= this.#clock.now() && !this.#hasEnded(current)) void this.#maintain();
    return current.token;
  }

  /** When the current token ends unless it is renewed. Everything created under the token ends with it. */
  get endsAt(): number {
    return this.#current?.endsAt ?? Number.POSITIVE_INFINITY;
  }

  get token(): string | undefined {
    return this.#current?.token;
  }

  /** Whether `close()` revokes this token. */
  willRevoke(token: string | undefined): boolean {
    return [this.#current, ...this.#replaced].some((one) => one?.ours && one.token === token);
  }

  /** Calls the listener when a token is dead. All leases created under that token are dead, too. */
  onEnd(listener: (token: string | undefined) => void): void {
    this.#endListeners.add(listener);
  }

  /** Whether a refused token is still valid. If so, the request was refused for lack of permission. */
  isAlive(token: string | undefined, signal: AbortSignal): Promise<boolean> {
    if (token === undefined) return Promise.resolve(true);
    if (this.#current?.token === token && this.#hasEnded(this.#current)) return Promise.resolve(false);
    return this.#tokenCheck.isAlive(token, signal);
  }

  /** Marks a token as dead, and returns the error to throw. */
  markDead(token: string | undefined): ConfigError {
    if (this.#current?.token === token && this.#current) this.#current.dead = true;
    return unauthenticated('the token is no longer valid: it has expired or was revoked');
  }

  /** Logs in, unless another log-in has replaced the token already. False: no other token is available. */
  async connect(signal: AbortSignal): Promise<boolean> {
    if (this.#current && !this.#hasEnded(this.#current)) return true;
    return this.#login(signal);
  }

  #hasEnded(token: SessionToken | undefined): boolean {
    return token !== undefined && (token.dead || token.endsAt <= this.#clock.now());
  }

  /** Revokes the tokens that this session has created. */
  async close({ withinMs, left }: Closing): Promise<void> {
    const until = this.#clock.now() + withinMs;
    const leftMs = (): number => Math.max(0, until - this.#clock.now());
    this.#closed = true;
    this.#cancelTimer();
    this.#unwatch?.();
    this.#unwatchCredential?.();
    // a token that arrives now is revoked below
    await succeedsWithin(this.#clock, leftMs(), async () => this.#loggingIn ?? true);
    if (this.#isLoginOpen) left('the token of a log-in that was under way');
    const now = this.#clock.now();
    const ours = [this.#current, ...this.#replaced].filter(
      (one) => one?.ours && !one.dead && one.endsAt > now,
    );
    this.#current = undefined;
    this.#replaced = [];
    const revoke: ApiRequest = {
      method: 'POST',
      path: 'auth/token/revoke-self',
      subject: 'the token itself',
    };
    const isRevoked = async (one: SessionToken, signal: AbortSignal): Promise<boolean> =>
      (await this.#send(revoke, one.token, signal)).status < 300;
    await Promise.all(
      ours.map(async (one) => {
        const done = one && (await succeedsWithin(this.#clock, leftMs(), (signal) => isRevoked(one, signal)));
        if (one && !done) left(`the token of its log-in, ${endsAtText(one.endsAt)}`);
      }),
    );
  }

  #login(signal: AbortSignal): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    this.#loggingIn ??= this.#loginNow(signal).finally(() => {
      this.#loggingIn = undefined;
    });
    return this.#loggingIn;
  }

  async #loginNow(signal: AbortSignal): Promise<boolean> {
    const before = this.#current;
    let isNew = false;
    try {
      isNew = await this.#replace(before, signal);
    } finally {
      this.#watch(isNew || (before !== undefined && !this.#hasEnded(before)));
    }
    return isNew;
  }

  /** Another token is used as soon as there is one. Another credential matters while log-ins fail. */
  #watch(isLoggedIn: boolean): void {
    if (this.#closed) return;
    const changed = (): void => void this.#changed();
    this.#unwatch ??= this.#auth?.watch?.(changed);
    if (!isLoggedIn) this.#unwatchCredential ??= this.#auth?.watchCredential?.(changed);
    else {
      this.#unwatchCredential?.();
      this.#unwatchCredential = undefined;
    }
  }

  async #changed(): Promise<void> {
    this.credentialVersion++;
    // a log-in in flight may have read the old one
    await this.#loggingIn?.catch(() => undefined);
    await this.#loginUnasked().catch(() => undefined);
  }

  /** Logs in although no request needs it. */
  async #loginUnasked(): Promise<boolean> {
    const isNew = await background(this.#clock, (timeout) => this.#login(timeout));
    if (isNew) this.credentialVersion++;
    return isNew;
  }

  async #replace(before: SessionToken | undefined, signal: AbortSignal): Promise<boolean> {
    const startedAt = this.#clock.now(); // the life counts from the request: the reply may have taken long
    const obtained = await this.#obtain(before, signal);
    if (before && obtained.token === before.token) return false;
    this.#adopt(obtained, startedAt);
    if (before && this.#hasEnded(before)) this.#endListeners.notify(before.token);
    else if (before)
      this.#replaced = [...this.#replaced.filter((one) => one.endsAt > this.#clock.now()), before];
    return true;
  }

  async #obtain(before: SessionToken | undefined, signal: AbortSignal): Promise<ObtainedToken> {
    if (!this.#auth) return { token: undefined };
    const result = await this.#auth({
      signal,
      ...(before?.token !== undefined && { refused: before.token }),
      login: (path, body) => this.#post(path, body, signal),
      unwrap: (token) => unwrapToken(this.#send, token, signal),
    });
    const given: unknown =
      typeof result === 'string' ? result : (result as Partial<Login> | undefined)?.token;
    const token = typeof given === 'string' ? given.trim() : '';
    if (token === '') throw unauthenticated('the log-in returned no token');
    if (!/^[\x21-\x7e]+$/.test(token))
      throw unauthenticated(
        'the token has characters that no token can have',
        'Check that the option auth returns the token and nothing else',
      );
    if (typeof result !== 'string') return { ...result, token };
    if (token === before?.token) return { token };
    const life = await lookupToken(this.#send, token, signal);
    if (life === 'dead')
      throw unauthenticated(
        'the token is not valid: it has expired, was revoked, or belongs to another server',
      );
    return { token, ...life };
  }

  async #post(path: string, body: object, signal: AbortSignal): Promise<Login> {
    this.#isLoginOpen = true;
    try {
      return await postLogin(this.#send, path, body, signal);
    } finally {
      this.#isLoginOpen = signal.aborted;
    }
  }

  #adopt({ token, ttlMs = 0, renewable = false, ours = false }: ObtainedToken, startedAt: number): void {
    const current: SessionToken = {
      token,
      ours,
      ttlMs,
      renewable,
      endsAt: 0,
      renewAt: 0,
      dead: false,
      used: false,
    };
    this.#current = current;
    this.#startLife(current, ttlMs, startedAt);
  }

  /** Sets when the token ends, and when to renew it: at a random point between 55 and 65 % of its life. */
  #startLife(current: SessionToken, ttlMs: number, now: number): void {
    current.endsAt = ttlMs > 0 ? now + ttlMs : Number.POSITIVE_INFINITY;
    current.renewAt = ttlMs > 0 ? now + ttlMs * (0.55 + 0.1 * Math.random()) : Number.POSITIVE_INFINITY;
    this.#schedule(current);
  }

  #schedule(current: SessionToken): void {
    this.#cancelTimer();
    if (this.#closed || current !== this.#current || current.renewAt === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(current.renewAt - this.#clock.now(), minDelayMs), maxTimerMs);
    this.#cancelTimer = later(this.#clock, delayMs, () => {
      if (current.endsAt > this.#clock.now()) void this.#maintain();
    });
  }

  /** Renews the token, or logs in again where renewal does not help. A failure is tried again later. */
  #maintain(): Promise<void> {
    this.#maintaining ??= this.#maintainNow().finally(() => {
      this.#maintaining = undefined;
    });
    return this.#maintaining;
  }

  async #maintainNow(): Promise<void> {
    const current = this.#current;
    if (!current || current.dead || current.renewAt > this.#clock.now() + minDelayMs) return;
    const leftMs = current.endsAt - this.#clock.now();
    current.renewAt = this.#clock.now() + Math.max(leftMs / 4, minDelayMs); // the next attempt
    try {
      if (current.renewable && (await this.#renew(current))) return;
      // an idle process needs no token: the next read logs in
      if (current.used && (await this.#loginUnasked())) return;
    } catch {
      // the next read reports the failure, if the token ends before a later attempt succeeds
    }
    this.#schedule(current);
  }

  /** False: the renewed life is short, so another token is needed while this one still works. */
  async #renew(current: SessionToken): Promise<boolean> {
    const startedAt = this.#clock.now();
    const life = await background(this.#clock, (signal) => renewToken(this.#send, current.token, signal));
    current.renewable = life?.renewable === true;
    if (!life) return false;
    const { ttlMs = 0 } = life;
    this.#startLife(current, ttlMs, startedAt);
    return ttlMs === 0 || ttlMs >= current.ttlMs / 2;
  }
}
