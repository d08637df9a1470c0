import type { ConfigValue, Entry, Metadata, Unreadable } from './entry.ts';
import type { ConfigError } from './errors.ts';
import type { ConfigEvent } from './events.ts';
import type { Key } from './key.ts';

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** How old an answer may be. 0 asks the source: success replaces what is held, failure leaves it and throws. */
  readonly maxAgeMs?: number;
  /** The caller's identity or anything else `intercept` wants to see. Opaque to us; never part of a cache key. */
  readonly context?: unknown;
}

/** The keys that somebody is going to read, and the prefixes below which that somebody may read anything. */
export interface Wanted {
  readonly keys: readonly Key[];
  readonly open: readonly Key[];
}

export interface ListOptions extends ReadOptions {
  readonly wanted?: Wanted;
  /** Leased places are acquired: reading them makes credentials. `loadConfig` and `reload` set it, nobody else. */
  readonly acquire?: boolean;
}

export interface WriteOptions {
  readonly signal?: AbortSignal;
  readonly secret?: boolean;
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

export type HealthStatus = 'ok' | 'degraded' | 'down';

export interface Health {
  readonly status: HealthStatus;
  readonly reason?: string;
  readonly latencyMs?: number;
  readonly breaker?: 'closed' | 'open' | 'half-open';
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
  readonly name: string;
  /** One leaf. `undefined`: the backend says there is none. A backend that cannot tell throws a ConfigError. */
  get(key: Key, options?: ReadOptions): Promise<Entry | undefined>;
  /** Everything at or below `prefix`; with `wanted`, at least what can hold a wanted key. */
  list(prefix?: Key, options?: ListOptions): Promise<readonly (Entry | Unreadable)[]>;
  /** Many leaves in as few calls as the backend allows; each key succeeds or fails alone. */
  getMany?(keys: readonly Key[], options?: ReadOptions): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>>;
  /** What it is made of, when it is made of several: each one's own answer. */
  layers?(prefix?: Key, options?: ListOptions): Promise<readonly Layer[]>;
  /** Where a key would be looked for, in the source's spelling, one place a line. Asks nobody. */
  where?(key: Key): string;
  health?(options?: ReadOptions): Promise<Health>;
  /** What is held in memory counts as expired from now on; it stays at hand for stale-if-error. */
  refresh?(prefix?: Key): Promise<void>;
  watch?(onChange: (change: Change) => void): Disposable;
  on?(listener: (event: ConfigEvent) => void): Disposable;
  /** Whether asking costs no request: its keys may be listed to help with a message. */
  readonly local?: boolean;
  /** What is known, without asking anyone, about how a key is held: for `explain`. */
  status?(key: Key): KeyStatus | undefined;
  close?(): Promise<void>;
}

export interface KeyStatus {
  readonly ageMs?: number;
  readonly stale?: boolean;
  readonly breaker?: 'closed' | 'open' | 'half-open';
}

export interface WritableProvider extends ConfigProvider {
  set(key: Key, value: ConfigValue, options?: WriteOptions): Promise<Entry>;
  delete(key: Key, options?: WriteOptions): Promise<boolean>;
}
