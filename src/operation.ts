// Ids of operations. An operation is one call of a provider, a chain or a configuration. Its id travels in
// the options of the calls that it causes, so that events, errors and traces of one operation have the same
// id.

import { type ConfigError, isConfigError } from './errors.ts';

/** Why an operation runs. `call`: a caller asked for it. `hint`: a message about a missing key looks for a
 *  similar one. Whatever an operation causes has the same cause. */
export type Cause = 'call' | 'load' | 'reload' | 'poll' | 'change' | 'check' | 'explain' | 'hint';

/** The operation that a call is part of. */
export interface Thread {
  /** The id of the outermost operation. */
  readonly operation: string;
  /** The id of the operation that makes the call. Undefined: the call is the outermost operation itself. */
  readonly parent?: string;
  readonly cause: Cause;
  /** Replaces the answer of a provider that is late, in a load with a deadline. */
  readonly limit?: <T>(
    provider: { readonly name: string; readonly layers?: unknown },
    work: Promise<T>,
    failed: (error: ConfigError) => T,
  ) => Promise<T>;
}

/** The option that holds the thread of a call. Shared by all copies of this library in the process. */
export const thread: unique symbol = Symbol.for('llm-config-manager.thread') as never;

/** The options that every call takes. */
export interface CallOptions {
  /** The caller's identity, or other data for interceptors. Never part of a cache key. */
  readonly context?: unknown;
  /** @internal */
  readonly [thread]?: Thread;
}

/** The id of the outermost operation that a call is part of. */
export const operationIn = (options: CallOptions | undefined): string | undefined =>
  options?.[thread]?.operation;

/** The options of calls that are part of an operation. */
export const within = <O extends CallOptions>(options: O, operation: string | undefined): O =>
  operation === undefined || options[thread]
    ? options
    : { ...options, [thread]: { operation, parent: operation, cause: 'call' } };

// the random part keeps two copies of this library apart
const process = Date.now().toString(36) + Math.random().toString(36).slice(2, 6);
let last = 0;

/** An id that no other event or operation of this process has. */
export const newId = (): string => `${process}-${(++last).toString(36)}`;

/** One call: its own id, and the options of the calls that it makes. */
export interface Entered<O> {
  readonly id: string;
  readonly within: Thread | undefined;
  readonly thread: Thread & { readonly parent: string };
  readonly options: O;
}

/** Gives a call its id. A call that is part of an operation has the same cause and the same outermost
 *  operation. */
export function entered<O extends CallOptions>(options: O, cause: Cause = 'call'): Entered<O> {
  const within = options[thread];
  const id = within && within.parent === undefined ? within.operation : newId();
  const next = { ...within, operation: within?.operation ?? id, parent: id, cause: within?.cause ?? cause };
  return { id, within, thread: next, options: { ...options, [thread]: next } };
}

/** An answer whose errors of single keys have the id of the operation. */
export const withOperation = <T>(answer: T, operation: string): T =>
  answer instanceof Map
    ? (new Map(
        Array.from(answer, ([key, one]) => [key, isConfigError(one) ? one.with({ operation }) : one]),
      ) as T)
    : answer;

const maxIds = 32;

/** The operations that share a request. */
export class Operations {
  readonly all: Set<string>;

  constructor(ids: readonly string[] = []) {
    this.all = new Set(ids);
  }

  /** The first ids. Thousands of readers may share a request, and an event has 32 ids at most. */
  get ids(): readonly string[] {
    const ids = [...this.all];
    return ids.length > maxIds ? ids.slice(0, maxIds) : ids;
  }

  /** The number of the others. */
  get more(): number {
    return Math.max(0, this.all.size - maxIds);
  }

  add(id: string): void {
    this.all.add(id);
  }
}

/** The set of one operation, or of none. */
export const operationsOf = (id: string | undefined): Operations =>
  new Operations(id === undefined ? [] : [id]);

/** Several sets of operations as one. A single set is returned as it is. */
export function combined(sets: Iterable<Operations | undefined> = []): Operations {
  let only: Operations | undefined;
  let all: Operations | undefined;
  for (const set of sets) {
    if (!set) continue;
    if (!only) only = set;
    else {
      all ??= new Operations([...only.all]);
      for (const id of set.all) all.add(id);
    }
  }
  return all ?? only ?? new Operations();
}

/** Operations as an event shows them. */
export const shownIn = ({
  ids,
  more,
}: Operations): { operations?: readonly string[]; moreOperations?: number } => ({
  ...(ids.length > 0 && { operations: Object.freeze([...ids]) }),
  ...(more > 0 && { moreOperations: more }),
});
