// What counts the cost of calls, as calls see it. Implemented in cost/costs.ts, which is loaded only if the
// application has prices, rates or budgets. Used by call.ts, ask.ts and explain.ts.

import type { Obstacle } from './backends.ts';
import type { Fault } from './classify.ts';
import type { Cost } from './cost.ts';
import type { Endpoint } from './endpoint.ts';
import type { Usage } from './usage.ts';

/** What a call says of itself, for its estimate and its budgets. */
export interface ChargedOptions {
  readonly estimatedTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly tenant?: string | undefined;
  readonly subject?: string | undefined;
}

/** How an attempt has ended. */
export interface Ended {
  readonly usage: Usage | undefined;
  readonly fault: Fault | undefined;
  readonly error: unknown;
  /** A stream: its first content has come. */
  readonly hasBegun: boolean;
  /** A stream that its reader has left. */
  readonly isCut: boolean;
}

/** The charge of one attempt. */
export interface Charge {
  /** Replaces what is held by what it has cost. Undefined: its cost is not known, or there is none. */
  settle(ended: Ended): Cost | undefined;
  /** Gives back what is held, because the endpoint is not asked. */
  release(): void;
}

/** A budget that a task uses, as far as this process knows. */
export interface ExplainedBudget {
  readonly budget: string;
  /** The tenant, subject or task that has this budget for itself. */
  readonly of?: string;
  readonly period: string;
  readonly currency: string;
  readonly limitMicros: number;
  readonly spentMicros: number;
  /** Held for calls under way. */
  readonly heldMicros: number;
  readonly hard: boolean;
  /** Where it is counted. `away`: it is shared, and its ledger does not answer. */
  readonly kept: 'in this process' | 'shared' | 'away';
}

/** What counts the cost of calls. */
export interface Charging {
  /** @throws ConfigError `invalid_option` if a budget of the task cannot be kept without more options */
  check(task: string, endpoints: readonly Endpoint[], options: ChargedOptions): void;
  /** Begins an attempt: holds its estimate in each hard budget. A promise only where processes share one. */
  begin(
    task: string,
    endpoint: Endpoint,
    options: ChargedOptions,
  ): Charge | Obstacle | Promise<Charge | Obstacle>;
  explain(task: string, options: ChargedOptions): readonly ExplainedBudget[];
}
