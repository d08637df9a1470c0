// The events of a provider, a chain or a configuration. `on(listener)` delivers them; `logTo` makes a
// listener that writes them to a log. An event has keys, versions, times, ids and codes, never a value.

import { channel } from 'node:diagnostics_channel';
import type { ErrorCode, Problem } from './errors.ts';
import type { HealthStatus } from './health.ts';
import { maskUrls } from './redact.ts';
import type { Key } from './value.ts';

/** The fields that every event has. */
export interface EventHead {
  /** Unique within the process. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The name of the provider or configuration that emits the event. In `refresh_failed` and `vanished` of a
   *  configuration: the provider that failed, or the store. */
  readonly provider: string;
  /** The key that the event is about, if it is about one. */
  readonly key?: Key;
  /** The operation that the event belongs to. The events of one look-up have the same. */
  readonly operation?: string;
  /** The part of the library that emits the event. */
  readonly layer: 'chain' | 'shelter' | 'provider' | 'config';
  /** `ok`, `absent`, or the code of the error. */
  readonly outcome: 'ok' | 'absent' | ErrorCode;
  /** How long it took. */
  readonly durationMs?: number;
  /** The version of the value; for a configuration, the number of its generation. */
  readonly version?: string;
}

/** The operations that share a request: at most 32 ids, and the number of the others. */
export interface SharedByOperations {
  readonly operations?: readonly string[];
  readonly moreOperations?: number;
}

/** The types of events, and the fields that each adds to EventHead. */
export interface ConfigEventTypes {
  /** A look-up has ended. A chain emits it for each key, and so does the provider of a store: answered from
   *  its cache, from the store, or with an error. */
  read: object;
  /** A request to a store has ended. */
  request: { readonly attempt: number; readonly documents: number } & SharedByOperations;
  /** A request failed and is repeated after a pause. */
  retry: { readonly attempt: number; readonly delayMs: number } & SharedByOperations;
  /** A store's circuit breaker has changed its state. `outcome`: the failure that opened it. */
  breaker: { readonly state: 'closed' | 'open' | 'half-open' };
  /** A store was unreachable, and its provider served an older value. */
  stale: { readonly ageMs: number };
  /** `optional` or `fallback` tolerates an outage. Emitted once per outage. */
  tolerated: object;
  /** Cached values were read again or marked as expired; for a configuration: a load or a reload has
   *  succeeded. */
  refreshed: object;
  /** Reading again failed, and the cached values stay; for a configuration: the current generation stays.
   *  `message` and `problems` say why, without the values that were found. */
  refresh_failed: { readonly message: string; readonly problems?: readonly Problem[] };
  /** Values may have changed: those of `keys`, or any value without `keys`. For a configuration: `keys`
   *  have changed. */
  changed: { readonly keys?: readonly Key[] };
  /** A store has a new version of a value, or has issued new credentials. */
  rotated: object;
  /** A store no longer has a value that it had. For a configuration: one event for each store, with the
   *  `keys` that have vanished. `all`: nothing is left of what the store had. */
  vanished: { readonly message: string; readonly keys?: readonly Key[]; readonly all?: true };
  /** A store has denied access. */
  denied: object;
  /** A provider has logged in to its store. */
  authenticated: object;
  /** A store has refused the credentials of a provider. */
  authentication_failed: object;
  /** An interceptor or a guard has refused an operation, or has failed itself. */
  policy_violated: object;
  /** The status of a provider differs from the one before. Seen by `health`, by the circuit breaker, or in an
   *  outage that `optional` or `fallback` tolerates. */
  health_changed: {
    readonly status: HealthStatus;
    readonly previous: HealthStatus;
    readonly reason?: string;
  };
  /** A generation of a configuration is on trial: that of `version`. It replaces the one with the number
   *  `good`, and is rolled back if it is unhealthy. */
  trial_started: { readonly good: number; readonly keys?: readonly Key[] };
  /** The generation of `version` was healthy for the whole trial. */
  trial_passed: object;
  /** The values of generation `to` are in force again, in place of those of `from`; `message` says why. With
   *  newer secrets than `to` had, they make a generation of their own, that of `version`. */
  rolled_back: {
    readonly message: string;
    readonly from: number;
    readonly to: number;
    readonly keys: readonly Key[];
  };
  /** A rotation has done a step. `pending`: the next credential is stored. `set`: the target has learned it.
   *  `promoted`: it is current. `revoked`: the target refuses the old one. `repaired`: the target refused the
   *  current credential, and accepts it again. `from` and `to` are versions of the store. */
  rotation_step: { readonly step: RotationStep; readonly from?: string; readonly to?: string };
  /** A rotation waits for a person: `message` says for what. `inUse`: how many still use the old credential
   *  although the overlap and the grace period have ended. */
  rotation_waiting: { readonly message: string; readonly inUse?: number };
  /** A step of a rotation has failed. The next step goes on from there. */
  rotation_failed: { readonly message: string };
  /** A message for a person. */
  notice: { readonly message: string };
}

