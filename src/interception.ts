// Interceptors: one hook around the operations of a provider or a chain, outside caches and batches. Chains
// and `intercepted` load this file on first use; they make the operations and say how an answer is adopted.

import { adoptEntry, adoptItems, adoptLayers, adoptMany, adoptTree } from './border.ts';
import { ConfigError, isConfigError } from './errors.ts';
import type { Side } from './foreign.ts';
import { type CallOptions, type Cause, entered, type Thread, thread } from './operation.ts';
import type { ListOptions, ReadOptions, Wanted, WriteOptions } from './provider.ts';
import type { ConfigValue, Key } from './value.ts';

interface OperationHead {
  /** Unique within the process. Events and errors of the operation have it too. */
  readonly id: string;
  /** The operation that caused this one: that of the chain, for an operation of one of its providers. */
  readonly parent?: string;
  readonly cause: Cause;
  /** The name of the provider or the chain. */
  readonly provider: string;
  readonly key?: Key;
  readonly keys?: readonly Key[];
  /** The keys that a listing or a load is for. */
  readonly wanted?: Wanted;
}

/** A call of a provider's or a chain's method, as interceptors see it. Frozen. Without values. */
export type Operation =
  | (OperationHead & {
      readonly type: 'get' | 'explain' | 'versions' | 'refresh' | 'health';
      readonly key: Key;
      readonly options: ReadOptions;
    })
  | (OperationHead & {
      readonly type: 'getMany';
      readonly keys: readonly Key[];
      readonly options: ReadOptions;
    })
  | (OperationHead & {
      readonly type: 'list' | 'layers' | 'tree' | 'load' | 'reload';
      /** The prefix. */
      readonly key: Key;
      readonly options: ListOptions;
    })
  | (OperationHead & { readonly type: 'delete'; readonly key: Key; readonly options: WriteOptions })
  | (OperationHead & {
      readonly type: 'set';
      readonly key: Key;
      readonly options: WriteOptions;
      /** The value that is going to be written, in clear. */
      readonly reveal: () => ConfigValue;
    });

/** Wraps each operation of a provider or a chain: for policies, audits and measurements. Its result is the
 *  result of the operation. `next` runs the operation, once. An error that is not from `next` is never
 *  transient: what is not a ConfigError, or is a transient one, becomes `policy_violation`.
 *  @example
 *  const timed: Interceptor = async (operation, next) => {
 *    const startedAt = performance.now();
 *    try {
 *      return await next();
 *    } finally {
 *      console.log(operation.id, operation.type, operation.key, performance.now() - startedAt);
 *    }
 *  };
 *  @see intercepted and the option `intercept` of a chain */
export type Interceptor = (operation: Operation, next: () => Promise<unknown>) => unknown;

/** A call that is going through interceptors. */
export interface Intercepted<T, O extends CallOptions> {
  /** The name of the provider or the chain. */
  readonly owner: string;
  readonly interceptors: readonly Interceptor[];
  readonly asked: Asked;
  readonly options: O;
  readonly cause?: Cause | undefined;
  /** Runs the operation itself. */
  readonly ask: (options: O) => Promise<T>;
  /** Called with the error when an interceptor, not what it wraps, fails the operation. */
  readonly refused: (error: ConfigError, operation: string) => void;
}

/** What an operation is about. */
export interface Asked {
  readonly type: Operation['type'];
  readonly key?: Key;
  readonly keys?: readonly Key[];
  readonly reveal?: () => ConfigValue;
}

/** Runs a call through its interceptors, the first outermost. */
export async function intercept<T, O extends CallOptions>(call: Intercepted<T, O>): Promise<T> {
  const { owner, interceptors, asked, ask } = call;
  const { id, within, thread: inner, options } = entered(call.options, call.cause);
  const operation = operationOf(call, id, within, inner.cause);
  const through = async (at: number): Promise<T> => {
    const interceptor = interceptors[at];
    if (!interceptor) return ask(options);
    const by = interceptor.name || `interceptor ${at + 1}`;
    const side = { name: `${owner}: ${by}`, provider: owner };
    let asking: Promise<T> | undefined;
    let settled: { readonly answer?: T; readonly error?: unknown } | undefined;
    const next = (): Promise<T> => {
      if (asking)
        return Promise.reject(
          new ConfigError('io', `${side.name} called next twice`, { provider: owner, hint: 'Call it once' }),
        );
      asking = through(at + 1);
      asking.then(
        (answer) => {
          settled = { answer };
        },
        (error: unknown) => {
          settled = { error };
        },
      );
      return asking;
    };
    let answer: unknown;
    try {
      answer = await interceptor(operation, next);
    } catch (error) {
      if (settled && 'error' in settled && settled.error === error) throw error;
      const refusal = refusalOf(error, side, asked.key);
      call.refused(refusal, inner.operation);
      throw refusal;
    }
    return settled && 'answer' in settled && settled.answer === answer
      ? settled.answer
      : (adoptAnswer(asked, answer, side) as T);
  };
  try {
    return await through(0);
  } catch (error) {
    throw isConfigError(error) ? error.with({ operation: inner.operation }) : error;
  }
}

function operationOf(
  { owner, asked, options }: Pick<Intercepted<unknown, CallOptions>, 'owner' | 'asked' | 'options'>,
  id: string,
  within: Thread | undefined,
  cause: Cause,
): Operation {
  const { [thread]: _, ...own } = options as ListOptions;
  const { parent } = within ?? {};
  return Object.freeze({
    id,
    ...(parent !== undefined && { parent }),
    cause,
    provider: owner,
    ...asked,
    ...(asked.keys && { keys: Object.freeze([...asked.keys]) }),
    ...(own.wanted && { wanted: own.wanted }),
    options: Object.freeze(own),
  }) as Operation;
}

/** An interceptor's own error. A transient one would let `optional` and `fallback` read another provider. */
function refusalOf(error: unknown, { name, provider }: Side, key: Key | undefined): ConfigError {
  const details = { ...(provider && { provider }), ...(key !== undefined && { key }) };
  return isConfigError(error) && !error.transient
    ? error.with(details)
    : new ConfigError('policy_violation', `${name} failed, so the operation is refused`, {
        ...details,
        cause: error,
      });
}

/** What an interceptor returns in place of the answer of `next`.
 *  @throws ConfigError `io` if it has the wrong shape. */
function adoptAnswer({ type, key = '', keys = [] }: Asked, answer: unknown, side: Side): unknown {
  const unfit = (expected: string): ConfigError =>
    new ConfigError('io', `${side.name} did not return ${expected} for ${type}`, {
      ...(side.provider && { provider: side.provider }),
      hint: 'Return the result of next()',
    });
  switch (type) {
    case 'get':
      return answer === undefined ? undefined : adoptEntry(answer, key, side);
    case 'set':
      return adoptEntry(answer, key, side, 'set');
    case 'getMany':
      return adoptMany(answer, keys, side);
    case 'list':
      return adoptItems(answer, side);
    case 'layers':
    case 'load':
    case 'reload':
      return adoptLayers(answer, side);
    case 'tree':
      return adoptTree(answer, side);
    case 'delete':
      if (typeof answer === 'boolean') return answer;
      throw unfit('true or false');
    case 'refresh':
      return undefined;
    case 'versions':
      if (Array.isArray(answer)) return answer;
      throw unfit('a list');
    case 'health':
    case 'explain':
      if (typeof answer === 'object' && answer !== null) return answer;
      throw unfit('an object');
  }
}
