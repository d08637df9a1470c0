import { ConfigError, isConfigError } from '../errors.ts';
import { lazy } from '../internal/lazy.ts';
import { Alarm } from './alarm.ts';
import { Attempt, RequestId } from './call.ts';
import { Connection } from './connect.ts';
import type { Settings } from './options.ts';
import { Pace } from './pace.ts';
import type { Call, DocumentSource } from './port.ts';
import { none, type Resilience, resilience, type Trouble } from './resilience.ts';
import type { Teller } from './teller.ts';
import { isTraced, traced } from './trace.ts';

export interface Errand {
  readonly operation: 'read' | 'page' | 'write' | 'connect' | 'ping';
  readonly documents: number;
  readonly version?: string | undefined;
  /** Which failures are worth another try. */
  readonly repeats: (error: ConfigError) => boolean;
  /** Tries in all, when the options do not decide. */
  readonly attempts?: number;
}

export interface Counts {
  requests: number;
  retries: number;
  errors: number;
}

/** What an errand does in one request: nothing left, or what is left to be asked again. Throws what the client throws. */
export type Job = (call: Call) => Promise<Trouble | undefined>;

export const ifTransient = (error: ConfigError): boolean => error.transient;
export const ifThrottled = (error: ConfigError): boolean => error.code === 'throttled';

/** One request: log-in, pace, breaker, time-out, deadline, another try. Answers the failure; never rejects. */
export class Requests {
  readonly counts: Counts = { requests: 0, retries: 0, errors: 0 };
  /** How the last request went. */
  last: { readonly error?: ConfigError; readonly at: number } | undefined;
  #resilience: Resilience = none;
  readonly #source: DocumentSource;
  readonly #settings: Settings;
  readonly #teller: Teller;
  readonly #pace: Pace;
  readonly #connection: Connection;
  readonly #alarm: Alarm;
  readonly #load: () => Promise<true>;
  #loaded = false;
  #closed: ConfigError | undefined;

