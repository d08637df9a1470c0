// One attempt at one endpoint: its signal, its time limits, and its end. The caller's signal gets a listener
// that is removed again: AbortSignal.any takes 50 µs with a signal that lives long. A function that ignores
// its signal is not waited for.

import { setMaxListeners } from 'node:events';
import { abortedBy, ConfigError } from '../../../errors.ts';
import type { SteadyClock } from '../../../shelter/clock.ts';
import type { Cost } from './cost.ts';
import type { Member } from './generation.ts';
import type { Usage } from './usage.ts';

const unlimited = new WeakSet<AbortSignal>();

/** Calls back when the signal aborts. The result removes the listener. */
export function onAbort(signal: AbortSignal | undefined, then: () => void): () => void {
  if (!signal) return nothing;
  if (!unlimited.has(signal)) {
    setMaxListeners(0, signal); // else Node warns of the eleventh call with it
    unlimited.add(signal);
  }
  signal.addEventListener('abort', then, { once: true });
  return () => signal.removeEventListener('abort', then);
}

const nothing = (): void => undefined;

/** How an attempt has ended. `error`: undefined if it has succeeded. `isRenewed`: the credential was refused,
 *  and the configuration has a new one. */
export type OnEnd = (attempt: Attempt, error: unknown, isRenewed: boolean) => void;

export class Attempt {
  readonly member: Member;
  readonly number: number;
  /** What it has used so far, as far as the model says. */
  usage: Usage | undefined;
  /** What it has cost. Known when it has ended. */
  cost: Cost | undefined;
  #isCut = false;
  readonly #clock: SteadyClock;
  #controller: AbortController | undefined;
  #reason: unknown;
  readonly #removeListener: () => void;
  readonly #onEnd: OnEnd;
  /** Call it when a stream has begun to answer. */
  readonly onContent: () => void;
  #stopped: ConfigError | undefined;
  #reject: ((error: ConfigError) => void) | undefined;
  #hasEnded = false;

  constructor(
    member: Member,
    number: number,
    { clock, signal, task }: { clock: SteadyClock; signal: AbortSignal | undefined; task: string },
    { onEnd, onContent }: { readonly onEnd: OnEnd; readonly onContent: () => void },
  ) {
    this.member = member;
    this.number = number;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.onContent = onContent;
    this.#removeListener = onAbort(signal, () => this.#stop(abortedBy(task, 'the call'), signal?.reason));
  }

  /** Made when it is read: an AbortController costs as much as all the rest of an attempt. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Whether its stream was left before its end. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Why this library has ended it: a time limit, or the caller. */
  get stopped(): ConfigError | undefined {
    return this.#stopped;
  }

  /** Waits for something, at most `ms` long, and not after the caller has aborted. */
  within<T>(ms: number, what: string, start: () => T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(this.#stopped);
      this.#reject = (error) => {
        cancel(); // a function that ignores its signal must not keep the process alive
        reject(error);
      };
      const cancel = this.#clock.after(ms, () => {
        const { name } = this.member.endpoint;
        const error = new ConfigError('timeout', `${name}: ${what} within ${ms} ms`, { provider: name });
        this.#stop(error, new DOMException(error.message, 'TimeoutError'));
      });
      const settled = (then: () => void): void => {
        cancel();
        this.#reject = undefined;
        then();
      };
      started(start).then(
        (value) => settled(() => resolve(value)),
        (error: unknown) => settled(() => reject(this.#stopped ?? error)),
      );
    });
  }

  #stop(error: ConfigError, reason: unknown): void {
    if (this.#stopped || this.#hasEnded) return;
    this.#stopped = error;
    if (this.#reject) this.#reject(error);
    else this.end(error); // a stream that is not being read
    this.#abort(reason);
  }

  /** Ends it. Only the first call counts. */
  end(error?: unknown, isRenewed = false): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#removeListener();
    this.#onEnd(this, error, isRenewed);
  }

  /** Aborts what still runs, after the attempt has ended. */
  cancel(): void {
    this.#isCut = true;
    this.end();
    this.#abort(new DOMException('the stream is not read to its end', 'AbortError'));
  }

  #abort(reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

async function started<T>(start: () => T | PromiseLike<T>): Promise<T> {
  return start();
}
