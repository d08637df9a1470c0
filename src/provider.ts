import type { Entry, Metadata, Unreadable } from './entry.ts';
import { ConfigError } from './errors.ts';
import type { ConfigEvent } from './events.ts';
import type { ConfigValue, Key } from './value.ts';

/** How a read is done. */
export interface ReadOptions {
  /** Ends this caller's wait with `aborted`, and nobody else's. */
  readonly signal?: AbortSignal;
  /** How old an answer may be. 0 asks the source: success replaces what is held, failure leaves it and throws. */
  readonly maxAgeMs?: number;
  /** The caller's identity or anything else `intercept` wants to see. Opaque to us; never part of a cache key. */
  readonly context?: unknown;
}

/** The keys that somebody is going to read, and the prefixes below which that somebody may read anything. */
export interface Wanted {
  readonly keys: readonly Key[];
  /** The prefixes. */
  readonly prefixes: readonly Key[];
}

/** How a list is made. */
export interface ListOptions extends ReadOptions {
  /** What need be listed; without it, everything is. */
  readonly wanted?: Wanted;
  /** Leased places are acquired: reading them makes credentials. `loadConfig` and `reload` set it, nobody else. */
  readonly acquire?: boolean;
}

/** How a value is written. */
export interface WriteOptions {
  /** Ends this caller's wait with `aborted`; the value may have been written. */
  readonly signal?: AbortSignal;
  /** Whether the value is a secret. @default as the provider decides */
  readonly secret?: boolean;
  /** What the store is to keep beside it, where it can. */
  readonly metadata?: Metadata;
}

/** One provider's own answer to a list. `error`: it failed. `tolerated`: it is unreachable, and a decorator allows that. */
export interface Layer {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly holes: readonly Unreadable[];
  readonly error?: ConfigError;
  readonly tolerated?: ConfigError;
}

/** `degraded`: it answers, and something is wrong. */
export type HealthStatus = 'ok' | 'degraded' | 'down';

/** How a provider is. */
export interface Health {
  readonly status: HealthStatus;
  /** Why it is not `ok`. */
  readonly reason?: string;
  readonly latencyMs?: number;
  /** The state of a store's circuit breaker. */
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** Milliseconds since 1970. */
  readonly checkedAt: number;
  /** A chain's own providers, by name. */
  readonly providers?: Readonly<Record<string, Health>>;
}

/** Something may answer differently now. No keys: anything may. */
export interface Change {
  readonly provider: string;
  readonly keys?: readonly Key[];
  readonly time: number;
}

/** A place where entries come from. */
export interface ConfigProvider {
  /** What messages, explanations and events call it; no two of a chain have the same. */
  readonly name: string;
  /** One leaf. `undefined`: the backend says there is none. A backend that cannot tell throws a ConfigError. */
  get(key: Key, options?: ReadOptions): Promise<Entry | undefined>;
  /** Everything at or below `prefix`; with `wanted`, at least what can hold a wanted key. */
  list(prefix?: Key, options?: ListOptions): Promise<readonly (Entry | Unreadable)[]>;
  /** Many leaves in as few calls as the backend allows; each key succeeds or fails alone. */
  getMany?(
    keys: readonly Key[],
    options?: ReadOptions,
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>>;
  /** What it is made of, when it is made of several: each one's own answer. */
  layers?(prefix?: Key, options?: ListOptions): Promise<readonly Layer[]>;
  /** Where a key would be looked for, in the source's spelling, one place a line. Asks nobody. */
  where?(key: Key): string;
  /** How it is now. It never throws because the source is down. */
  health?(options?: ReadOptions): Promise<Health>;
  /** What is held in memory counts as expired from now on; it stays at hand for stale-if-error. */
  refresh?(prefix?: Key): Promise<void>;
  /** Tells, until disposed, when something may answer differently. */
  watch?(onChange: (change: Change) => void): Disposable;
  /** Tells, until disposed, what happens: for logs and metrics, as with `logTo`. */
  on?(listener: (event: ConfigEvent) => void): Disposable;
  /** Whether asking costs no request: its keys may be listed to help with a message. */
  readonly local?: boolean;
  /** What is known, without asking anyone, about how a key is held: for `explain`. */
  status?(key: Key): KeyStatus | undefined;
  /** Lets go of files, connections and timers. Closing twice is fine. */
  close?(): Promise<void>;
}

/** How a key is held. */
export interface KeyStatus {
  readonly ageMs?: number;
  /** Its fresh life is over. */
  readonly stale?: boolean;
  readonly breaker?: 'closed' | 'open' | 'half-open';
}

/** A provider that can be written to. */
export interface WritableProvider extends ConfigProvider {
  /** Writes one leaf, and answers the entry that now stands there. */
  set(key: Key, value: ConfigValue, options?: WriteOptions): Promise<Entry>;
  /** Whether there was one to delete. */
  delete(key: Key, options?: WriteOptions): Promise<boolean>;
}

/** Whether a value can be asked as a provider. */
export function isProvider(value: unknown): value is ConfigProvider {
  const { name, get, list } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<ConfigProvider>;
  return typeof name === 'string' && typeof get === 'function' && typeof list === 'function';
}

/** Refuses what an owner cannot ask. */
export function checkProvider(owner: string, value: unknown, which = 'its first argument'): void {
  if (!isProvider(value))
    throw new ConfigError('invalid_option', `${owner}: ${which} is no provider`, {
      hint: 'A provider has a name, get and list',
    });
}
