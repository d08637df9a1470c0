// The façade of the shelter: a source of documents as a provider, composed of the three storeys. Every remote
// provider extends it. Hot: `get` answers a hit from one Map, without an await or an allocation.

import type { Entry, Unreadable } from '../entry.ts';
import { abortedBy, ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { disposeAll, Emitter } from '../internal/listeners.ts';
import { keyOf } from '../key.ts';
import type {
  Change,
  ConfigProvider,
  Health,
  KeyStatus,
  ListOptions,
  ReadOptions,
  WritableProvider,
} from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';
import { unlessAborted } from './abort.ts';
import { Cache, type CacheCounts, type Hits } from './cache/cache.ts';
import type { Clock } from './clock.ts';
import { fromProvider } from './from-provider.ts';
import { Keys, type LookupResult } from './keys/keys.ts';
import { type ShelterOptions, settingsOf, type VersionedRead, type VersionedWrite } from './options.ts';
import type { DocumentSource } from './port.ts';
import { Requests } from './request/request.ts';
import { type ShelteredStats, statsOf } from './stats.ts';

/** A remote store as a provider: cached, batched, paced, retried, with a breaker and deadlines. Every remote
 *  provider extends it. */
export class ShelteredProvider implements ConfigProvider {
  readonly name: string;
  readonly #source: DocumentSource;
  readonly #clock: Clock;
  readonly #emitter: Emitter;
  readonly #requests: Requests;
  readonly #cache: Cache;
  readonly #keys: Keys;
  readonly #hits: Hits;
  readonly #counts: CacheCounts;
  #closed = false;

  constructor(source: DocumentSource, options: ShelterOptions = {}) {
    const settings = settingsOf(source.name, options, source.limits);
    const { clock } = settings;
    const emitter = new Emitter(source.name, 'shelter', () => clock.now());
    const requests: Requests = new Requests(source, settings, emitter, () => cache.load());
    const cache: Cache = new Cache(source, settings, emitter, requests);
    this.name = source.name;
    this.#source = source;
    this.#clock = clock;
    this.#emitter = emitter;
    this.#requests = requests;
    this.#cache = cache;
    this.#keys = new Keys({ source, settings, emitter, requests, cache });
    this.#hits = cache.hits;
    this.#counts = cache.counts;
  }

  get(key: Key, options?: VersionedRead): Promise<Entry | undefined> {
    const hit = this.#hits.get(key);
    if (
      hit &&
      (options === undefined ||
        (options.maxAgeMs === undefined && options.version === undefined && !options.signal?.aborted))
    ) {
      hit.entry ? this.#counts.hits++ : this.#counts.absentHits++;
      if (this.#emitter.hasListeners) this.#emitRead(key, hit.entry, 0);
      return hit.promise;
    }
    return this.#read(key, options);
  }

  async #read(spelling: Key, options: VersionedRead = {}): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    this.#assertOpen(options.signal);
    const startedAt = this.#emitter.hasListeners ? this.#clock.now() : 0;
    const finding = this.#find(key, options);
    const found =
      finding instanceof Promise ? await unlessAborted(this.name, finding, options.signal) : finding;
    if (this.#emitter.hasListeners) this.#emitRead(key, found, this.#clock.now() - startedAt);
    if (found instanceof ConfigError) throw found.with({ provider: this.name, key });
    return found;
  }

  #find(key: Key, { maxAgeMs, version }: VersionedRead): LookupResult | Promise<LookupResult> {
    if (version === '')
      throw new ConfigError('invalid_option', `${this.name}: the option version is empty`, {
        provider: this.name,
        key,
        hint: 'Omit the option, or set it to a version',
      });
    return this.#keys.find(key, { maxAgeMs, version });
  }

  async getMany(
    keys: readonly Key[],
    options: VersionedRead = {},
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    const wanted = [...new Set(keys.map(keyOf))];
    this.#assertOpen(options.signal);
    const all = Promise.all(
      wanted.map((key) => {
        const hit =
          options.maxAgeMs === undefined && options.version === undefined ? this.#hits.get(key) : undefined;
        if (!hit) return this.#find(key, options);
        hit.entry ? this.#counts.hits++ : this.#counts.absentHits++;
        return hit.entry;
      }),
    );
    const found = await unlessAborted(this.name, all, options.signal);
    return new Map(
      wanted.map((key, i) => {
        const result = found[i];
        if (this.#emitter.hasListeners) this.#emitRead(key, result, 0);
        return [key, result instanceof ConfigError ? result.with({ provider: this.name, key }) : result];
      }),
    );
  }

  async list(prefix: Key = '', options: ListOptions = {}): Promise<readonly (Entry | Unreadable)[]> {
    const key = keyOf(prefix);
    this.#assertOpen(options.signal, 'the list');
    return unlessAborted(this.name, this.#keys.list(key, options), options.signal, 'the list');
  }

  where(key: Key): string {
    return this.#keys.where(keyOf(key));
  }

  async health(options: ReadOptions = {}): Promise<Health> {
    const { signal } = options;
    this.#assertOpen(signal, 'the health check');
    const { ping } = this.#source;
    const startedAt = this.#clock.now();
    const pinging =
      ping &&
      this.#requests.send({ operation: 'ping', documents: 0, retryIf: () => false }, async (call) => {
        await ping.call(this.#source, call);
        return undefined;
      });
    const error = pinging
      ? await unlessAborted(this.name, pinging, signal, 'the health check')
      : this.#requests.last?.error;
    const breaker = this.#requests.state;
    const status = error ? 'down' : breaker === 'closed' ? 'ok' : 'degraded';
    return {
      status,
      ...(error && { reason: `${error.code}: ${error.message}` }),
      ...(ping && !error && { latencyMs: this.#clock.now() - startedAt }),
      breaker,
      checkedAt: ping ? this.#clock.now() : (this.#requests.last?.at ?? startedAt),
    };
  }

  /** Expires what was read for keys at, above or below `prefix`. An expired value is still served during an
   *  outage where `staleIfErrorMs` allows. */
  async refresh(prefix: Key = ''): Promise<void> {
    const key = keyOf(prefix);
    this.#cache.expire(key);
    this.#emitter.emit('refreshed', { key });
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.#cache.watch(onChange);
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return disposeAll([this.#emitter.on(listener), this.#source.on?.(listener)]);
  }

  status(key: Key): KeyStatus | undefined {
    return { ...this.#keys.status(keyOf(key), this.#clock.now()), breaker: this.#requests.state };
  }

  /** Counters of reads and requests since the provider was created. */
  stats(): ShelteredStats {
    return statsOf(this.#counts, this.#requests.counts, this.#cache.size);
  }

  /** Aborts requests in flight and rejects later calls. Closing twice is fine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#requests.close();
    this.#cache.close();
    this.#emitter.clear();
    await this.#source.close?.();
  }

  /** Runs a write of the subclass. `effect` ends the message for a caller that aborts it.
   *  @internal */
  protected runWrite<T>(
    signal: AbortSignal | undefined,
    effect: string,
    run: (keys: Keys) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen(signal, 'the write');
    return unlessAborted(this.name, run(this.#keys), signal, `the write; ${effect}`);
  }

  #assertOpen(signal: AbortSignal | undefined, what?: string): void {
    if (this.#closed)
      throw new ConfigError('aborted', `${this.name}: the provider is closed`, { provider: this.name });
    if (signal?.aborted) throw abortedBy(this.name, what);
  }

  #emitRead(key: Key, found: LookupResult, durationMs: number): void {
    const failed = found instanceof ConfigError;
    const outcome = failed ? found.code : found ? 'ok' : 'absent';
    this.#emitter.emit('read', { key, outcome, durationMs, version: failed ? undefined : found?.version });
    if (outcome === 'access_denied') this.#emitter.emit('denied', { key, outcome });
  }
}

/** A ShelteredProvider of a store that can be written. */
export class WritableShelteredProvider extends ShelteredProvider implements WritableProvider {
  /** Reads the document, puts the value in, and replaces it. A document that another writer replaced
   *  meanwhile is read again, unless `ifVersion` is given. */
  async set(key: Key, value: ConfigValue, options: VersionedWrite = {}): Promise<Entry> {
    const spelled = keyOf(key);
    return this.runWrite(options.signal, `${spelled} may have been written`, (keys) =>
      keys.set(spelled, value, options),
    );
  }

  async delete(key: Key, options: VersionedWrite = {}): Promise<boolean> {
    const spelled = keyOf(key);
    return this.runWrite(options.signal, `${spelled} may have been deleted`, (keys) =>
      keys.delete(spelled, options),
    );
  }
}

type WritableSource = DocumentSource & Required<Pick<DocumentSource, 'write'>>;

/** Puts a cache, single flight, batching, pacing, retries, a breaker and deadlines around a source. Also
 *  takes a single provider, whose keys are then its documents.
 *  @throws ConfigError `invalid_option` for a chain and for anything made of one: shelter its providers
 *  instead.
 *  @example
 *  const store = sheltered(source, { cache: { ttlMs: 60_000 } });
 *  const chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), optional(store)]);
 *  await chain.value('llm.model'); */
export function sheltered(
  inner: WritableProvider | WritableSource,
  options?: ShelterOptions,
): WritableShelteredProvider;
export function sheltered(
  inner: ConfigProvider | DocumentSource,
  options?: ShelterOptions,
): ShelteredProvider;
export function sheltered(
  inner: ConfigProvider | DocumentSource,
  options?: ShelterOptions,
): ShelteredProvider {
  const source = 'locate' in inner ? inner : fromProvider(inner);
  return source.write
    ? new WritableShelteredProvider(source, options)
    : new ShelteredProvider(source, options);
}
