// The log-in of one backend. Used by request.ts. Single flight; a request that was refused is repeated once
// after a new log-in; a log-in that does not help backs off, from one second up to a minute, or until the
// backend has other credentials.

import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type { Clock } from '../clock.ts';
import type { Backend, RequestInfo, Run } from './backend.ts';

const connecting: RequestInfo = { type: 'connect', documents: 0, retryIf: (error) => error.transient };
const firstPauseMs = 1_000;
const maxPauseMs = 60_000;

interface Refusal {
  readonly error: ConfigError;
  readonly until: number;
  readonly pauseMs: number;
  /** The credentials that were refused. */
  readonly version: number | undefined;
}

export class Login {
  #logins = 0;
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #emitter: Emitter;
  readonly #send: (info: RequestInfo, run: Run) => Promise<ConfigError | undefined>;
  #flight: Promise<ConfigError | undefined> | undefined;
  #refusal: Refusal | undefined;

  constructor(
    backend: Backend,
    clock: Clock,
    emitter: Emitter,
    send: (info: RequestInfo, run: Run) => Promise<ConfigError | undefined>,
  ) {
    this.#backend = backend;
    this.#clock = clock;
    this.#emitter = emitter;
    this.#send = send;
  }

  /** Changes with each log-in, and when the backend has other credentials. */
  get epoch(): number {
    return this.#logins + (this.#backend.credentialVersion ?? 0);
  }

  /** Undefined when requests may start, else the log-in in flight, or why there is none. `request`: what
   *  waits for it. */
  ready(request: RequestInfo): Promise<ConfigError | undefined> | undefined {
    const refused = this.#refused();
    if (refused) return Promise.resolve(refused);
    return this.#logins > 0 || !this.#backend.connect ? undefined : this.#connect(undefined, request);
  }

  /** After an `unauthenticated` that a request of that epoch got. */
  again(
    refused: ConfigError,
    epoch: number,
    request: RequestInfo,
  ): Promise<ConfigError | undefined> | undefined {
    return this.epoch === epoch ? this.#connect(refused, request) : undefined;
  }

  helped(): void {
    this.#refusal = undefined;
  }

  didNotHelp(error: ConfigError, epoch: number): ConfigError {
    if (epoch === this.epoch) this.#fail(error);
    return error;
  }

  /** The error during a pause between log-ins. */
  #refused(): ConfigError | undefined {
    const refusal = this.#current();
    if (!refusal) return undefined;
    const { error, until } = refusal;
    return this.#clock.now() < until ? error : undefined;
  }

  /** The last refusal, unless the backend has other credentials since. */
  #current(): Refusal | undefined {
    return this.#refusal?.version === this.#backend.credentialVersion ? this.#refusal : undefined;
  }

  #connect(refused: ConfigError | undefined, request: RequestInfo): Promise<ConfigError | undefined> {
    const before = this.#refused();
    if (before) return Promise.resolve(before);
    this.#flight ??= this.#logIn(refused, request).finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #logIn(
    refused: ConfigError | undefined,
    { operations }: RequestInfo,
  ): Promise<ConfigError | undefined> {
    // what changes during the log-in may not have been read
    const version = this.#backend.credentialVersion;
    let isNew = refused !== undefined && this.#backend.relogin?.(refused) === true;
    const error =
      this.#backend.connect &&
      (await this.#send({ ...connecting, ...(operations && { operations }) }, async (call) => {
        if (await this.#backend.connect?.(refused, call)) isNew = true;
        return undefined;
      }));
    if (!error && (isNew || !refused)) {
      this.#logins++;
      if (this.#backend.connect) this.#emitter.emit('authenticated', {});
      return undefined;
    }
    const failure = error ?? (refused as ConfigError);
    if (failure.transient) return failure;
    this.#fail(failure, version);
    return failure;
  }

  /** Backs off, once for all requests that one log-in did not help. */
  #fail(error: ConfigError, version = this.#backend.credentialVersion): void {
    if (this.#refused()) return;
    const now = this.#clock.now();
    const before = this.#current();
    const pauseMs = before ? Math.min(maxPauseMs, before.pauseMs * 2) : firstPauseMs;
    this.#refusal = { error, pauseMs, until: now + pauseMs * (1 + Math.random() / 10), version };
    this.#emitter.emit('authentication_failed', { outcome: error.code });
  }
}
