// What a policy is asked and what it answers. Implemented by `rules`, by `cached`, and by an application that
// asks an engine of its own. Called by judge.ts.

import type { Entry } from '../../entry.ts';
import type { Key } from '../../value.ts';

/** What a caller may do with a key. `read` is about the value, `list` about the name in a listing. */
export type Action = 'read' | 'list' | 'write' | 'delete' | 'refresh';

/** All actions. */
export const actions: readonly Action[] = ['read', 'list', 'write', 'delete', 'refresh'];

/** Who asks. `ip` must come from the connection, never from a header that a client can set. */
export interface Caller {
  readonly id: string;
  readonly ip?: string;
  /** Attributes for `when` and for other policies. */
  readonly [attribute: string]: unknown;
}

/** What is known of a value besides the value. With `loose`, other spellings of the key read it as well. */
export type AskedEntry = Pick<Entry, 'secret' | 'origin' | 'version' | 'metadata' | 'loose'>;

/** One question to a policy. */
export interface Ask {
  readonly action: Action;
  readonly key: Key;
  /** The caller, as `identify` returns it. Undefined: an anonymous one. */
  readonly context: Caller | undefined;
  /** Absent before a value has been read: it then counts as a secret. */
  readonly entry?: AskedEntry | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Set when a configuration asks: for its first load, or for a reload. */
  readonly load?: 'start' | 'reload' | undefined;
}

/** The answer of a policy. */
export interface Decision {
  readonly allow: boolean;
  /** The rule that has decided, for messages. */
  readonly rule: string;
  /** Where the rule is: `policy.yaml:12:5`, or the rule as text. */
  readonly line?: string;
  /** The decision may change at this time. Milliseconds since 1970. */
  readonly until?: number;
}

/** Decides whether a caller may do something. An error, a rejection and anything but `allow: true` are a
 *  denial.
 *  @example
 *  const policy: Policy = {
 *    decide: ({ action, context }) => ({ allow: context?.id === 'root' || action === 'list', rule: 'root' }),
 *  };
 *  @see rules makes one from data. */
export interface Policy {
  decide(ask: Ask): Decision | Promise<Decision>;
  /** Changes with the policy. `cached` drops its decisions when it does. */
  readonly revision?: unknown;
}

/** Whether a decision is not there yet. */
export const isPending = (decision: Decision | PromiseLike<Decision>): decision is Promise<Decision> =>
  typeof (decision as PromiseLike<Decision> | undefined)?.then === 'function';
