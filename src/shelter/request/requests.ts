import type { ConfigError } from '../../errors.ts';
import { lazy } from '../../internal/lazy.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type { Settings } from '../options.ts';
import type { DocumentSource } from '../port.ts';
import { Attempts, type RequestInfo, type Run } from './attempts.ts';
import { type Resilience, resilience } from './breaker.ts';
import { RequestId } from './call.ts';
import { Login } from './login.ts';

export interface Request extends RequestInfo {
  /** Which failures are worth another try. */
  readonly repeats: (error: ConfigError) => boolean;
}

export const ifTransient = (error: ConfigError): boolean => error.transient;
export const ifThrottled = (error: ConfigError): boolean => error.code === 'throttled';

/** Requests that are made until they are answered: after a log-in, with further tries, all within one deadline. */
export class Requests {
  readonly #source: DocumentSource;
  readonly #settings: Settings;
  readonly #emitter: Emitter;
  readonly #attempts: Attempts;
  readonly #connection: Login;
  readonly #load: () => Promise<true>;
  #loaded = false;

  constructor(source: DocumentSource, settings: Settings, emitter: Emitter, load: () => Promise<void>) {
    this.#source = source;
    this.#settings = settings;
    this.#emitter = emitter;
    this.#attempts = new Attempts(source, settings, emitter);
    this.#connection = new Login(source, settings.clock, (request, job) =>
      this.#tries(request, job, this.#endsAt()),
    );
    this.#load = lazy(async () => {
      const changed: Parameters<typeof resilience>[3] = (state, error) =>
        emitter.emit('breaker', { state, outcome: error?.code ?? 'ok' });
      [this.#attempts.resilience] = await Promise.all([
        resilience(source.name, settings.resilience, settings.clock, changed),
        load(),
        source.load?.(),
      ]);
      return (this.#loaded = true as const);
    });
  }

  get state(): Resilience['state'] {
    return this.#attempts.resilience.state;
  }

  get counts(): Attempts['counts'] {
    return this.#attempts.counts;
  }

  /** How the last request went. */
  get last(): Attempts['last'] {
    return this.#attempts.last;
  }

  /** Answers the failure; never rejects. */
  send(request: Request, job: Run): Promise<ConfigError | undefined> {
    const { connect, renew } = this.#source;
    return this.#loaded && !connect && !renew
      ? this.#tries(request, job, this.#endsAt())
      : this.#connected(request, job);
  }

  async #connected(request: Request, job: Run): Promise<ConfigError | undefined> {
    try {
      if (!this.#loaded) await this.#load();
    } catch (error) {
      return this.classify(error);
    }
    const endsAt = this.#endsAt();
    let asked = false;
    for (;;) {
      const refused = await this.#loggedIn(this.#connection.ready(), endsAt);
      if (refused) return refused;
      const epoch = this.#connection.epoch;
      const error = await this.#tries(request, job, endsAt);
      if (error?.code !== 'unauthenticated') {
        if (!error?.transient) this.#connection.helped();
        return error;
      }
      if (asked) return this.#connection.didNotHelp(error, epoch);
      asked = true;
      const still = await this.#loggedIn(this.#connection.again(error, epoch), endsAt);
      if (still) return still;
    }
  }

  #loggedIn(
    login: Promise<ConfigError | undefined> | undefined,
    endsAt: number,
  ): Promise<ConfigError | undefined> | undefined {
    return login && this.#attempts.within(login, endsAt, () => this.#attempts.late('its log-in did not end'));
  }

  #endsAt(): number {
    const { resilience: chosen, clock } = this.#settings;
    return chosen ? clock.now() + chosen.deadlineMs : Number.POSITIVE_INFINITY;
  }

  async #tries(request: Request, job: Run, endsAt: number): Promise<ConfigError | undefined> {
    const { resilience: chosen, clock } = this.#settings;
    const attempts = chosen ? chosen.attempts : 1;
    const id = new RequestId();
    let pause: (() => number) | undefined;
    let last: ConfigError | undefined;
    for (let attempt = 1; ; attempt++) {
      const error = await this.#attempts.make(request, job, attempt, endsAt, id);
      if (!error) return undefined;
      if (error.code === 'circuit_open') return last ?? error;
      if (!request.repeats(error) || attempt >= attempts || this.state !== 'closed' || this.#attempts.closed)
        return error;
      last = error;
      pause ??= this.#attempts.resilience.pauses();
      const delayMs = Math.ceil(Math.max(pause(), error.retryAfterMs ?? 0));
      const until = clock.now() + delayMs;
      if (until >= endsAt) return error;
      this.counts.retries++;
      this.#emitter.emit('retry', { attempt: attempt + 1, delayMs, outcome: error.code });
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
