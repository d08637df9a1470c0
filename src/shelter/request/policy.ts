// Requests that a policy of the user makes: the option `resilience` with `execute`, such as a policy of
// cockatiel. Loaded by request.ts before the first request. The policy decides when a request is tried; the
// pace, the deadline and the rules for writes hold all the same. A policy may do anything, so only an attempt
// that succeeded counts as success.

import { ConfigError, type ErrorCode, isConfigError, ownError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { RequestPolicy } from '../options.ts';
import type { Attempts } from './attempts.ts';
import type { RequestInfo, Run } from './backend.ts';
import { RequestId } from './call.ts';

/** Makes a request and returns its failure. */
export type PolicedRequests = (
  info: RequestInfo,
  run: Run,
  endsAt: number,
) => Promise<ConfigError | undefined>;

export const policed =
  (policy: RequestPolicy, provider: string, attempts: Attempts, clock: Clock): PolicedRequests =>
  (info, run, endsAt) =>
    new PolicedRequest(provider, attempts, clock, info, run, endsAt).send(policy);

// captured before a test installs fake timers
const { setImmediate } = globalThis;
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));

class PolicedRequest {
  readonly #provider: string;
  readonly #attempts: Attempts;
  readonly #clock: Clock;
  readonly #info: RequestInfo;
  readonly #run: Run;
  readonly #endsAt: number;
  readonly #id = new RequestId();
  /** Ends with the request. */
  readonly #over = new AbortController();
  readonly #running = new Set<AbortController>();
  #calls = 0;
  #number = 0;
  #last: { readonly error: ConfigError; readonly at: number } | undefined;
  #succeeded: () => void = () => undefined;
  #isAnswered = false;
  #alone: Promise<void> | undefined;

  constructor(
    provider: string,
    attempts: Attempts,
    clock: Clock,
    info: RequestInfo,
    run: Run,
    endsAt: number,
  ) {
    this.#provider = provider;
    this.#attempts = attempts;
    this.#clock = clock;
    this.#info = info;
    this.#run = run;
    this.#endsAt = endsAt;
  }

  send(policy: RequestPolicy): Promise<ConfigError | undefined> {
    return new Promise((resolve) => {
      this.#succeeded = () => resolve(undefined);
      const end = (error: ConfigError | undefined): void => {
        resolve(error);
        this.#end();
        stop();
      };
      const stop = this.#attempts.until(this.#endsAt, () => {
        if (!this.#over.signal.aborted) end(this.#late());
      });
      const execution = async (): Promise<unknown> => policy.execute(this.#request, this.#over.signal);
      execution().then(
        () => end(this.#isAnswered ? undefined : this.#unanswered()),
        (thrown: unknown) => end(this.#failure(thrown)),
      );
    });
  }

  /** Ends the attempts in flight. They end before the policy's signal does, so that the reason is ours. */
  #end(): void {
    if (this.#over.signal.aborted) return;
    const reason =
      this.#attempts.closed ??
      (this.#isAnswered
        ? this.#error('aborted', 'another attempt was answered')
        : this.#attempts.timeout('the policy ended the request'));
    for (const controller of this.#running) controller.abort(reason);
    this.#over.abort(reason);
  }

  /** What the policy calls for each attempt. It may ignore the result. */
  readonly #request = <T>(context?: { readonly signal?: unknown }): Promise<T> => {
    const attempt = this.#called(context);
    attempt.catch(() => undefined);
    return attempt as Promise<T>;
  };

  async #called(context: { readonly signal?: unknown } | undefined): Promise<void> {
    // a policy that repeats without a pause must not keep the deadline from expiring
    if (this.#calls++ > 0) await turn();
    if (this.#over.signal.aborted) throw this.#over.signal.reason;
    if (this.#isAnswered) return;
    const { type, retryIf } = this.#info;
    if (type === 'read' || type === 'page') return this.#attempt(context);
    // what changes something is never sent twice at a time, nor repeated where it may have arrived
    if (this.#last && !this.#alone && !retryIf(this.#last.error)) throw this.#last.error;
    this.#alone ??= this.#attempt(context).finally(() => {
      this.#alone = undefined;
    });
    return this.#alone;
  }

  async #attempt(context: { readonly signal?: unknown } | undefined): Promise<void> {
    const number = ++this.#number;
    if (this.#last) {
      const delayMs = this.#clock.now() - this.#last.at;
      this.#attempts.retried(this.#info, number, delayMs, this.#last.error);
    }
    const controller = new AbortController();
    const cancel = (): void => controller.abort(this.#attempts.timeout('the policy ended the attempt'));
    const given = context?.signal instanceof AbortSignal ? context.signal : undefined;
    if (given?.aborted) cancel();
    given?.addEventListener('abort', cancel);
    this.#running.add(controller);
    const { signal } = controller;
    const error = await this.#attempts.make(this.#info, this.#run, number, this.#endsAt, this.#id, signal);
    this.#running.delete(controller);
    given?.removeEventListener('abort', cancel);
    if (error) {
      this.#last = { error, at: this.#clock.now() };
      throw error;
    }
    this.#isAnswered = true;
    this.#succeeded();
  }

  #unanswered(): ConfigError {
    return this.#last?.error ?? this.#broken('ended before the request was answered');
  }

  #late(): ConfigError {
    const { closed } = this.#attempts;
    return (
      closed ?? this.#last?.error ?? this.#attempts.timeout('the policy did not end before the deadline')
    );
  }

  /** The failure of the request itself says more than what the policy makes of it. */
  #failure(thrown: unknown): ConfigError {
    try {
      if (this.#attempts.closed) return this.#attempts.closed;
      if (isConfigError(thrown)) return ownError(thrown);
      if (this.#last) return this.#last.error;
      const code = codeOf(thrown);
      return code ? this.#refused(code) : this.#broken('failed', thrown);
    } catch {
      return this.#unanswered(); // an error that throws when it is read
    }
  }

  #refused(code: keyof typeof refusals): ConfigError {
    const last = code === 'circuit_open' ? this.#attempts.last?.error : undefined;
    const because = last ? `; the last failure was ${last.code}: ${last.message}` : '';
    return this.#error(code, refusals[code] + because, last);
  }

  /** Not transient: an outage is tolerated, and a policy that fails itself is not an outage. */
  #broken(what: string, cause?: unknown): ConfigError {
    return this.#error('io', `the policy in resilience ${what}`, cause);
  }

  #error(code: ErrorCode, what: string, cause?: unknown): ConfigError {
    const provider = this.#provider;
    return new ConfigError(code, `${provider}: ${what}`, { provider, ...(cause !== undefined && { cause }) });
  }
}

const refusals = {
  circuit_open: 'the circuit of the policy is open',
  throttled: 'the policy has no free slot',
  timeout: 'the policy ended the request',
} as const;

/** What the errors of cockatiel mean, and those of AbortSignal. */
function codeOf(thrown: unknown): keyof typeof refusals | undefined {
  const error = Object(thrown) as Readonly<Record<string, unknown>>;
  if (error.isBrokenCircuitError === true || error.isHydratingCircuitError === true) return 'circuit_open';
  if (error.isBulkheadRejectedError === true) return 'throttled';
  const ended = error.isTaskCancelledError === true || error.name === 'TimeoutError';
  return ended || error.name === 'AbortError' ? 'timeout' : undefined;
}
