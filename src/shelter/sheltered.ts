// The façade of the shelter: a source of documents as a provider, composed of the three storeys. The classes
// in abilities.ts extend it. Hot: `get` answers a hit from one Map, without an await or an allocation.

import { checkWithinMs, closeWithinMs } from '../closing.ts';
import type { Entry, Unreadable } from '../entry.ts';
import { abortedBy, ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import type { Health } from '../health.ts';
import { disposeAll, Emitter } from '../internal/listeners.ts';
import { keyOf } from '../key.ts';
import { type Living, register, retire } from '../living.ts';
import { type CallOptions, operationIn, within } from '../operation.ts';
import type {
  Change,
  CloseOptions,
  ConfigProvider,
  KeyStatus,
  Known,
  ListOptions,
  ReadOptions,
  VersionedRead,
  VersionedWrite,
  VersionInfo,
  VersionsOptions,
} from '../provider.ts';
import type { Key } from '../value.ts';
import { unlessAborted } from './abort.ts';
import { Cache, type CacheCounts, type Hits } from './cache/cache.ts';
import { type SteadyClock, shownNow } from './clock.ts';
import { closeSource } from './close-source.ts';
import { checkHealth } from './health-check.ts';
import { checkVersion, Keys, type LookupResult } from './keys/keys.ts';
import { Observation, outcomeOf } from './observation.ts';
import { type ShelterOptions, settingsOf } from './options.ts';
import type { DocumentSource } from './port.ts';
import { Requests } from './request/request.ts';
import { livingStore, type ShelteredStats, statsOf } from './stats.ts';

/** A remote store as a provider: cached, batched, paced, retried, with a breaker and deadlines. Every remote
 *  provider extends it. */
export class ShelteredProvider implements ConfigProvider {
  readonly name: string;
  /** @internal */
  readonly needs: DocumentSource['needs'];
  readonly #source: DocumentSource;
  readonly #clock: SteadyClock;
  readonly #emitter: Emitter;
  readonly #observation: Observation;
  readonly #requests: Requests;
  readonly #cache: Cache;
  readonly #keys: Keys;
  readonly #hits: Hits;
  readonly #counts: CacheCounts;
  readonly #living: Living;
  #closing: Promise<void> | undefined;

  constructor(source: DocumentSource, options: ShelterOptions = {}) {
    const settings = settingsOf(source.name, options, source.limits);
    const { clock } = settings;
    const emitter = new Emitter(source.name, 'shelter', () => shownNow(clock));
    emitter.reports(this);
    const requests: Requests = new Requests(
      source,
      settings,
      emitter,
      () => cache.load(),
      (status, error) => emitter.status(this, status, error?.message, error?.code),
    );
    const cache: Cache = new Cache(source, settings, emitter, requests);
    this.name = source.name;
    this.#source = source;
    this.needs = source.needs?.bind(source);
    this.#clock = clock;
    this.#emitter = emitter;
    this.#observation = new Observation(source.name, emitter, clock);
    this.#requests = requests;
    this.#cache = cache;
    this.#keys = new Keys({ source, settings, emitter, requests, cache });
    this.#hits = cache.hits;
    this.#counts = cache.counts;
    this.#living = livingStore(this, cache, requests.counts);
    register(this, this.#living);
  }

  get(key: Key, options?: VersionedRead): Promise<Entry | undefined> {
    const hit = this.#hits.get(key);
    if (
      hit &&
      (options === undefined ||
        (options.maxAgeMs === undefined && options.version === undefined && !options.signal?.aborted))
    ) {
      this.#countHit(key, hit, options);
      return hit.promise;
    }
    return this.#read(key, options);
  }

  /** What is in memory and fresh.
   *  @internal */
  known(key: Key, peek = false): Known | undefined {
    const hit = this.#hits.get(key);
    if (hit && !peek) this.#countHit(key, hit, undefined);
    return hit;
  }

  #countHit(key: Key, { entry }: Known, options: VersionedRead | undefined): void {
    entry ? this.#counts.hits++ : this.#counts.absentHits++;
    if (this.#emitter.hasListeners)
      this.#observation.emitRead(key, entry, undefined, this.#observation.operation('read', options));
  }

  /** Expires the document that holds a key, and reads it again. A lease that has not ended is replaced by a
   *  new one. Callers that renew a document at the same time share one read. */
  renew(key: Key, options: ReadOptions = {}): Promise<Entry | undefined> {
    return this.#read(key, options, (at, operation) => this.#keys.renew(at, { operation }));
  }

  async #read(
    spelling: Key,
    options: VersionedRead = {},
    find = (key: Key, operation: string | undefined): LookupResult | Promise<LookupResult> =>
      this.#find(key, options, operation),
  ): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    this.#assertOpen(options.signal);
    const operation = this.#observation.operation('read', options);
    const startedAt = this.#observation.startedAt();
    const finding = find(key, operation);
    const found =
      finding instanceof Promise
        ? await this.#observation.reading(
            { type: 'get', key },
            operation,
            () => unlessAborted(this.name, finding, options.signal),
            outcomeOf,
          )
        : finding;
    this.#observation.emitRead(key, found, startedAt, operation);
    if (found instanceof ConfigError) throw this.#observation.named(found, key, operation);
    return found;
  }

  #find(
    key: Key,
    { maxAgeMs, version }: VersionedRead,
    operation: string | undefined,
  ): LookupResult | Promise<LookupResult> {
    checkVersion(this.name, key, version);
    return this.#keys.find(key, { maxAgeMs, version, operation });
  }

  async getMany(
    keys: readonly Key[],
    options: VersionedRead = {},
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    const wanted = [...new Set(keys.map(keyOf))];
    this.#assertOpen(options.signal);
    const operation = this.#observation.operation('read', options);
    const startedAt = this.#observation.startedAt();
    const finding = wanted.map((key) => {
      const hit =
        options.maxAgeMs === undefined && options.version === undefined ? this.#hits.get(key) : undefined;
      if (!hit) return this.#find(key, options, operation);
      hit.entry ? this.#counts.hits++ : this.#counts.absentHits++;
      return hit.entry;
    });
    const all = (): Promise<readonly LookupResult[]> =>
      unlessAborted(this.name, Promise.all(finding), options.signal);
    const found = finding.some((one) => one instanceof Promise)
      ? await this.#observation.reading({ type: 'getMany', keys: wanted }, operation, all)
      : await all();
    return new Map(
      wanted.map((key, i) => {
        const result = found[i];
        this.#observation.emitRead(key, result, startedAt, operation);
        return [
          key,
          result instanceof ConfigError ? this.#observation.named(result, key, operation) : result,
        ];
      }),
    );
  }

  async list(prefix: Key = '', options: ListOptions = {}): Promise<readonly (Entry | Unreadable)[]> {
    const key = keyOf(prefix);
    this.#assertOpen(options.signal, 'the list');
    const operation = this.#observation.operation('read', options);
    return this.#observation.listing(key, operation, (missed) => {
      const listing = this.#keys.list(key, within(options, operation), missed);
      return unlessAborted(this.name, listing, options.signal, 'the list');
    });
  }

  where(key: Key): string {
    return this.#keys.where(keyOf(key));
  }

  /** @internal */
  readonly leasedAt = (key: Key): Key | undefined =>
    this.#source.locate(keyOf(key)).find(({ leased }) => leased)?.key;

  async health(options: ReadOptions = {}): Promise<Health> {
    const { signal } = options;
    this.#assertOpen(signal, 'the health check');
    const operation = this.#observation.operation('read', options);
    const checking = checkHealth(this.#source, this.#requests, this.#clock, operation);
    const { health, error } = await unlessAborted(this.name, checking, signal, 'the health check');
    this.#emitter.status(this, health.status, error?.message, error?.code);
    return health;
  }

  /** Expires what was read for keys at, above or below `prefix`. An expired value is still served during an
   *  outage where `staleIfErrorMs` allows. */
  async refresh(prefix: Key = '', options?: CallOptions): Promise<void> {
    const key = keyOf(prefix);
    this.#cache.expire(key);
    this.#emitter.emit('refreshed', { key, operation: operationIn(options) });
  }

  watch(onChange: (change: Change) => void, _options?: CallOptions): Disposable {
    return this.#cache.watch(onChange);
  }

  on(listener: (event: ConfigEvent) => void, _options?: CallOptions): Disposable {
    return disposeAll([this.#emitter.on(listener), this.#source.on?.(listener)]);
  }

  status(key: Key): KeyStatus | undefined {
    const { state: breaker } = this.#requests;
    return { ...this.#keys.status(keyOf(key), this.#clock.now()), ...(breaker && { breaker }) };
  }

  /** Counters of reads and requests since the provider was created. */
  stats(): ShelteredStats {
    return statsOf(this.#cache, this.#requests, this.#clock.now());
  }

  /** Aborts requests in flight and rejects later calls. Waits for the store, for example until it has revoked
   *  leases, for two seconds or as long as `withinMs`. Closing twice is fine. */
  async close({ withinMs = closeWithinMs }: CloseOptions = {}): Promise<void> {
    checkWithinMs(`${this.name}: close`, withinMs);
    this.#closing ??= this.#close(withinMs);
    return this.#closing;
  }

  async #close(withinMs: number): Promise<void> {
    this.#requests.close();
    this.#cache.close();
    retire(this.#living);
    const closed = closeSource(this.#source, withinMs, this.#clock, this.#emitter);
    await closed.finally(() => this.#emitter.clear());
  }

  /** Runs a write of the subclass. `effect` ends the message for a caller that aborts it.
   *  @internal */
  protected async runWrite<T>(
    type: 'set' | 'delete',
    key: Key,
    options: VersionedWrite,
    run: (keys: Keys, options: VersionedWrite) => Promise<T>,
  ): Promise<T> {
    const { signal } = options;
    this.#assertOpen(signal, 'the write');
    const operation = this.#observation.operation('write', options);
    const effect = `the write; ${key} may have been ${type === 'set' ? 'written' : 'deleted'}`;
    const work = (): Promise<T> =>
      unlessAborted(this.name, run(this.#keys, within(options, operation)), signal, effect);
    return this.#observation.writing(type, key, operation, work);
  }

  /** Reads the whole document that a key names, in one request: a section as a tree. */
  getDocument(key: Key, options: VersionedRead = {}): Promise<Entry | undefined> {
    return this.#read(key, options, (at, operation) => this.#keys.document(at, options, operation));
  }

  /** Lists versions for a subclass that has `versions`.
   *  @internal */
  protected async runVersions(spelling: Key, options: VersionsOptions = {}): Promise<readonly VersionInfo[]> {
    const key = keyOf(spelling);
    const { signal } = options;
    this.#assertOpen(signal, 'the versions');
    const operation = this.#observation.operation('read', options);
    const list = (): Promise<readonly VersionInfo[]> =>
      unlessAborted(this.name, this.#keys.versions(key, within(options, operation)), signal, 'the versions');
    return this.#observation.reading({ type: 'versions', key }, operation, list);
  }

  #assertOpen(signal: AbortSignal | undefined, what?: string): void {
    if (this.#closing)
      throw new ConfigError('aborted', `${this.name}: the provider is closed`, { provider: this.name });
    if (signal?.aborted) throw abortedBy(this.name, what);
  }
}
