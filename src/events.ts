import type { ErrorCode } from './errors.ts';
import type { Key } from './key.ts';
import { maskUrls } from './redact.ts';

/** The head that every event has. Keys, versions, times, ids and codes; never a value. */
export interface EventHead {
  readonly id: string;
  readonly time: number;
  readonly provider: string;
  readonly key?: Key;
  readonly layer: 'chain' | 'shelter' | 'provider' | 'config';
  readonly outcome: 'ok' | 'absent' | ErrorCode;
  readonly durationMs?: number;
  readonly version?: string;
}

export interface ConfigEventTypes {
  read: object;
  request: { readonly attempt: number; readonly documents: number };
  retry: { readonly attempt: number; readonly delayMs: number };
  breaker: { readonly state: 'closed' | 'open' | 'half-open' };
  stale: { readonly ageMs: number };
  tolerated: object;
  refreshed: object;
  refresh_failed: object;
  changed: { readonly keys?: readonly Key[] };
  rotated: object;
  denied: object;
  notice: { readonly message: string };
}

/** An open union: later modules add members to ConfigEventTypes. */
export type ConfigEvent = { [T in keyof ConfigEventTypes]: EventHead & { readonly type: T } & ConfigEventTypes[T] }[keyof ConfigEventTypes];

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** pino, bunyan, winston, console, or anything with their four methods. */
export type Logger = { readonly [L in LogLevel]: (...line: never[]) => unknown } & {
  readonly child?: unknown;
  readonly transports?: unknown;
};

export interface LogOptions {
  /** Another level for a type of event, or `false` to leave it out. @default reads and requests `debug`, trouble `warn` or `error`, else `info` */
  readonly levels?: { readonly [T in ConfigEvent['type']]?: LogLevel | false };
}

const usual: Readonly<Record<ConfigEvent['type'], LogLevel>> = {
  read: 'debug',
  request: 'debug',
  refreshed: 'debug',
  changed: 'info',
  rotated: 'info',
  notice: 'info',
  breaker: 'info',
  retry: 'warn',
  stale: 'warn',
  tolerated: 'warn',
  refresh_failed: 'warn',
  denied: 'warn',
};

/** A listener that turns events into structured lines: `chain.on(logTo(pino()))`. Object first for pino and bunyan, message first for
 *  winston, one line of JSON for console. */
export function logTo(logger: Logger, options: LogOptions = {}): (event: ConfigEvent) => void {
  const shape = logger.transports ? 'winston' : typeof logger.child === 'function' ? 'pino' : 'console';
  return (event) => {
    const { id, time, type, ...rest } = event;
    const level = options.levels?.[type] ?? (event.type === 'breaker' && event.state === 'open' ? 'error' : (usual[type] ?? 'info'));
    if (level === false) return;
    const { message, ...fields } = rest as typeof rest & { message?: string };
    const line = { event: type, eventId: id, at: new Date(time).toISOString(), ...fields };
    const { provider, key, outcome } = event;
    const text = maskUrls(message ?? `${provider}: ${type}${key ? ` ${key}` : ''}${outcome === 'ok' ? '' : ` (${outcome})`}`);
    const write = logger[level].bind(logger) as (...parts: unknown[]) => unknown;
    if (shape === 'winston') write(text, line);
    else if (shape === 'pino') write(line, text);
    else write(JSON.stringify({ level, message: text, ...line }));
  };
}
