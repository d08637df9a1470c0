// The entry point of this folder: requests that are made until they are answered, with a log-in before,
// retries in between, and one deadline over all. Used by cache/, keys/, sheltered.ts and Vault's Transit
// key. `send` never rejects: it returns the failure.

import type { ConfigError } from '../../errors.ts';
import { lazy } from '../../internal/lazy.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type { Settings } from '../options.ts';
import { Attempts, type RequestCounts } from './attempts.ts';
import type { Backend, RequestInfo, Run } from './backend.ts';
import { alwaysClosed, type BreakerState, loadBreaker } from './breaker.ts';
import { RequestId } from './call.ts';
import { Login } from './login.ts';
import type { PolicedRequests } from './policy.ts';

export type { RequestCounts } from './attempts.ts';
export type { Backend, RequestInfo, Run } from './backend.ts';
export { type Breaker, type BreakerState, loadBreakers, type Trouble } from './breaker.ts';

const loadPolicy = lazy(() => import('./policy.ts'));

export const ifTransient = (error: ConfigError): boolean => error.transient;
export const ifThrottled = (error: ConfigError): boolean => error.code === 'throttled';

export class Requests {
  readonly #backend: Backend;
  readonly #settings: Settings;
  readonly #attempts: Attempts;
  readonly #login: Login;
  readonly #load: () => Promise<true>;
  /** Makes a request with the user's policy. */
  #policed: PolicedRequests | undefined;
  #loaded = false;

  /** `load` is awaited before the first request, together with the client and the breaker. `onStatus`: the
   *  breaker has found out that the backend is down, or is back. */
  constructor(
    backend: Backend,
    settings: Settings,
    emitter: Emitter,
    load?: () => Promise<void>,
    onStatus?: (status: 'ok' | 'down', error: ConfigError | undefined) => void,
  ) {
    this.#backend = backend;
    this.#settings = settings;
    this.#attempts = new Attempts(backend, settings, emitter);
    this.#login = new Login(backend, settings.clock, emitter, (info, run) =>
      this.#retry(info, run, this.#endsAt()),
    );
    this.#load = lazy(async () => {
      const changed = (state: BreakerState, error: ConfigError | undefined): void => {
        emitter.emit('breaker', { state, outcome: error?.code ?? 'ok' });
        if (state !== 'half-open') onStatus?.(state === 'open' ? 'down' : 'ok', error);
      };
      const { policy, resilience, clock } = settings;
      [this.#attempts.breaker, this.#policed] = await Promise.all([
        policy ? alwaysClosed : loadBreaker(backend.name, resilience, clock, changed),
        policy && loadPolicy().then(({ policed }) => policed(policy, backend.name, this.#attempts, clock)),
        load?.(),
        backend.load?.(),
      ]);
      return (this.#loaded = true as const);
    });
  }

  /** The breaker's state. Unknown if a policy of the user makes the requests. */
  get state(): BreakerState | undefined {
    return this.#settings.policy ? undefined : this.#attempts.breaker.state;
  }

  get counts(): RequestCounts {
    return this.#attempts.counts;
  }

  /** How the last request went. */
  get last(): Attempts['last'] {
    return this.#attempts.last;
  }

  /** The number of log-ins so far. */
  get epoch(): number {
    return this.#login.epoch;
  }

  /** Makes a request and returns its failure, undefined on success. */
  send(info: RequestInfo, run: Run): Promise<ConfigError | undefined> {
    const { connect, relogin } = this.#backend;
    return this.#loaded && !connect && !relogin
      ? this.#retry(info, run, info.endsAt ?? this.#endsAt())
      : this.#loggedIn(info, run);
  }

  async #loggedIn(info: RequestInfo, run: Run): Promise<ConfigError | undefined> {
    try {
      if (!this.#loaded) await this.#load();
    } catch (error) {
      return this.classify(error);
    }
    const endsAt = info.endsAt ?? this.#endsAt();
    let repeated = false;
    for (;;) {
      const refused = await this.#within(this.#login.ready(info), endsAt);
      if (refused) return refused;
      const epoch = this.#login.epoch;
      const error = await this.#retry(info, run, endsAt);
      if (error?.code !== 'unauthenticated') {
        if (!error?.transient) this.#login.helped();
        return error;
      }
      if (repeated) return this.#login.didNotHelp(error, epoch);
      repeated = true;
      const still = await this.#within(this.#login.again(error, epoch, info), endsAt);
      if (still) return still;
    }
  }

  #within(
    login: Promise<ConfigError | undefined> | undefined,
    endsAt: number,
  ): Promise<ConfigError | undefined> | undefined {
    const late = (): ConfigError => this.#attempts.timeout('the log-in did not end before the deadline');
    return login && this.#attempts.within(login, endsAt, late);
  }

  #endsAt(): number {
    const { resilience, clock } = this.#settings;
    return resilience ? clock.now() + resilience.deadlineMs : Number.POSITIVE_INFINITY;
  }

  async #retry(info: RequestInfo, run: Run, endsAt: number): Promise<ConfigError | undefined> {
    if (this.#policed) return this.#policed(info, run, endsAt);
    const { resilience, clock } = this.#settings;
    const attempts = resilience ? resilience.attempts : 1;
    const id = new RequestId();
    let pause: (() => number) | undefined;
    let last: ConfigError | undefined;
    for (let attempt = 1; ; attempt++) {
      const error = await this.#attempts.make(info, run, attempt, endsAt, id);
      if (!error) return undefined;
      if (error.code === 'circuit_open') return last ?? error;
      if (!info.retryIf(error) || attempt >= attempts || this.state !== 'closed' || this.#attempts.closed)
        return error;
      last = error;
      pause ??= this.#attempts.breaker.backoff();
      const delayMs = Math.ceil(Math.max(pause(), error.retryAfterMs ?? 0));
      const until = clock.now() + delayMs;
      if (until >= endsAt) return error;
      this.#attempts.retried(info, attempt + 1, delayMs, error);
      await new Promise<void>((resolve) => this.#attempts.until(until, resolve));
    }
  }

  classify(thrown: unknown): ConfigError {
    return this.#attempts.classify(thrown);
  }

  close(): void {
    this.#attempts.close();
  }
}