/** What a rotation has done. */
export type RotationStep = 'pending' | 'set' | 'promoted' | 'revoked' | 'repaired';

/** An event. The union is open: modules add members to ConfigEventTypes. */
export type ConfigEvent = {
  [T in keyof ConfigEventTypes]: EventHead & { readonly type: T } & ConfigEventTypes[T];
}[keyof ConfigEventTypes];

/** The level of a log line. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** pino, bunyan, winston, console, or an object with their four methods. */
export type Logger = { readonly [L in LogLevel]: (...line: never[]) => unknown } & {
  readonly child?: unknown;
  readonly transports?: unknown;
};

/** The options of `logTo`. */
export interface LogOptions {
  /** The level for a type of event, or `false` to omit the type.
   *  @default `debug` for `read`, `request` and `refreshed`; `error` for an open breaker, for refused
   *  credentials and for rotations that fail or wait; `warn` for other failures; else `info` */
  readonly levels?: { readonly [T in ConfigEvent['type']]?: LogLevel | false };
}

/** The levels that differ from `info`. */
const defaultLevels: NonNullable<LogOptions['levels']> = {
  read: 'debug',
  request: 'debug',
  refreshed: 'debug',
  retry: 'warn',
  stale: 'warn',
  tolerated: 'warn',
  refresh_failed: 'warn',
  vanished: 'warn',
  denied: 'warn',
  authentication_failed: 'error',
  policy_violated: 'warn',
  rolled_back: 'warn',
  rotation_waiting: 'error',
  rotation_failed: 'error',
};

/** The level of an event that is more urgent than others of its type. */
function urgentLevel(event: ConfigEvent): LogLevel | undefined {
  if (event.type === 'breaker' && event.state === 'open') return 'error';
  if (event.type === 'rotation_step' && event.step === 'repaired') return 'warn';
  return event.type === 'health_changed' && event.status !== 'ok' ? 'warn' : undefined;
}

/** Receives the fields of each line before it is written, so that tools can add theirs. */
const lines = channel('llm-config-manager:log');

const countsLookups = new WeakSet<object>();

/** Whether a listener wants one `read` per look-up: that of the chain, without those of its providers. */
export const isPerLookup = (listener: object): boolean => countsLookups.has(listener);

/** Makes a listener that writes each event as a structured line. Passes the fields first to pino and
 *  bunyan, the message first to winston, and one line of JSON to console. On a chain, it writes one `read`
 *  for each look-up, without those of the chain's providers.
 *  @example
 *  const chain = new ProviderChain([store, env]);
 *  chain.on(logTo(pino(), { levels: { read: false, stale: 'error' } }));
 *  @see ConfigEvent for the types of events. */
export function logTo(logger: Logger, options: LogOptions = {}): (event: ConfigEvent) => void {
  const shape = logger.transports ? 'winston' : typeof logger.child === 'function' ? 'pino' : 'console';
  const log = (event: ConfigEvent): void => {
    const { id, time, type, ...rest } = event;
    const level = options.levels?.[type] ?? urgentLevel(event) ?? defaultLevels[type] ?? 'info';
    if (level === false) return;
    const { message, ...fields } = rest as typeof rest & { message?: string };
    const line = { event: type, eventId: id, at: new Date(time).toISOString(), ...fields };
    if (lines.hasSubscribers) lines.publish(line);
    const { provider, key, outcome } = event;
    const text = maskUrls(
      message ?? `${provider}: ${type}${key ? ` ${key}` : ''}${outcome === 'ok' ? '' : ` (${outcome})`}`,
    );
    const write = logger[level].bind(logger) as (...parts: unknown[]) => unknown;
    if (shape === 'winston') write(text, line);
    else if (shape === 'pino') write(line, text);
    else write(JSON.stringify({ level, message: text, ...line }));
  };
  countsLookups.add(log);
  return log;
}
