import type { ErrorCode } from './errors.ts';
import { maskUrls } from './redact.ts';
import type { Key } from './value.ts';

/** The head that every event has. Keys, versions, times, ids and codes; never a value. */
export interface EventHead {
  /** Of this event alone, within the process. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The name of the provider, or of the configuration, that tells. */
  readonly provider: string;
  /** Which key it is about, if one. */
  readonly key?: Key;
  /** Who noticed it. */
  readonly layer: 'chain' | 'shelter' | 'provider' | 'config';
  /** How it ended: the code of the error where it failed. */
  readonly outcome: 'ok' | 'absent' | ErrorCode;
  /** How long it took. */
  readonly durationMs?: number;
  /** The version of what was read; of a configuration, the number of its generation. */
  readonly version?: string;
}

/** What is told, and what each type of event adds to the head. */
export interface ConfigEventTypes {
  /** Somebody asked a store's provider for a key, and was answered: from memory, by the store, or with an error. */
  read: object;
  /** One request to a store has ended. */
  request: { readonly attempt: number; readonly documents: number };
  /** A request failed, and is made again after a pause. */
  retry: { readonly attempt: number; readonly delayMs: number };
  /** The circuit breaker of a store has changed its state; `outcome` is the failure that opened it. */
  breaker: { readonly state: 'closed' | 'open' | 'half-open' };
  /** A store could not be asked, and an older answer was served in its place. */
  stale: { readonly ageMs: number };
  /** `optional` or `fallback` has let an outage pass: once for each outage. */
  tolerated: object;
  /** What is held was read anew or declared expired; of a configuration: a load or a reload has succeeded. */
  refreshed: object;
  /** Reading anew failed, and what is held stays; of a configuration: the generation before stands. */
  refresh_failed: object;
  /** Keys that may answer differently now; none are named where any may. Of a configuration: those that do. */
  changed: { readonly keys?: readonly Key[] };
  /** A store has a new version of something, or new credentials were made. */
  rotated: object;
  /** A store has refused. */
  denied: object;
  /** A remark for a person. */
  notice: { readonly message: string };
}

/** An open union: later modules add members to ConfigEventTypes. */
export type ConfigEvent = {
  [T in keyof ConfigEventTypes]: EventHead & { readonly type: T } & ConfigEventTypes[T];
}[keyof ConfigEventTypes];

/** The level of a log line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** pino, bunyan, winston, console, or anything with their four methods. */
export type Logger = { readonly [L in LogLevel]: (...line: never[]) => unknown } & {
  readonly child?: unknown;
  readonly transports?: unknown;
};

/** How `logTo` writes. */
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
    const level =
      options.levels?.[type] ??
      (event.type === 'breaker' && event.state === 'open' ? 'error' : (usual[type] ?? 'info'));
    if (level === false) return;
    const { message, ...fields } = rest as typeof rest & { message?: string };
    const line = { event: type, eventId: id, at: new Date(time).toISOString(), ...fields };
    const { provider, key, outcome } = event;
    const text = maskUrls(
      message ?? `${provider}: ${type}${key ? ` ${key}` : ''}${outcome === 'ok' ? '' : ` (${outcome})`}`,
    );
    const write = logger[level].bind(logger) as (...parts: unknown[]) => unknown;
    if (shape === 'winston') write(text, line);
    else if (shape === 'pino') write(line, text);
    else write(JSON.stringify({ level, message: text, ...line }));
  };
}
