import { ConfigError, isConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type { Settings } from '../options.ts';
import type { Call, DocumentSource } from '../port.ts';
import { none, type Resilience, type Trouble } from './breaker.ts';
import { Attempt, type RequestId } from './call.ts';
import { Deadlines } from './deadlines.ts';
import { Pace } from './pace.ts';
import { isTraced, traced } from './trace.ts';

/** What is asked of a source in one request. */
export interface RequestInfo {
  readonly operation: 'read' | 'page' | 'write' | 'connect' | 'ping';
  readonly documents: number;
  readonly version?: string | undefined;
}

/** What an errand does in one request: nothing left, or what is left to be asked again. Throws what the client throws. */
export type Run = (call: Call) => Promise<Trouble | undefined>;

/** Single requests: each waits for the breaker and its turn, and ends with an answer, a failure, or when its time is up. */
export class Attempts {
  readonly counts = { requests: 0, retries: 0, errors: 0 };
  /** How the last request went. */
  last: { readonly error?: ConfigError; readonly at: number } | undefined;
  resilience: Resilience = none;
  /** Why nothing is asked any more. */
  closed: ConfigError | undefined;
  readonly #source: DocumentSource;
  readonly #settings: Settings;
  readonly #emitter: Emitter;
  readonly #pace: Pace;
  readonly #alarm: Deadlines;

  constructor(source: DocumentSource, settings: Settings, emitter: Emitter) {
    this.#source = source;
    this.#settings = settings;
    this.#emitter = emitter;
    this.#pace = new Pace(settings.limits, settings.clock);
    this.#alarm = new Deadlines(settings.clock);
  }

  /** Answers the failure; never rejects. `number`: the first try, the second… */
  make(
    errand: RequestInfo,
    job: Run,
    number: number,
    endsAt: number,
    id: RequestId,
  ): Promise<ConfigError | undefined> {
    const go = !this.closed && this.resilience.state === 'closed' && this.#pace.tryEnter();
    if (go) return this.#start(errand, job, number, endsAt, id);
    return this.#queued(endsAt, () => this.#start(errand, job, number, endsAt, id));
  }

  /** While one request finds out whether the backend is back, the others wait for what it learns. */
  async #queued(
    endsAt: number,
    start: () => Promise<ConfigError | undefined>,
  ): Promise<ConfigError | undefined> {
    for (let turn = false; ; ) {
      const refused = this.closed ?? this.resilience.refused();
      if (!refused) {
        // at once: until it starts, the next one would be let through too
        if (turn || this.#pace.tryEnter()) return start();
        turn = await this.#pace.enter((leave) => this.until(endsAt, leave));
        if (!turn) return this.closed ?? this.late('its turn did not come');
        continue;
      }
      if (turn) this.#pace.leave();
      turn = false;
      const { probe } = this.resilience;
      if (this.closed || !probe) return refused;
      const still = await this.within(probe, endsAt, () => this.resilience.refused());
      if (still) return still;
    }
  }

  #start(
    errand: RequestInfo,
    job: Run,
    number: number,
    endsAt: number,
    id: RequestId,
  ): Promise<ConfigError | undefined> {
    const { clock, resilience: chosen } = this.#settings;
    const { operation, documents } = errand;
    const startedAt = clock.now();
    const call = new Attempt(id, errand.version);
    this.counts.requests++;
    const count = this.resilience.start();
    return new Promise((resolve) => {
      const end = (trouble: Trouble | undefined): void => {
        const done = (): void => {
          this.#pace.leave();
          this.#note(errand, number, startedAt, trouble);
          resolve(trouble?.error);
        };
        const counting = count(trouble);
        if (counting) void counting.then(done);
        else done();
      };
      const until = chosen ? Math.min(startedAt + chosen.timeoutMs, endsAt) : Number.POSITIVE_INFINITY;
      const waiting = this.#alarm.add(until, () => {
        const error =
          this.closed ?? this.late(`it did not answer within ${Math.round(until - startedAt)} ms`);
        end({ error, answered: this.closed !== undefined });
        call.cancel(error);
      });
      const working = isTraced()
        ? traced({ provider: this.#source.name, operation, documents, attempt: number }, () => job(call))
        : job(call);
      working.then(
        (trouble) => {
          if (this.#alarm.delete(waiting)) end(trouble);
        },
        (thrown: unknown) => {
          if (!this.#alarm.delete(waiting)) return;
          const error = this.classify(thrown);
          end({ error, answered: !error.transient });
        },
      );
    });
  }

  #note({ documents }: RequestInfo, attempt: number, startedAt: number, trouble: Trouble | undefined): void {
    const error = trouble?.error;
    if (error) this.counts.errors++;
    if (!error?.transient || !trouble?.answered)
      this.last = { at: startedAt, ...(error?.transient && { error }) };
    if (!this.#emitter.hasListeners) return;
    const durationMs = this.#settings.clock.now() - startedAt;
    this.#emitter.emit('request', { attempt, documents, outcome: error?.code ?? 'ok', durationMs });
  }

  late(what: string): ConfigError {
    return new ConfigError('timeout', `${this.#source.name}: ${what}`, { provider: this.#source.name });
  }

  /** Calls back at that time, or at once when everything is closed; the answer does it earlier. */
  until(at: number, then: () => void): () => void {
    const waiting = this.#alarm.add(at, then);
    return () => {
      if (this.#alarm.delete(waiting)) then();
    };
  }

  /** What comes of it, or, when the time is up, what `late` says. */
  within(
    coming: Promise<ConfigError | undefined>,
    endsAt: number,
    late: () => ConfigError | undefined,
  ): Promise<ConfigError | undefined> {
    return new Promise((resolve) => {
      const stop = this.until(endsAt, () => resolve(this.closed ?? late()));
      const done = (error: ConfigError | undefined): void => {
        resolve(error);
        stop();
      };
      coming.then(done, (thrown: unknown) => done(this.classify(thrown)));
    });
  }

  /** Whatever a client throws becomes one of our errors; a value in it stays behind. */
  classify(thrown: unknown): ConfigError {
    const { name: provider } = this.#source;
    const unknown = (cause?: unknown): ConfigError =>
      new ConfigError('unavailable', `${provider} failed in an unknown way`, { provider, cause });
    try {
      const error = isConfigError(thrown) ? thrown : this.#source.classify(thrown);
      return isConfigError(error) ? error : unknown(thrown);
    } catch {
      // what a classifier fails on may not bear to be looked at
      return unknown();
    }
  }

  close(): void {
    this.closed ??= new ConfigError('aborted', `${this.#source.name} is closed`, {
      provider: this.#source.name,
    });
    this.#alarm.close();
  }
}
