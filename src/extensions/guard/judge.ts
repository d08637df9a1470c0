// Asks the policy for one guard: identifies the caller, turns every failure into a denial, and counts. Used
// by guarded.ts and what it calls.

import { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type { Living } from '../../living.ts';
import { type CallOptions, operationIn, thread } from '../../operation.ts';
import type { Key } from '../../value.ts';
import type { EntryFacts } from './facts.ts';
import { type Action, type Caller, type Decision, isPending, type Policy } from './policy.ts';

/** Counters of a guard since it was created. */
export interface GuardStats {
  readonly decisions: number;
  /** Decisions that were a denial. */
  readonly denied: number;
  /** Denials because the policy, or `identify`, has failed. */
  readonly failed: number;
  /** How long the decisions about values took together, in milliseconds. */
  readonly decidingMs: number;
}

/** One caller with one call. */
export interface Asking {
  readonly caller: Caller | undefined;
  readonly load: 'start' | 'reload' | undefined;
  readonly operation: string | undefined;
}

const failure: Decision = Object.freeze({ allow: false, rule: 'the policy failed' });
const unidentified: Decision = Object.freeze({ allow: false, rule: 'the caller is not identified' });

export class Judge {
  readonly name: string;
  readonly counts = { decisions: 0, denied: 0, failed: 0, decidingMs: 0 };
  readonly #policy: Policy;
  readonly #identify: (context: never) => Caller | undefined;
  readonly #now: () => number;
  readonly #emitter: Emitter;

  constructor(
    name: string,
    policy: Policy,
    identify: (context: never) => Caller | undefined,
    now: () => number,
    emitter: Emitter,
  ) {
    this.name = name;
    this.#policy = policy;
    this.#identify = identify;
    this.#now = now;
    this.#emitter = emitter;
  }

  /** Identifies the caller of a call. `undefined`: that failed. */
  asking(options: CallOptions | undefined): Asking | undefined {
    try {
      const given: unknown = this.#identify(options?.context as never);
      const caller = callerOf(given);
      return caller === null ? undefined : { caller, load: loadOf(options), operation: operationIn(options) };
    } catch {
      return undefined;
    }
  }

  /** The decision about one key. Never throws and never rejects. */
  decide(
    asking: Asking | undefined,
    action: Action,
    key: Key,
    entry?: EntryFacts,
  ): Decision | Promise<Decision> {
    const { counts } = this;
    counts.decisions++;
    if (!asking) return this.#failed(unidentified);
    const { caller, load } = asking;
    try {
      const decision = this.#policy.decide({ action, key, context: caller, entry, now: this.#now(), load });
      if (!isPending(decision)) return this.#checked(decision);
      return decision.then(
        (later) => this.#checked(later),
        () => this.#checked(undefined),
      );
    } catch {
      return this.#checked(undefined);
    }
  }

  /** Adds the time since `startedAt` to that of the decisions. */
  took(startedAt: number): void {
    this.counts.decidingMs += performance.now() - startedAt;
  }

  /** The first denial of several actions, else the last decision. */
  decideAll(
    asking: Asking | undefined,
    several: readonly Action[],
    key: Key,
    entry?: EntryFacts,
    from = 0,
  ): Decision | Promise<Decision> {
    let decision: Decision | Promise<Decision> = failure;
    for (let i = from; i < several.length; i++) {
      decision = this.decide(asking, several[i] as Action, key, entry);
      if (isPending(decision))
        return decision.then((first) =>
          first.allow && i + 1 < several.length ? this.decideAll(asking, several, key, entry, i + 1) : first,
        );
      if (!decision.allow) return decision;
    }
    return decision;
  }

  /** Emits a denial. `key`: what the denied call was about. */
  denied(asking: Asking | undefined, key: Key): void {
    this.#emitter.emit('policy_violated', {
      outcome: 'policy_violation',
      key,
      operation: asking?.operation,
    });
  }

  /** The error of a denial. Without a key, many holes can share it: an error takes longer than a decision. */
  error(action: Action, key: Key | undefined, { rule }: Decision): ConfigError {
    const subject = key === undefined ? 'this' : `"${key}"`;
    const what = `the policy does not allow to ${action} ${subject} (${rule})`;
    return new ConfigError('policy_violation', `${this.name}: ${what}`, {
      provider: this.name,
      ...(key !== undefined && { key }),
      hint: 'Run `llm-config may` to see why',
    });
  }

  /** An error of the provider without what a caller may not know: its code alone. */
  concealed({ code, retryAfterMs }: ConfigError): ConfigError {
    return new ConfigError(code, `${this.name}: the provider failed, and this caller may not see how`, {
      provider: this.name,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  #checked(given: Decision | undefined): Decision {
    const { counts } = this;
    const decision = given as Partial<Decision> | null | undefined;
    if (decision?.allow === true) return decision as Decision;
    if (decision?.allow !== false || typeof decision.rule !== 'string') return this.#failed(failure);
    counts.denied++;
    return decision as Decision;
  }

  #failed(decision: Decision): Decision {
    this.counts.denied++;
    this.counts.failed++;
    return decision;
  }
}

/** A frozen copy of what `identify` has returned, with the getters of its class. `null`: not a caller. */
function callerOf(given: unknown): Caller | undefined | null {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null) return null;
  const { id } = given as Partial<Caller>;
  return typeof id === 'string' && id !== ''
    ? Object.freeze(
        Object.create(Object.getPrototypeOf(given), Object.getOwnPropertyDescriptors({ ...given, id })),
      )
    : null;
}

/** Whether a configuration asks, and for which load. A check is what a first load would be. */
function loadOf(options: CallOptions | undefined): Asking['load'] {
  const cause = options?.[thread]?.cause;
  if (cause === 'load' || cause === 'check') return 'start';
  return cause === 'reload' || cause === 'poll' || cause === 'change' ? 'reload' : undefined;
}

/** The actions that an item of a listing needs. A load and an explanation are about values alone. */
export function needed(options: CallOptions | undefined): readonly Action[] {
  const cause = options?.[thread]?.cause ?? 'call';
  return cause === 'call' || cause === 'hint' ? ['list', 'read'] : ['read'];
}

/** An outage is one for every caller, without its message: as a denial it would outlast the store's. */
export const passes = ({ transient, code }: ConfigError): boolean => transient || code === 'aborted';

/** What the registry of the process reads of a guard. Holds the counts, and not the guard. */
export const livingGuard = (name: string, counts: GuardStats): Living => ({
  kind: 'guard',
  name,
  counters: () => ({ ...counts }),
  gauges: () => ({}),
});