  constructor(source: DocumentSource, settings: Settings, teller: Teller, load: () => Promise<void>) {
    this.#source = source;
    this.#settings = settings;
    this.#teller = teller;
    this.#alarm = new Alarm(settings.clock);
    this.#pace = new Pace(settings.limits, settings.clock);
    this.#connection = new Connection(source, settings.clock, (errand, job) => this.#tries(errand, job, this.#endsAt()));
    this.#load = lazy(async () => {
      const changed: Parameters<typeof resilience>[3] = (state, error) => teller.tell('breaker', { state, outcome: error?.code ?? 'ok' });
      [this.#resilience] = await Promise.all([
        resilience(source.name, settings.resilience, settings.clock, changed),
        load(),
        source.load?.(),
      ]);
      return (this.#loaded = true as const);
    });
  }

  get state(): Resilience['state'] {
    return this.#resilience.state;
  }

  send(errand: Errand, job: Job): Promise<ConfigError | undefined> {
    const { connect, renew } = this.#source;
    return this.#loaded && !connect && !renew ? this.#tries(errand, job, this.#endsAt()) : this.#connected(errand, job);
  }

  async #connected(errand: Errand, job: Job): Promise<ConfigError | undefined> {
    try {
      if (!this.#loaded) await this.#load();
    } catch (error) {
      return this.classify(error);
    }
    const endsAt = this.#endsAt();
    let asked = false;
    for (;;) {
      const login = this.#connection.ready();
      const refused = login && (await this.#within(login, endsAt, () => this.#late('its log-in did not end')));
      if (refused) return refused;
      const epoch = this.#connection.epoch;
      const error = await this.#tries(errand, job, endsAt);
      if (error?.code !== 'unauthenticated') {
        if (!error?.transient) this.#connection.helped();
        return error;
      }
      if (asked) return this.#connection.didNotHelp(error, epoch);
      asked = true;
      const again = this.#connection.again(error, epoch);
      const still = again && (await this.#within(again, endsAt, () => this.#late('its log-in did not end')));
      if (still) return still;
    }
  }

  #endsAt(): number {
    const { resilience: chosen, clock } = this.#settings;
    return chosen ? clock.now() + chosen.deadlineMs : Number.POSITIVE_INFINITY;
  }

  async #tries(errand: Errand, job: Job, endsAt: number): Promise<ConfigError | undefined> {
    const { resilience: chosen, clock } = this.#settings;
    const attempts = errand.attempts ?? (chosen ? chosen.attempts : 1);
    const id = new RequestId();
    let pause: (() => number) | undefined;
    let last: ConfigError | undefined;
    for (let attempt = 1; ; attempt++) {
      const error = await this.#attempt(errand, job, attempt, endsAt, id);
      if (error?.code === 'circuit_open') return last ?? error;
      if (!error || !errand.repeats(error) || attempt >= attempts || this.state !== 'closed' || this.#closed) return error;
      last = error;
      pause ??= this.#resilience.pauses();
      const delayMs = Math.ceil(Math.max(pause(), error.retryAfterMs ?? 0));
      if (clock.now() + delayMs >= endsAt) return error;
      this.counts.retries++;
      this.#teller.tell('retry', { attempt: attempt + 1, delayMs, outcome: error.code });
      await new Promise<void>((resolve) => this.#until(delayMs, resolve));
    }
  }

  async #attempt(errand: Errand, job: Job, attempt: number, endsAt: number, id: RequestId): Promise<ConfigError | undefined> {
    const { clock } = this.#settings;
    // nothing may come between the last look at the breaker and the request: it lets one through when it is half-open
    for (let turn = false; ; ) {
      const refused = this.#closed ?? this.#resilience.refused();
      if (refused) {
        if (turn) this.#pace.leave();
        turn = false;
        const { probe } = this.#resilience;
        const still = probe && !this.#closed ? await this.#within(probe, endsAt, () => this.#resilience.refused()) : refused;
        if (still) return still;
      } else if (turn || this.#pace.tryEnter()) break;
      else {
        turn = await this.#pace.enter((leave) => this.#until(endsAt - clock.now(), leave));
        if (!turn) return this.#closed ?? this.#late('its turn did not come');
      }
    }
    this.counts.requests++;
    const startedAt = clock.now();
    const trouble = await this.#resilience.run(() => this.#bounded(errand, job, attempt, startedAt, endsAt, id));
    this.#pace.leave();
    const error = trouble?.error;
    if (error) this.counts.errors++;
    if (!error?.transient || !trouble?.answered) this.last = { at: startedAt, ...(error?.transient && { error }) };
    if (this.#teller.heard)
      this.#teller.tell('request', {
        attempt,
        documents: errand.documents,
        outcome: error?.code ?? 'ok',
        durationMs: clock.now() - startedAt,
      });
    return error;
  }

  /** No race, no timer of its own; the error is made only when the time is up. */
  #bounded(errand: Errand, job: Job, attempt: number, startedAt: number, endsAt: number, id: RequestId): Promise<Trouble | undefined> {
    const { resilience: chosen } = this.#settings;
    const call = new Attempt(id, errand.version);
    return new Promise((resolve) => {
      const until = chosen ? Math.min(startedAt + chosen.timeoutMs, endsAt) : Number.POSITIVE_INFINITY;
      const waiting = this.#alarm.add(until, () => {
        const error = this.#closed ?? this.#late(`it did not answer within ${Math.round(until - startedAt)} ms`);
        end({ error, answered: this.#closed !== undefined });
        call.cancel(error);
      });
      const end = (trouble: Trouble | undefined): void => {
        this.#alarm.delete(waiting);
        resolve(trouble);
      };
      const failed = (thrown: unknown): void => {
        const error = this.classify(thrown);
        end({ error, answered: !error.transient });
      };
      const { operation, documents } = errand;
      const working = isTraced() ? traced({ provider: this.#source.name, operation, documents, attempt }, () => job(call)) : job(call);
      working.then(end, failed);
    });
  }

  #late(what: string): ConfigError {
    return new ConfigError('timeout', `${this.#source.name}: ${what}`, { provider: this.#source.name });
  }

  /** Calls back after so long, or at once when everything is closed; the answer does it earlier. */
  #until(ms: number, then: () => void): () => void {
    const waiting = this.#alarm.add(this.#settings.clock.now() + ms, then);
    return () => {
      if (this.#alarm.delete(waiting)) then();
    };
  }

  /** What comes of it, or, when the time is up, what `late` says. */
  #within(coming: Promise<ConfigError | undefined>, endsAt: number, late: () => ConfigError | undefined): Promise<ConfigError | undefined> {
    return new Promise((resolve) => {
      const stop = this.#until(endsAt - this.#settings.clock.now(), () => resolve(this.#closed ?? late()));
      void coming.then((error) => {
        resolve(error);
        stop();
      });
    });
  }

  /** Whatever a client throws becomes one of our errors; a value in it stays behind. */
  classify(thrown: unknown): ConfigError {
    const { name } = this.#source;
    if (isConfigError(thrown)) return thrown;
    try {
      const error = this.#source.classify(thrown);
      if (isConfigError(error)) return error;
    } catch {
      // a classifier that fails on what it is given says nothing better than this
    }
    return new ConfigError('unavailable', `${name} failed in an unknown way`, { provider: name, cause: thrown });
  }

  close(): void {
    this.#closed ??= new ConfigError('aborted', `${this.#source.name} is closed`, { provider: this.#source.name });
    this.#alarm.close();
  }
}
