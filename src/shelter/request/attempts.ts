// Single attempts of requests: each waits for the breaker and its turn, runs until its deadline, and is
// counted. Used by request.ts. No promise here rejects: a failure is a returned ConfigError. The path of
// a free turn and a closed breaker (make, #start) is hot: it sets no timer per request.

import { ConfigError, type ErrorCode, isConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { combined, shownIn } from '../../operation.ts';
import { isTraced, type TraceContexts, traced } from '../../tracing.ts';
import type { Settings } from '../options.ts';
import type { Call } from '../port.ts';
import type { Backend, RequestInfo, Run } from './backend.ts';
import { alwaysClosed, type Breaker, type Trouble } from './breaker.ts';
import { Attempt, type RequestId } from './call.ts';
import { Deadlines } from './deadlines.ts';
import { Pace } from './pace.ts';

export interface RequestCounts {
  requests: number;
  retries: number;
  errors: number;
  /** Requests that waited for their turn. */
  waits: number;
  /** The failed requests by the code of their error. */
  readonly errorCodes: Partial<Record<ErrorCode, number>>;
}

export class Attempts {
  readonly counts: RequestCounts = { requests: 0, retries: 0, errors: 0, waits: 0, errorCodes: {} };
  /** The last request that shows whether the backend is up, with its error if it is not. */
  last: { readonly error?: ConfigError; readonly at: number } | undefined;
  breaker: Breaker = alwaysClosed;
  /** Set by `close`: the error of all later requests. */
  closed: ConfigError | undefined;
  readonly #backend: Backend;
  readonly #settings: Settings;
  readonly #emitter: Emitter;
  readonly #notice: Call['notice'];
  readonly #pace: Pace;
  readonly #deadlines: Deadlines;

  constructor(backend: Backend, settings: Settings, emitter: Emitter) {
    this.#backend = backend;
    this.#settings = settings;
    this.#emitter = emitter;
    this.#notice = (message, outcome) => emitter.notice(message, outcome);
    this.#pace = new Pace(settings.limits, settings.clock);
    this.#deadlines = new Deadlines(settings.clock);
  }

  /** Makes an attempt and returns its failure. `number` is 1 for the first one. `signal` ends the attempt;
   *  its reason is a ConfigError. */
  make(
    info: RequestInfo,
    run: Run,
    number: number,
    endsAt: number,
    id: RequestId,
    signal?: AbortSignal,
  ): Promise<ConfigError | undefined> {
    const free = !this.closed && !signal?.aborted && this.breaker.state === 'closed' && this.#pace.tryEnter();
    if (free) return this.#start(info, run, number, endsAt, id, signal);
    return this.#queued(endsAt, () => this.#start(info, run, number, endsAt, id, signal), signal);
  }

  /** While one request probes the backend, the others wait for its result. */
  async #queued(
    endsAt: number,
    start: () => Promise<ConfigError | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<ConfigError | undefined> {
    for (let hasTurn = false; ; ) {
      const refusal = this.closed ?? reasonOf(signal) ?? this.breaker.refusal();
      if (!refusal) {
        // without an await in between, or the next one would be let through too
        if (hasTurn || this.#pace.tryEnter()) return start();
        this.counts.waits++;
        hasTurn = await this.#pace.enter((leave) => this.until(endsAt, leave, signal));
        if (!hasTurn)
          return (
            this.closed ?? reasonOf(signal) ?? this.timeout('the request got no turn before its deadline')
          );
        continue;
      }
      if (hasTurn) this.#pace.leave();
      hasTurn = false;
      const { probe } = this.breaker;
      if (this.closed || !probe) return refusal;
      const still = await this.within(probe, endsAt, () => this.breaker.refusal());
      if (still) return still;
    }
  }

  #start(
    info: RequestInfo,
    run: Run,
    number: number,
    endsAt: number,
    id: RequestId,
    signal: AbortSignal | undefined,
  ): Promise<ConfigError | undefined> {
    const { clock, resilience } = this.#settings;
    const startedAt = clock.now();
    const attempt = new Attempt(id, this.#notice, info.version);
    this.counts.requests++;
    const count = this.breaker.start();
    return new Promise((resolve) => {
      const end = (trouble: Trouble | undefined): void => {
        const done = (): void => {
          this.#pace.leave();
          this.#record(info, number, startedAt, trouble);
          resolve(trouble?.error);
        };
        const counting = count(trouble);
        if (counting) void counting.then(done);
        else done();
      };
      const until = resilience
        ? Math.min(startedAt + resilience.timeoutMs, endsAt)
        : Number.POSITIVE_INFINITY;
      const deadline = this.#deadlines.add(until, () => {
        const error =
          this.closed ??
          reasonOf(signal) ??
          this.timeout(`no answer within ${Math.round(until - startedAt)} ms`);
        end({ error, answered: this.closed !== undefined });
        attempt.cancel(error);
      });
      signal?.addEventListener('abort', () => {
        if (this.#deadlines.delete(deadline)) deadline.expire();
      });
      const running = isTraced('request') ? this.#traced(info, run, number, attempt) : run(attempt);
      running.then(
        (trouble) => {
          if (this.#deadlines.delete(deadline)) end(trouble);
        },
        (thrown: unknown) => {
          if (!this.#deadlines.delete(deadline)) return;
          const error = this.classify(thrown);
          end({ error, answered: !error.transient });
        },
      );
    });
  }

  /** Runs an attempt inside the tracing channel. Operations may join a request while it is in flight. */
  #traced(info: RequestInfo, run: Run, number: number, attempt: Attempt): Promise<Trouble | undefined> {
    const { type, documents, operations } = info;
    const serving = (): Pick<TraceContexts['request'], 'operations' | 'moreOperations'> => {
      const { ids, more } = combined(operations?.());
      return { operations: ids, moreOperations: more };
    };
    const { name: provider, address } = this.#backend;
    const at = address === undefined ? undefined : { address };
    const context = { provider, type, id: attempt.id, documents, attempt: number, ...serving(), ...at };
    return traced('request', context, () => run(attempt), {
      succeeded: (trouble, ended) => {
        Object.assign(ended, serving());
        return trouble?.error.code ?? 'ok';
      },
      failed: (thrown, ended) => {
        Object.assign(ended, serving());
        return this.classify(thrown).code;
      },
    });
  }

  #record(
    { documents, operations }: RequestInfo,
    attempt: number,
    startedAt: number,
    trouble: Trouble | undefined,
  ): void {
    const error = trouble?.error;
    if (error) {
      const { errorCodes } = this.counts;
      this.counts.errors++;
      errorCodes[error.code] = (errorCodes[error.code] ?? 0) + 1;
    }
    if (!error?.transient || !trouble?.answered)
      this.last = { at: startedAt - this.#settings.clock.aheadMs, ...(error?.transient && { error }) };
    if (!this.#emitter.hasListeners) return;
    const durationMs = this.#settings.clock.now() - startedAt;
    const outcome = error?.code ?? 'ok';
    const served = shownIn(combined(operations?.()));
    this.#emitter.emit('request', { attempt, documents, outcome, durationMs, ...served });
  }

  /** Notes that a request is repeated. `attempt`: the number of the next attempt. */
  retried(info: RequestInfo, attempt: number, delayMs: number, error: ConfigError): void {
    this.counts.retries++;
    const served = shownIn(combined(info.operations?.(true)));
    this.#emitter.emit('retry', { attempt, delayMs, outcome: error.code, ...served });
  }

  timeout(what: string): ConfigError {
    return new ConfigError('timeout', `${this.#backend.name}: ${what}`, { provider: this.#backend.name });
  }

  /** Calls `then` at that time, on close, with `signal`, or when the result is called, whichever comes
   *  first. */
  until(at: number, then: () => void, signal?: AbortSignal): () => void {
    const deadline = this.#deadlines.add(at, then);
    const expire = (): void => {
      if (this.#deadlines.delete(deadline)) then();
    };
    signal?.addEventListener('abort', expire);
    return expire;
  }

  /** What `pending` settles to, or the result of `late` when the time is up. */
  within(
    pending: Promise<ConfigError | undefined>,
    endsAt: number,
    late: () => ConfigError | undefined,
  ): Promise<ConfigError | undefined> {
    return new Promise((resolve) => {
      const stop = this.until(endsAt, () => resolve(this.closed ?? late()));
      const done = (error: ConfigError | undefined): void => {
        resolve(error);
        stop();
      };
      pending.then(done, (thrown: unknown) => done(this.classify(thrown)));
    });
  }

  /** Turns whatever a client throws into a ConfigError without values. */
  classify(thrown: unknown): ConfigError {
    const { name: provider } = this.#backend;
    const unknown = (cause?: unknown): ConfigError =>
      new ConfigError('unavailable', `${provider}: the request failed with an unknown error`, {
        provider,
        cause,
      });
    try {
      const error = isConfigError(thrown) ? thrown : this.#backend.classify(thrown);
      return isConfigError(error) ? error : unknown(thrown);
    } catch {
      // an error that makes a classifier throw is not looked at again
      return unknown();
    }
  }

  close(): void {
    const { name: provider } = this.#backend;
    this.closed ??= new ConfigError('aborted', `${provider}: the provider is closed`, { provider });
    this.#deadlines.close();
  }
}

/** Why a policy has ended an attempt. */
const reasonOf = (signal: AbortSignal | undefined): ConfigError | undefined =>
  signal?.aborted ? (signal.reason as ConfigError) : undefined;
