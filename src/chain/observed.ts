// The operations of a chain that is observed: they have ids, pass through the interceptors, and look-ups emit
// `read`. Loaded by hooks.ts at the first one.

import type { Entry } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import type { Asked, Interceptor } from '../interception.ts';
import type { Emitter } from '../internal/listeners.ts';
import { type CallOptions, type Cause, entered, thread, withOperation } from '../operation.ts';
import { inTurns, type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';

export type Result = Entry | undefined | ConfigError;

/** A chain as its operations see it. */
export interface Observed {
  readonly name: string;
  readonly interceptors: readonly Interceptor[];
  readonly emitter: Emitter;
  /** The operations whose `read` the chain is going to emit, and how many of each. */
  readonly lookUps: Map<string, number>;
}

export async function run<T, O extends CallOptions>(
  { name, interceptors, emitter }: Observed,
  asked: Asked,
  options: O,
  ask: (options: O) => Promise<T>,
  cause: Cause | undefined,
): Promise<T> {
  if (interceptors.length > 0) {
    const { intercept } = await import('../interception.ts');
    const refused = ({ code, key }: ConfigError, operation: string): void =>
      emitter.emit('policy_violated', { outcome: code, key, operation });
    const notice = (message: string): void => emitter.notice(message);
    return intercept({ owner: name, interceptors, asked, options, cause, ask, refused, notice });
  }
  return inTurns(identified(options, cause, (inner) => wait({ who: name, later: () => ask(inner) })));
}

/** `run` in steps. Interceptors have to be waited for. */
export function* runSteps<T, O extends CallOptions>(
  chain: Observed,
  asked: Asked,
  options: O,
  ask: (options: O) => Steps<T>,
): Steps<T> {
  if (chain.interceptors.length === 0) return yield* identified(options, undefined, ask);
  const later = () => run(chain, asked, options, (inner) => inTurns(ask(inner)), undefined);
  return yield* wait({ who: `the interceptors of ${chain.name}`, later });
}

/** Runs an operation that has no interceptors, with its id. */
function* identified<T, O extends CallOptions>(
  options: O,
  cause: Cause | undefined,
  ask: (options: O) => Steps<T>,
): Steps<T> {
  const own = entered(options, cause);
  try {
    return withOperation(yield* ask(own.options), own.thread.operation);
  } catch (error) {
    throw isConfigError(error) ? error.with({ operation: own.thread.operation }) : error;
  }
}

export async function lookUp<T, O extends CallOptions>(
  chain: Observed,
  asked: Asked,
  given: O,
  ask: (options: O) => Promise<T>,
  results: (answer: T) => Iterable<readonly [Key, Result]>,
): Promise<T> {
  const { emitter, lookUps } = chain;
  if (!emitter.hasListeners) return run(chain, asked, given, ask, undefined);
  const { id, within, thread: own } = entered(given);
  const { operation } = own;
  const options = { ...given, [thread]: within ?? { operation: id, cause: own.cause } };
  const startedAt = Date.now();
  lookUps.set(operation, (lookUps.get(operation) ?? 0) + 1);
  const emit = (key: Key | undefined, result: Result): void => {
    const failed = result instanceof ConfigError;
    emitter.emit('read', {
      key,
      operation,
      outcome: failed ? result.code : result ? 'ok' : 'absent',
      durationMs: Math.max(0, Date.now() - startedAt),
      version: failed ? undefined : result?.version,
    });
  };
  try {
    const answer = await run(chain, asked, options, ask, undefined);
    for (const [key, result] of results(answer)) emit(key, result);
    return answer;
  } catch (error) {
    if (error instanceof ConfigError) for (const key of new Set(asked.keys ?? [asked.key])) emit(key, error);
    throw error;
  } finally {
    const left = (lookUps.get(operation) ?? 1) - 1;
    if (left > 0) lookUps.set(operation, left);
    else lookUps.delete(operation);
  }
}
