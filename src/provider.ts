// The contract that every source of values implements, and that chains, decorators and `loadConfig` consume.
// `get` and `list` are required; each further method is an ability, and a provider that lacks one omits it.
// `query.ts` calls providers in a uniform way.

import type { Entry, Metadata, Unreadable } from './entry.ts';
import { ConfigError } from './errors.ts';
import type { ConfigEvent } from './events.ts';
import type { Health } from './health.ts';
import type { ReportNeeds } from './needs.ts';
import type { CallOptions } from './operation.ts';
import type { sealedText } from './sealed.ts';
import type { Steps } from './turns.ts';
import type { ConfigValue, Key } from './value.ts';

/** The options of a read. */
export interface ReadOptions extends CallOptions {
  /** Ends this caller's wait with `aborted`. Other callers of the same request are not affected. */
  readonly signal?: AbortSignal;
  /** The maximum age of a cached answer. 0 always reads the source: a success replaces the cached value; a
   *  failure keeps it and is thrown. */
  readonly maxAgeMs?: number;
  /** @internal */
  readonly [sealedText]?: true;
}

/** The keys that a caller is going to read. */
export interface Wanted {
  readonly keys: readonly Key[];
  /** The caller may read any key below these. */
  readonly prefixes: readonly Key[];
}

/** The options of a listing. */
export interface ListOptions extends ReadOptions {
  /** Limits the listing to entries that can satisfy these keys. Omit to list everything. */
  readonly wanted?: Wanted;
  /** Also reads leases, which creates credentials. Set by `loadConfig`, by `reload` and by reloads after a
   *  change, never by a poll. */
  readonly acquire?: boolean;
}

/** The options of a write. */
export interface WriteOptions extends CallOptions {
  /** Ends this caller's wait with `aborted`. The value may have been written. */
  readonly signal?: AbortSignal;
  /** Whether the value is a secret. @default the provider decides */
  readonly secret?: boolean;
  /** Fields to keep beside the value, if the store supports them. */
  readonly metadata?: Metadata;
}

/** The options of a read from a store with versions. */
export interface VersionedRead extends ReadOptions {
  /** A version or stage of the one document that holds the key, in the store's spelling. */
  readonly version?: string;
}

/** The options of a write to a store with versions. */
export interface VersionedWrite extends WriteOptions {
  /** The write fails with `conflict` unless the document still has this version. */
  readonly ifVersion?: string;
}

/** The options of `setDocument`. */
export interface DocumentWriteOptions extends VersionedWrite {
  /** The write fails with `conflict` if the document exists. */
  readonly ifAbsent?: boolean;
}

/** The options of `versions`. */
export interface VersionsOptions extends ReadOptions {
  /** The most versions to return, the newest first. @default 100 */
  readonly limit?: number;
}

/** One version of the document that holds a key. */
export interface VersionInfo {
  /** As `get(key, { version })` takes it. */
  readonly version: string;
  /** When the version was written. */
  readonly modifiedAt?: number;
  /** The store's labels of the version, such as `AWSCURRENT`, or why it cannot be read: `disabled`,
   *  `deleted`. */
  readonly stages?: readonly string[];
  /** Who wrote the version, if the store records that. */
  readonly author?: string;
  /** Why it was written, if the store records that. */
  readonly reason?: string;
}

/** An answer that needs no waiting. `entry` is undefined for a key that is absent. */
export interface Known {
  readonly entry: Entry | undefined;
}

/** One provider's answer to a listing. `error`: the provider failed. `tolerated`: the provider is
 *  unreachable, and `optional` or `fallback` allows that. */
export interface Layer {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly holes: readonly Unreadable[];
  readonly error?: ConfigError;
  readonly tolerated?: ConfigError;
  /** The provider makes no network request: it is not a store.
   *  @internal */
  readonly local?: boolean;
}

/** `list` and `layers` in steps, where a provider has them. */
export interface Listings {
  readonly list?: (prefix: Key, options?: ListOptions) => Steps<unknown>;
  readonly layers?: (prefix: Key, options?: ListOptions) => Steps<unknown>;
}

/** The listings of a provider in steps: with them, `loadConfigSync` reads it. A class, so that nothing of
 *  another library is taken for it. */
export class InSteps {
  /** The provider's methods that do the same. Where another method takes their place, in a subclass or a
   *  copy, the steps must not be taken. */
  readonly of: readonly unknown[];
  readonly listings: Listings;

  constructor(of: readonly unknown[], listings: Listings) {
    this.of = of;
    this.listings = listings;
  }
}

/** Values may have changed: those of `keys`, or any value where `keys` is omitted. */
export interface Change {
  readonly provider: string;
  readonly keys?: readonly Key[];
  readonly time: number;
}

/** A source of entries. Distinguishes three outcomes: found, absent, failed. Only *absent* lets a chain
 *  read the next provider.
 *  @see makeEntry makes the entries that it returns.
 *  @see ProviderChain combines providers. */
