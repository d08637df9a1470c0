// The events of calls. `ai.on(listener)` delivers them. They hold names, codes, times and numbers of tokens:
// never a key or an answer, and a prompt only with the option `showPrompts`.

import type { ErrorCode } from '../../../errors.ts';
import { Listeners } from '../../../internal/listeners.ts';
import type { BreakerState } from '../../../shelter/request/request.ts';
import type { Cost } from './cost.ts';
import type { Usage } from './usage.ts';

/** The fields that every event has. */
export interface LlmEventHead {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** How urgent it is, for a log. */
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The endpoint that the event is about. In `exhausted`: the last one asked. */
  readonly endpoint?: string;
  /** `ok`, or the code of the failure. */
  readonly outcome: 'ok' | ErrorCode;
}

/** The types of events, and the fields that each adds. */
export interface LlmEventTypes {
  /** An endpoint was asked, and the attempt has ended; with its stream, if it is one. */
  attempt: {
    readonly task: string;
    readonly model: string;
    readonly attempt: number;
    readonly durationMs: number;
    readonly status?: number;
    readonly usage?: Usage;
    readonly cost?: Cost;
  };
  /** The next endpoint is asked, because this one has failed. */
  failover: { readonly task: string; readonly to: string };
  /** The endpoints of a quota rest: too many requests, or what was paid for is spent. */
  resting: { readonly forMs: number };
  /** The circuit breaker of an endpoint has changed its state. */
  breaker: { readonly state: BreakerState };
  /** A credential was refused, and the configuration was read again. `ok`: it has a new credential. */
  reloaded: object;
  /** No endpoint of a task has answered. */
  exhausted: { readonly task: string; readonly message: string };
  /** A prompt was rendered. It has the text only with the option `showPrompts`. */
  prompt: {
    readonly task: string;
    readonly prompt: string;
    readonly version: string;
    readonly hash: string;
    readonly variant: string;
    readonly text?: string;
  };
  /** `alert`: the part `alertAt` of a budget is spent. `exceeded`: more than all of it is. Each comes once
   *  for an account and period, in one of the processes. `away`, `back`: its shared ledger. */
  budget: {
    readonly budget: string;
    readonly state: 'alert' | 'exceeded' | 'away' | 'back';
    readonly currency: string;
    /** The period, and the tenant, subject or task that has the budget for itself. */
    readonly account?: string;
    readonly spentMicros?: number;
    readonly limitMicros?: number;
  };
  /** The cost of calls is not known. Once for each endpoint and reason. */
  unpriced: { readonly model: string; readonly why: string };
}

/** An event of a call. */
export type LlmEvent = {
  [T in keyof LlmEventTypes]: LlmEventHead & { readonly type: T } & LlmEventTypes[T];
}[keyof LlmEventTypes];

export class LlmEvents {
  readonly #listeners = new Listeners<LlmEvent>('llm');

  on(listener: (event: LlmEvent) => void): Disposable {
    return this.#listeners.add(listener);
  }

  emit<T extends keyof LlmEventTypes>(
    type: T,
    fields: () => LlmEventTypes[T] &
      Omit<LlmEventHead, 'time' | 'outcome'> & { outcome?: LlmEventHead['outcome'] },
  ): void {
    if (this.#listeners.size === 0) return;
    const event = { type, time: Date.now(), outcome: 'ok', ...fields() };
    this.#listeners.notify(Object.freeze(event) as unknown as LlmEvent);
  }

  clear(): void {
    this.#listeners.clear();
  }
}
