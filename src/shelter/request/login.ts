// The log-in of one backend. Used by request.ts. Single flight; a request that was refused is repeated once
// after a new log-in; a log-in that does not help backs off, from one second up to a minute.

import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type { Clock } from '../clock.ts';
import type { Backend, RequestInfo, Run } from './backend.ts';

const connecting: RequestInfo = { type: 'connect', documents: 0, retryIf: (error) => error.transient };
const firstPauseMs = 1_000;
const maxPauseMs = 60_000;

interface Refusal {
  readonly error: ConfigError;
  readonly at: number;
  readonly until: number;
  readonly pauseMs: number;
}

export class Login {
  /** The number of log-ins so far. */
  epoch = 0;
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

  /** Undefined when requests may start, else the log-in in flight, or why there is none. */
  ready(): Promise<ConfigError | undefined> | undefined {
    const refused = this.#refused();
    if (refused) return Promise.resolve(refused);
    return this.epoch > 0 || !this.#backend.connect ? undefined : this.#connect(undefined);
  }

  /** After an `unauthenticated` that a request of that epoch got. */
  again(refused: ConfigError, epoch: number): Promise<ConfigError | undefined> | undefined {
    return this.epoch === epoch ? this.#connect(refused) : undefined;
  }

  helped(): void {
    this.#refusal = undefined;
  }

  didNotHelp(error: ConfigError, epoch: number): ConfigError {
    if (epoch === this.epoch) this.#fail(error);
    return error;
  }

  /** The error during a pause between log-ins. A clock that was put back ends the pause. */
  #refused(): ConfigError | undefined {
    if (!this.#refusal) return undefined;
    const { error, at, until } = this.#refusal;
    const now = this.#clock.now();
    return now >= at && now < until ? error : undefined;
  }

  #connect(refused: ConfigError | undefined): Promise<ConfigError | undefined> {
    const before = this.#refused();
    if (before) return Promise.resolve(before);
    this.#flight ??= this.#logIn(refused).finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #logIn(refused: ConfigError | undefined): Promise<ConfigError | undefined> {
    let isNew = refused !== undefined && this.#backend.relogin?.(refused) === true;
    const error =
      this.#backend.connect &&
      (await this.#send(connecting, async (call) => {
        if (await this.#backend.connect?.(refused, call)) isNew = true;
        return undefined;
      }));
    if (!error && (isNew || !refused)) {
      this.epoch++;
      if (this.#backend.connect) this.#emitter.emit('authenticated', {});
      return undefined;
    }
    const failure = error ?? (refused as ConfigError);
    if (failure.transient) return failure;
    this.#fail(failure);
    return failure;
  }

  /** Backs off, once for all requests that one log-in did not help. */
  #fail(error: ConfigError): void {
    if (this.#refused()) return;
    const now = this.#clock.now();
    const pauseMs = Math.min(maxPauseMs, this.#refusal ? this.#refusal.pauseMs * 2 : firstPauseMs);
    this.#refusal = { error, at: now, pauseMs, until: now + pauseMs * (1 + Math.random() / 10) };
    this.#emitter.emit('authentication_failed', { outcome: error.code });
  }
}