export interface ConfigProvider {
  /** The name in messages, explanations and events. Unique within a chain. */
  readonly name: string;
  /** Reads one leaf. `undefined` means that the source does not have the key; a source that cannot be read
   *  throws a ConfigError. */
  get(key: Key, options?: ReadOptions): Promise<Entry | undefined>;
  /** Reads everything at or below `prefix`; with `wanted`, at least what can satisfy a wanted key. */
  list(prefix?: Key, options?: ListOptions): Promise<readonly (Entry | Unreadable)[]>;
  /** What `get` would return now, if that needs no waiting. `undefined`: call `get`. A failure is never
   *  known. Takes a canonical key. Counts and emits what a hit of `get` does; with `peek` it only looks.
   *  @internal */
  known?(key: Key, peek?: boolean): Known | undefined;
  /** Reads many leaves in as few requests as the source allows. Each key succeeds or fails alone. */
  getMany?(
    keys: readonly Key[],
    options?: ReadOptions,
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>>;
  /** For a provider that combines others: the answer of each. */
  layers?(prefix?: Key, options?: ListOptions): Promise<readonly Layer[]>;
  /** @internal */
  readonly inSteps?: InSteps;
  /** The places where the source looks for a key, in its own spelling, one per line. Makes no request. A line
   *  may end with a remark for the report of a missing key: `env A_B (AB is set: rename AB to A_B)`. The
   *  part after the colon is what to do. */
  where?(key: Key, options?: CallOptions): string;
  /** The key of the place that holds `key`, if reading it creates credentials. Makes no request.
   *  @internal */
  leasedAt?(key: Key): Key | undefined;
  /** The current health. Never throws because the source is down. */
  health?(options?: ReadOptions): Promise<Health>;
  /** Marks cached values as expired. They remain available as stale values during an outage. */
  refresh?(prefix?: Key, options?: CallOptions): Promise<void>;
  /** Expires the document that holds a key, and reads it again: also a lease that has not ended. Callers that
   *  renew a document at the same time share one read. */
  renew?(key: Key, options?: ReadOptions): Promise<Entry | undefined>;
  /** Calls `onChange` when values may have changed, until disposed. Expires what has changed before that,
   *  because the listener makes an ordinary read. */
  watch?(onChange: (change: Change) => void, options?: CallOptions): Disposable;
  /** Calls `listener` for each event, until disposed. For logs and metrics.
   *  @see logTo */
  on?(listener: (event: ConfigEvent) => void, options?: CallOptions): Disposable;
  /** Whether `name` is only a default. A chain then numbers a second provider of that name: `memory 2`. */
  readonly unnamed?: boolean;
  /** Whether reading makes no network request. The keys of a local provider may be listed to suggest a
   *  spelling. A reload after a change reads a local provider with `maxAgeMs: 0`. */
  readonly local?: boolean;
  /** What a reader of these keys must be allowed to do, and the files that hold its keys.
   *  @internal */
  readonly needs?: ReportNeeds | undefined;
  /** How a key is cached, without a request. Used by `explain`. */
  status?(key: Key): KeyStatus | undefined;
  /** Releases files, connections and timers, and ends what is under way with `aborted`. Idempotent. */
  close?(options?: CloseOptions): Promise<void>;
}

/** The options of `close`. */
export interface CloseOptions {
  /** The longest time to wait for a store, for example to revoke leases, in milliseconds. What is not done by
   *  then is left, and a `notice` says so. @default 2_000 */
  readonly withinMs?: number;
}

/** How a key is cached. */
export interface KeyStatus {
  readonly ageMs?: number;
  /** Whether the cached value has expired. */
  readonly stale?: boolean;
  readonly breaker?: 'closed' | 'open' | 'half-open';
}

/** A provider that can also write. */
export interface WritableProvider extends ConfigProvider {
  /** Writes one leaf and returns its new entry. */
  set(key: Key, value: ConfigValue, options?: WriteOptions): Promise<Entry>;
  /** Deletes one leaf. Returns whether it existed. */
  delete(key: Key, options?: WriteOptions): Promise<boolean>;
}

/** A provider of a store that keeps earlier versions. A version is one of the document that holds the key.
 *  @example
 *  const [newest, before] = await vault.versions('database.password', { limit: 2 });
 *  const entry = await vault.get('database.password', { version: before?.version });
 *  @see ComparingProvider */
export interface VersionedProvider extends ConfigProvider {
  /** Reads one leaf: the current one, or that of a version. */
  get(key: Key, options?: VersionedRead): Promise<Entry | undefined>;
  /** The versions of the document that holds a key, the newest first. Empty if no document does. */
  versions(key: Key, options?: VersionsOptions): Promise<readonly VersionInfo[]>;
}

/** A writable provider whose store compares versions in the same step as it writes, so that of two writers
 *  with one `ifVersion` one fails. Other providers may also take `ifVersion`, but read before they write.
 *  @see VersionedProvider */
export interface ComparingProvider extends WritableProvider {
  readonly compares: true;
  set(key: Key, value: ConfigValue, options?: VersionedWrite): Promise<Entry>;
  delete(key: Key, options?: VersionedWrite): Promise<boolean>;
}

/** The abilities of a provider, without what only its class has. Decorators that keep all abilities return
 *  this. */
export type PortOf<P extends ConfigProvider> = Pick<
  P,
  Extract<keyof P, keyof ComparingProvider | keyof VersionedProvider>
>;

/** A provider that writes, compares and lists versions if `P` does. Decorators that change what they return
 *  return this. */
export type Decorated<P extends ConfigProvider> = ([P] extends [ComparingProvider]
  ? ComparingProvider
  : [P] extends [WritableProvider]
    ? WritableProvider
    : ConfigProvider) &
  ([P] extends [VersionedProvider] ? VersionedProvider : unknown);

/** Whether a value has the methods of a provider. */
export function isProvider(value: unknown): value is ConfigProvider {
  const { name, get, list } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<ConfigProvider>;
  return typeof name === 'string' && typeof get === 'function' && typeof list === 'function';
}

/** Throws `invalid_option` unless `value` is a provider. `which`: the argument of `owner` that holds it. */
export function checkProvider(owner: string, value: unknown, which = 'the first argument'): void {
  if (!isProvider(value))
    throw new ConfigError('invalid_option', `${owner}: ${which} is not a provider`, {
      hint: 'Pass an object with name, get and list',
    });
}
