// Interceptors: one hook around the operations of a provider or a chain, outside caches and batches. Chains
// and `intercepted` load this file on first use; they make the operations and say how an answer is adopted.

import { adoptEntry, adoptItems, adoptLayers, adoptMany, adoptTree, adoptVersions } from './border.ts';
import { abortedBy, ConfigError, isConfigError } from './errors.ts';
import { adoptError, type Side } from './foreign.ts';
import type { Health, HealthStatus } from './health.ts';
import { type CallOptions, type Cause, entered, type Thread, thread, withOperation } from './operation.ts';
import type { Layer, ListOptions, ReadOptions, Wanted, WriteOptions } from './provider.ts';
import { sealedText } from './sealed.ts';
import type { ConfigValue, Key } from './value.ts';

interface OperationHead {
  /** Unique within the process. The events and errors of an outermost operation, and of all that it causes,
   *  have this id in `operation`. */
  readonly id: string;
  /** The operation that caused this one: that of the chain, for an operation of one of its providers. */
  readonly parent?: string;
  /** The outermost operation: the id that its events and errors have. `id` itself, if no other caused it. */
  readonly operation: string;
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
 *  transient: what is not a ConfigError, or is a transient one, becomes `policy_violation`. To hide what
 *  a provider has found, throw: without a value, the value of another provider would win.
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
export type Interceptor = (operation: Operation, next: () => Promise<Answer>) => Promise<Answer>;

/** What an operation returns. Not `void`: an interceptor without a `return` is an error of types. */
export type Answer = NonNullable<unknown> | null | undefined;

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
  /** Called with a message about what is left out of an interceptor's answer. */
  readonly notice: (message: string) => void;
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
  const { owner, interceptors, asked, ask, notice } = call;
  const { id, within, thread: inner, options } = entered(call.options, call.cause);
  const operation = operationOf(call, id, within, inner);
  const through = async (at: number): Promise<T> => {
    const interceptor = interceptors[at];
    if (!interceptor) return ask(options);
    const by = interceptor.name || `interceptor ${at + 1}`;
    const side = { name: `${owner}: ${by}`, provider: owner, notice };
    let asking: Promise<T> | undefined;
    let settled: { readonly answer?: T; readonly error?: unknown } | undefined;
    let errors: ReadonlySet<unknown> = new Set();
    const next = (): Promise<T> => {
      if (asking) {
        const hint = 'Call it once';
        const twice = Promise.reject(
          new ConfigError('io', `${side.name} called next twice`, { provider: owner, hint }),
        );
        twice.catch(() => undefined); // one that is ignored must not end the process
        return twice;
      }
      asking = through(at + 1);
      asking.then(
        (answer) => {
          settled = { answer };
          errors = new Set(partsOf(answer).map(errorOf));
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
      if ((call.options as ReadOptions).signal?.aborted) throw abortedBy(owner, undefined, named(asked.key));
      const refusal = refusalOf(error, side, { key: asked.key, operation: inner.operation });
      call.refused(refusal, inner.operation);
      throw refusal;
    }
    const parts = partsOf(answer);
    // a list or a Map may have been changed in place
    if (settled && 'answer' in settled && settled.answer === answer && parts.length === 0)
      return settled.answer;
    const own = parts.some((part) => isOwn(errorOf(part), errors));
    return adoptAnswer(asked, own ? refusing(answer, errors, side, inner.operation) : answer, side) as T;
  };
  try {
    return withOperation(await through(0), inner.operation);
  } catch (error) {
    throw isConfigError(error) ? error.with({ operation: inner.operation }) : error;
  }
}

function operationOf(
  { owner, asked, options }: Pick<Intercepted<unknown, CallOptions>, 'owner' | 'asked' | 'options'>,
  id: string,
  within: Thread | undefined,
  { operation, cause }: Pick<Thread, 'operation' | 'cause'>,
): Operation {
  const { [thread]: _, [sealedText]: __, ...own } = options as ListOptions;
  const { parent } = within ?? {};
  const wanted = own.wanted && {
    wanted: Object.freeze({
      keys: Object.freeze([...own.wanted.keys]),
      prefixes: Object.freeze([...own.wanted.prefixes]),
    }),
  };
  return Object.freeze({
    id,
    ...(parent !== undefined && { parent }),
    operation,
    cause,
    provider: owner,
    ...asked,
    ...(asked.keys && { keys: Object.freeze([...asked.keys]) }),
    ...wanted,
    options: Object.freeze({ ...own, ...wanted }),
  }) as Operation;
}

/** An interceptor's own error. A transient one would let `optional` and `fallback` read another provider. One
 *  of another operation, such as a read of policies, names another provider and key. */
function refusalOf(error: unknown, side: Side, { key, operation }: Refused): ConfigError {
  const own = isConfigError(error) ? adoptError(error, side, key) : undefined;
  const details = {
    ...(side.provider && { provider: side.provider }),
    ...(key !== undefined && { key }),
    operation,
    cause: error,
  };
  if (!own || own.transient)
    return new ConfigError('policy_violation', `${side.name} failed, so the operation is refused`, details);
  return own.operation === undefined || own.operation === operation
    ? own
    : new ConfigError(own.code, `${side.name}: ${own.message}`, details);
}

const named = (key: Key | undefined): { readonly key?: Key } => (key === undefined ? {} : { key });

interface Refused {
  readonly key?: Key | undefined;
  /** The outermost operation. */
  readonly operation: string;
}

/** The results of an answer for several keys or providers. */
function partsOf(answer: unknown): readonly unknown[] {
  try {
    return answer instanceof Map ? [...answer.values()] : Array.isArray(answer) ? [...answer] : [];
  } catch {
    return []; // the border refuses what cannot be read
  }
}

/** The error of one key, or of a layer. */
function errorOf(part: unknown): unknown {
  try {
    return part instanceof Error || isConfigError(part) ? part : (part as Partial<Layer> | undefined)?.error;
  } catch {
    return undefined;
  }
}

const isOwn = (error: unknown, known: ReadonlySet<unknown>): boolean =>
  error !== undefined && !known.has(error);

/** An answer whose errors are an interceptor's own, those apart that are from `next`. */
function refusing(answer: unknown, known: ReadonlySet<unknown>, side: Side, operation: string): unknown {
  const refused = (part: unknown, key?: Key): unknown => {
    const error = errorOf(part);
    if (!isOwn(error, known)) return part;
    const refusal = refusalOf(error, side, { key, operation });
    return error === part ? refusal : { ...(part as object), error: refusal };
  };
  return answer instanceof Map
    ? new Map(Array.from(answer, ([key, part]) => [key, refused(part, key as Key)]))
    : (answer as readonly unknown[]).map((part) => refused(part));
}

const statuses: readonly unknown[] = ['ok', 'degraded', 'down'] satisfies HealthStatus[];

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
      return adoptVersions(answer, side);
    case 'health':
      if (statuses.includes((answer as Partial<Health> | null | undefined)?.status)) return answer;
      throw unfit('a status');
    case 'explain':
      if (Array.isArray((answer as { readonly layers?: unknown } | null | undefined)?.layers)) return answer;
      throw unfit('an explanation');
  }
}
