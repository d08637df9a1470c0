import type { ConfigError } from '../../errors.ts';
import { type Clock, later } from '../../shelter/clock.ts';
import { type Asked, unauthenticated } from './classify.ts';
import { type Login, lookup, postLogin, renew, type Send, unwrap, type VaultAuth } from './tokens.ts';
import { Verdict } from './verdict.ts';

/** Without a token where an agent, or the injected client, has its own. */
type Obtained = Omit<Login, 'token'> & { readonly token: string | undefined };

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
  readonly #verdict: Verdict;
  #cancel: () => void = () => undefined;
  #unwatch: (() => void) | undefined;
  #closed = false;

  constructor(auth: VaultAuth | undefined, send: Send, clock: Clock) {
    this.#auth = auth;
    this.#send = send;
    this.#clock = clock;
    this.#verdict = new Verdict(send, clock);
  }

  /** The token for a request that starts now. One that is over is used all the same while there is no other: only the server's own
   *  word may count as an answer. */
  async use(): Promise<string | undefined> {
    if (this.#isOver(this.#held)) await this.#logging?.catch(() => undefined);
    const held = this.#held;
    if (!held) throw unauthenticated('there is no token');
    held.used = true;
    if (held.renewAt <= this.#clock.now() && !this.#isOver(held)) void this.#tend();
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

  /** Whether a refused token lives at all. */
  alive(token: string | undefined, signal: AbortSignal): Promise<boolean> {
    if (token === undefined) return Promise.resolve(true);
    if (this.#held?.token === token && this.#isOver(this.#held)) return Promise.resolve(false);
    return this.#verdict.alive(token, signal);
  }

  /** From now on the token counts as dead. */
  refuse(token: string | undefined): ConfigError {
    if (this.#held?.token === token && this.#held) this.#held.dead = true;
    return unauthenticated('the token is no longer valid: it has expired or was revoked');
  }

  /** Logs in, unless a log-in has helped already. False: there is no other token to be had. */
  async connect(signal: AbortSignal): Promise<boolean> {
    if (this.#held && !this.#isOver(this.#held)) return true;
    return this.#login(signal);
  }

  #isOver(held: Held | undefined): boolean {
    return held !== undefined && (held.dead || held.endsAt <= this.#clock.now());
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
    await Promise.all(
      ours.map((one) =>
        this.background((signal) => this.#send(revoke, one?.token, signal)).catch(() => undefined),
      ),
    );
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
    const asked = this.#clock.now(); // a life is counted from before the answer, which may have taken long
    const made = await this.#obtain(before, signal);
    if (before && made.token === before.token) return false;
    if (this.#closed) return false;
    this.#take(made, asked);
    if (before && this.#isOver(before)) for (const tell of this.#onEnd) tell(before.token);
    else if (before) this.#old = [...this.#old.filter((one) => one.endsAt > this.#clock.now()), before];
    this.#unwatch ??= this.#auth?.watch?.(
      () => void this.background((late) => this.#login(late)).catch(() => undefined),
    );
    return true;
  }

  async #obtain(before: Held | undefined, signal: AbortSignal): Promise<Obtained> {
    if (!this.#auth) return { token: undefined };
    const answer = await this.#auth({
      signal,
      ...(before?.token !== undefined && { refused: before.token }),
      login: (path, body) => postLogin(this.#send, path, body, signal),
      unwrap: (token) => unwrap(this.#send, token, signal),
    });
    const given = (
      typeof answer === 'string' ? answer : (answer as Partial<Login> | undefined)?.token
    ) as unknown;
    const token = typeof given === 'string' ? given.trim() : '';
    if (token === '') throw unauthenticated('the log-in answered no token');
    if (!/^[\x21-\x7e]+$/.test(token))
      throw unauthenticated(
        'the token holds characters that no token has',
        'Is it the text of something else? Check the option auth',
      );
    if (typeof answer !== 'string') return { ...answer, token };
    if (token === before?.token) return { token };
    const found = await lookup(this.#send, token, signal);
    if (found === 'dead')
      throw unauthenticated('the token is not valid: it has expired, was revoked, or is another server’s');
    return { token, ...found };
  }

  #take({ token, ttlMs = 0, renewable = false, ours = false }: Obtained, asked: number): void {
    const held: Held = {
      token,
      ours,
      fullMs: ttlMs,
      renewable,
      endsAt: 0,
      renewAt: 0,
      dead: false,
      used: false,
    };
    this.#held = held;
    this.#lives(held, ttlMs, asked);
  }

  #lives(held: Held, ttlMs: number, now: number): void {
    held.endsAt = ttlMs > 0 ? now + ttlMs : Number.POSITIVE_INFINITY;
    held.renewAt = ttlMs > 0 ? now + ttlMs * (0.55 + 0.1 * Math.random()) : Number.POSITIVE_INFINITY;
    this.#schedule(held);
  }

  #schedule(held: Held): void {
    this.#cancel();
    if (this.#closed || held !== this.#held || held.renewAt === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(held.renewAt - this.#clock.now(), soonest), 2 ** 31 - 1);
    this.#cancel = later(this.#clock, wait, () => {
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
    const asked = this.#clock.now();
    const life = await this.background((signal) => renew(this.#send, held.token, signal));
    held.renewable = life?.renewable === true;
    if (!life) return false;
    const { ttlMs = 0 } = life;
    this.#lives(held, ttlMs, asked);
    return ttlMs === 0 || ttlMs >= held.fullMs / 2;
  }
}
