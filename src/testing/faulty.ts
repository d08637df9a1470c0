// A provider that fails on purpose, for tests of what an application does when a store fails. Wraps every
// method that may touch a backend; watch, where and on are passed through.

import { abortedBy, ConfigError, type ErrorCode } from '../errors.ts';
import { aFunction, checkOptions, either, listOf, mapOf } from '../internal/options.ts';
import type { ConfigProvider, ReadOptions } from '../provider.ts';
import { aClock, type Clock, systemClock } from '../shelter/clock.ts';

const codes = {
  denied: 'access_denied',
  unavailable: 'unavailable',
  throttled: 'throttled',
  garbage: 'parse',
} as const satisfies Record<string, ErrorCode>;

/** What happens to one call. `ok` lets it through; `slow` does so after a second, `{ slowMs }` after
 *  that time; `hang` never settles unless the caller aborts; an Error is thrown unchanged. The others
 *  reject with a ConfigError. */
export type CallFault = 'ok' | 'slow' | 'hang' | keyof typeof codes | { readonly slowMs: number } | Error;

/** A recorded call to the provider. */
export interface FaultyCall {
  /** The position among the calls of all methods, from 1. */
  readonly number: number;
  /** `get`, `list` … */
  readonly method: string;
  /** The requested keys, or the prefix of a list. */
  readonly keys: readonly string[];
}

/** Faults by order of the calls, by number of the call, or returned by a function of the call. A call
 *  without a fault goes through. */
export type Script =
  | readonly CallFault[]
  | Readonly<Record<number, CallFault>>
  | ((call: FaultyCall) => CallFault | undefined);

/** The options of `faulty`. */
export interface FaultyOptions {
  /** The clock of `slow`. @default the system clock */
  readonly clock?: Clock;
}

const faultyMethods = [
  'get',
  'list',
  'getMany',
  'layers',
  'renew',
  'versions',
  'health',
  'refresh',
  'set',
  'delete',
  'update',
  'edit',
  'disable',
  'close',
];
/** A known answer would never fail. */
const hidden: readonly PropertyKey[] = ['known'];

/** Wraps a provider so that its calls fail as `script` defines, and records each call in `calls`. The
 *  result has exactly the methods of `provider`. `watch`, `where` and other synchronous methods never
 *  fail.
 *  @throws ConfigError `invalid_option` for an unknown fault. A script that is a function rejects the
 *    call instead.
 *  @example
 *  const store = faulty(new MemoryProvider({ port: 80 }), ['unavailable', 'ok']);
 *  await assert.rejects(store.get('port'), { code: 'unavailable' });
 *  assert.equal((await store.get('port'))?.value, 80);
 *  assert.equal(store.calls.length, 2);
 *  @see manualClock moves the clock that `slow` waits for. */
export function faulty<P extends ConfigProvider>(
  provider: P,
  script: Script,
  options: FaultyOptions = {},
): P & { readonly calls: readonly FaultyCall[] } {
  checkOptions('faulty', options, { clock: aClock });
  checkOptions('faulty', { script }, { script: either(aFunction, listOf(aFault), mapOf(aFault)) });
  const { clock = systemClock } = options;
  const calls: FaultyCall[] = [];
  const faultOf = (call: FaultyCall): CallFault => {
    const fault =
      typeof script === 'function'
        ? script(call)
        : (script as Record<number, CallFault>)[Array.isArray(script) ? call.number - 1 : call.number];
    const expected = fault === undefined ? undefined : aFault(fault);
    if (expected) throw new ConfigError('invalid_option', `faulty: the script must return ${expected}`);
    return fault ?? 'ok';
  };

  const wrapped =
    (method: string, own: (...args: readonly unknown[]) => unknown) =>
    async (...args: readonly unknown[]) => {
      const call = {
        number: calls.length + 1,
        method,
        keys: ([] as unknown[]).concat(args[0] ?? []).filter((key) => typeof key === 'string'),
      };
      calls.push(call as FaultyCall);
      const { signal } = (args.find(
        (argument) => typeof (argument as ReadOptions | null)?.signal === 'object',
      ) ?? {}) as ReadOptions;
      await applyFault(faultOf(call as FaultyCall), provider.name, call.keys.join(', '), clock, signal);
      return own.apply(provider, args as unknown[]);
    };

  // The target is an empty object of the same class: a Proxy of a frozen provider could not replace its
  // methods.
  return new Proxy(Object.create(Object.getPrototypeOf(provider)) as P, {
    has: (_, name) => name === 'calls' || (name in provider && !hidden.includes(name)),
    get(_, name) {
      if (name === 'calls') return calls;
      if (hidden.includes(name)) return undefined;
      const own: unknown = Reflect.get(provider, name, provider);
      if (typeof own !== 'function') return own;
      if (name === Symbol.asyncDispose) return wrapped('close', own as never);
      return faultyMethods.includes(name as string)
        ? wrapped(name as string, own as never)
        : own.bind(provider);
    },
  }) as P & { readonly calls: readonly FaultyCall[] };
}

async function applyFault(
  fault: CallFault,
  provider: string,
  key: string,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (fault === 'ok') return;
  if (fault instanceof Error) throw fault;
  if (fault === 'hang') return wait(provider, signal, () => () => {});
  if (fault === 'slow' || typeof fault === 'object')
    return wait(provider, signal, (done) => clock.after(fault === 'slow' ? 1_000 : fault.slowMs, done));
  throw new ConfigError(codes[fault], `${provider}: simulated fault ${fault}`, {
    provider,
    ...(key !== '' && { key }),
  });
}

function wait(
  provider: string,
  signal: AbortSignal | undefined,
  start: (done: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      cancel();
      reject(abortedBy(provider, 'the call'));
    };
    const cancel = start(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const names = ['ok', 'slow', 'hang', ...Object.keys(codes)];

function aFault(value: unknown): string | undefined {
  const known =
    names.includes(value as string) ||
    value instanceof Error ||
    typeof (value as { slowMs?: unknown } | undefined)?.slowMs === 'number';
  return known ? undefined : `one of ${names.join(', ')}, { slowMs } or an Error`;
}
