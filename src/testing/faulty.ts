import { ConfigError, type ErrorCode } from '../errors.ts';
import { aFunction, checkOptions, either, listOf, mapOf } from '../internal/options.ts';
import type { ConfigProvider, ReadOptions } from '../provider.ts';
import { aClock, type Clock, systemClock } from '../shelter/clock.ts';

const codes = {
  denied: 'access_denied',
  unavailable: 'unavailable',
  throttled: 'throttled',
  garbage: 'parse',
} as const satisfies Record<string, ErrorCode>;

/** What befalls one call: `ok` lets it through, `slow` does so after a second, `hang` never answers, an Error is thrown as it is. */
export type CallFault = 'ok' | 'slow' | 'hang' | keyof typeof codes | { readonly slowMs: number } | Error;

/** One call to the provider, counted from 1. */
export interface FaultyCall {
  /** Of all calls of all methods. */
  readonly number: number;
  /** `get`, `list` … */
  readonly method: string;
  /** What was asked for; of a list, the prefix. */
  readonly keys: readonly string[];
}

/** Faults in the order of the calls, or by a call's number, or by the call. Where it says nothing, a call goes through. */
export type Script =
  | readonly CallFault[]
  | Readonly<Record<number, CallFault>>
  | ((call: FaultyCall) => CallFault | undefined);

export interface FaultyOptions {
  /** What `slow` waits by. @default the system's */
  readonly clock?: Clock;
}

const counted = ['get', 'list', 'getMany', 'layers', 'health', 'refresh', 'set', 'delete', 'close'];

/** What the provider can do, failing as the script says. `calls` tells who has asked for what. */
export function faulty<P extends ConfigProvider>(
  provider: P,
  script: Script,
  options: FaultyOptions = {},
): P & { readonly calls: readonly FaultyCall[] } {
  checkOptions('faulty', options, { clock: aClock });
  checkOptions('faulty', { script }, { script: either(aFunction, listOf(aFault), mapOf(aFault)) });
  const { clock = systemClock } = options;
  const calls: FaultyCall[] = [];
  const planned = (call: FaultyCall): CallFault => {
    const fault =
      typeof script === 'function'
        ? script(call)
        : (script as Record<number, CallFault>)[Array.isArray(script) ? call.number - 1 : call.number];
    const wrong = fault === undefined ? undefined : aFault(fault);
    if (wrong) throw new ConfigError('invalid_option', `faulty: the script must answer ${wrong}`);
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
      await befall(planned(call as FaultyCall), provider.name, call.keys.join(', '), clock, signal);
      return own.apply(provider, args as unknown[]);
    };

  // a stand-in of the same class: the provider itself may be frozen, and then a Proxy of it could change nothing
  return new Proxy(Object.create(Object.getPrototypeOf(provider)) as P, {
    has: (_, name) => name === 'calls' || name in provider,
    get(_, name) {
      if (name === 'calls') return calls;
      const own: unknown = Reflect.get(provider, name, provider);
      if (typeof own !== 'function') return own;
      if (name === Symbol.asyncDispose) return wrapped('close', own as never);
      return counted.includes(name as string) ? wrapped(name as string, own as never) : own.bind(provider);
    },
  }) as P & { readonly calls: readonly FaultyCall[] };
}

async function befall(
  fault: CallFault,
  provider: string,
  key: string,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (fault === 'ok') return;
  if (fault instanceof Error) throw fault;
  if (fault === 'hang') return waiting(provider, signal, () => () => {});
  if (fault === 'slow' || typeof fault === 'object')
    return waiting(provider, signal, (done) => clock.after(fault === 'slow' ? 1_000 : fault.slowMs, done));
  throw new ConfigError(codes[fault], `${provider} was told to fail: ${fault}`, {
    provider,
    ...(key !== '' && { key }),
  });
}

function waiting(
  provider: string,
  signal: AbortSignal | undefined,
  start: (done: () => void) => () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      cancel();
      reject(new ConfigError('aborted', `${provider}: the caller aborted`, { provider }));
    };
    const cancel = start(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    });
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

const words = ['ok', 'slow', 'hang', ...Object.keys(codes)];

function aFault(value: unknown): string | undefined {
  const known =
    words.includes(value as string) ||
    value instanceof Error ||
    typeof (value as { slowMs?: unknown } | undefined)?.slowMs === 'number';
  return known ? undefined : `one of ${words.join(', ')}, { slowMs } or an Error`;
}
