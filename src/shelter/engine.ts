import type { Entry, Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { disposeAll, Emitter } from '../internal/listeners.ts';
import { startsWith } from '../key.ts';
import type { Change, Health, KeyStatus, Layer, ListOptions, ReadOptions } from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';
import { aborted, unlessAborted } from './abort.ts';
import { Ticks } from './cache/cache.ts';
import { Cached } from './cache/cached.ts';
import { Changes } from './cache/changes.ts';
import { Documents } from './cache/documents.ts';
import { Hits } from './cache/hits.ts';
import { scopeOf, Walks } from './cache/listings.ts';
import { Listing } from './keys/listing.ts';
import { Lookup } from './keys/lookup.ts';
import { choose, spelled } from './keys/resolve.ts';
import { Writes } from './keys/writes.ts';
import { Layers } from './layers.ts';
import type { Settings } from './options.ts';
import { pathIn } from './places.ts';
import type { DocumentSource } from './port.ts';
import { Requests } from './request/requests.ts';
import type { ShelteredStats, VersionedRead, VersionedWrite } from './sheltered.ts';

/** The parts of one shelter, put together. */
export class Engine {
  readonly #source: DocumentSource;
  readonly #settings: Settings;
  readonly #emitter: Emitter;
  readonly #answers: Hits;
  readonly #requests: Requests;
  readonly #documents: Documents;
  readonly #walks: Walks;
  readonly #layers: Layers;
  readonly #lookup: Lookup;
  readonly #listing: Listing;
  readonly #writes: Writes;
  readonly #changes: Changes;
  readonly #counts = { hits: 0, misses: 0, absentHits: 0, stale: 0, joined: 0 };
  #closed = false;

  constructor(source: DocumentSource, settings: Settings) {
    this.#source = source;
    this.#settings = settings;
    this.#emitter = new Emitter(source.name, 'shelter', () => settings.clock.now());
    this.#answers = new Hits(settings.clock);
    this.#requests = new Requests(source, settings, this.#emitter, async () => {
      await Promise.all([this.#documents.load(), this.#walks.load(), this.#layers.load()]);
    });
    const shared = {
      source,
      settings,
      emitter: this.#emitter,
      ticks: new Ticks(),
      counts: this.#counts,
      requests: this.#requests,
      answers: this.#answers,
    };
    this.#documents = new Documents(shared);
    const documents = this.#documents;
    this.#walks = new Walks({ ...shared, documents });
    this.#layers = new Layers(shared);
    this.#lookup = new Lookup({ ...shared, documents });
    this.#listing = new Listing({ ...shared, documents, walks: this.#walks });
    this.#writes = new Writes({
      ...shared,
      documents,
      written: (document, key) => this.#changes.written(document, key),
    });
    this.#changes = new Changes({
      ...shared,
      documents,
      lists: (keepForOutage) => this.#lists(keepForOutage),
    });
    source.onNotice?.((message, outcome) => this.#emitter.notice(message, outcome));
  }

  get(key: Key, spell: (key: Key) => Key, options: VersionedRead | undefined): Promise<Entry | undefined> {
    const answer = this.#answers.get(key);
    if (
      answer &&
      (options === undefined ||
        (options.maxAgeMs === undefined && options.version === undefined && !options.signal?.aborted))
    ) {
      answer.entry ? this.#counts.hits++ : this.#counts.absentHits++;
      if (this.#emitter.hasListeners) this.#told(key, answer.entry, 0);
      return answer.promise;
    }
    return this.#ask(key, spell, options);
  }

  async #ask(text: Key, spell: (key: Key) => Key, options: VersionedRead = {}): Promise<Entry | undefined> {
    const key = spell(text);
    this.#open(options.signal);
    const startedAt = this.#emitter.hasListeners ? this.#settings.clock.now() : 0;
    const finding = this.#find(key, options);
    const found =
      finding instanceof Promise ? await unlessAborted(this.#source.name, finding, options.signal) : finding;
    if (this.#emitter.hasListeners) this.#told(key, found, this.#settings.clock.now() - startedAt);
    if (found instanceof ConfigError) throw found.with({ provider: this.#source.name, key });
    return found;
  }

  #find(key: Key, { maxAgeMs, version }: VersionedRead): ReturnType<Lookup['find']> {
    if (version === '')
      throw new ConfigError('invalid_option', 'the option version is empty', {
        provider: this.#source.name,
        key,
        hint: 'Leave it out',
      });
    return this.#lookup.find(key, { maxAgeMs, version });
  }

  async getMany(
    keys: readonly Key[],
    options: VersionedRead = {},
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    this.#open(options.signal);
    const { name: provider } = this.#source;
    const asked = [...new Set(keys)];
    const all = Promise.all(
      asked.map((key) => {
        const answer =
          options.maxAgeMs === undefined && options.version === undefined
            ? this.#answers.get(key)
            : undefined;
        if (!answer) return this.#find(key, options);
        answer.entry ? this.#counts.hits++ : this.#counts.absentHits++;
        return answer.entry;
      }),
    );
    const found = await unlessAborted(provider, all, options.signal);
    return new Map(
      asked.map((key, i) => {
        const one = found[i];
        if (this.#emitter.hasListeners) this.#told(key, one, 0);
        return [key, one instanceof ConfigError ? one.with({ provider, key }) : one];
      }),
    );
  }

  async list(prefix: Key, options: ListOptions = {}): Promise<readonly (Entry | Unreadable)[]> {
    this.#open(options.signal);
    return unlessAborted(this.#source.name, this.#listing.list(prefix, options), options.signal);
  }

  async layers(prefix: Key, options: ListOptions = {}): Promise<readonly Layer[]> {
    this.#open(options.signal);
    const { wanted, acquire = false, maxAgeMs, signal } = options;
    return unlessAborted(
      this.#source.name,
      this.#layers.read(scopeOf(prefix, wanted, acquire), { maxAgeMs }),
      signal,
    );
  }

  where(key: Key): string {
    const places = this.#source.locate(key);
    return places.map((place) => `${this.#source.name} ${spelled(place, pathIn(place, key))}`).join('\n');
  }

  async health({ signal }: ReadOptions = {}): Promise<Health> {
    this.#open(signal);
    const { clock } = this.#settings;
    const { ping } = this.#source;
    const startedAt = clock.now();
    const pinging =
      ping &&
      this.#requests.send({ operation: 'ping', documents: 0, repeats: () => false }, async (call) => {
        await ping.call(this.#source, call);
        return undefined;
      });
    const error = pinging
      ? await unlessAborted(this.#source.name, pinging, signal)
      : this.#requests.last?.error;
    const breaker = this.#requests.state;
    const status = error ? 'down' : breaker === 'closed' ? 'ok' : 'degraded';
    return {
      status,
      ...(error && { reason: `${error.code}: ${error.message}` }),
      ...(ping && !error && { latencyMs: clock.now() - startedAt }),
      breaker,
      checkedAt: ping ? clock.now() : (this.#requests.last?.at ?? startedAt),
    };
  }

  async refresh(prefix: Key): Promise<void> {
    const { places } = this.#source;
    const touches = (key: Key): boolean => startsWith(key, prefix) || startsWith(prefix, key);
    if (places && prefix !== '') {
      const documents = places.filter((place) => touches(place.key)).map((place) => place.document);
      this.#documents.invalidate(documents, true);
    } else this.#documents.expire(prefix === '' ? undefined : touches);
    this.#lists(true);
    this.#emitter.emit('refreshed', { key: prefix });
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.#changes.watch(onChange);
  }

  /** Lists are stale. */
  #lists(keepForOutage: boolean): void {
    this.#walks.invalidate(keepForOutage);
    this.#layers.void(keepForOutage);
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return disposeAll([this.#emitter.on(listener), this.#source.on?.(listener)]);
  }

  status(key: Key): KeyStatus | undefined {
    const { clock } = this.#settings;
    const breaker = this.#requests.state;
    const places = this.#source.locate(key);
    const helds = places
      .map((place) => this.#documents.peek(place))
      .map((held) => held ?? new ConfigError('not_found', 'not held'));
    const found = choose(this.#source.name, places, helds, key);
    const held =
      found && !(found instanceof ConfigError) ? found.held : helds.find((one) => one instanceof Cached);
    if (!held || held instanceof ConfigError) return { breaker };
    const now = clock.now();
    return { ageMs: now - held.at, stale: held.gone || now >= held.freshUntil, breaker };
  }

  stats(): ShelteredStats {
    const { hits, misses, absentHits, stale, joined } = this.#counts;
    const all = hits + misses + absentHits + stale + joined;
    return {
      ...this.#counts,
      ...this.#requests.counts,
      size: this.#documents.cache.size,
      ratio: all === 0 ? 0 : (hits + absentHits + stale) / all,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#requests.close();
    this.#changes.close();
    this.#answers.clear();
    this.#emitter.clear();
    await this.#source.close?.();
  }

  async set(key: Key, value: ConfigValue, options: VersionedWrite = {}): Promise<Entry> {
    this.#open(options.signal);
    return unlessAborted(
      this.#source.name,
      this.#writes.set(key, value, options),
      options.signal,
      `; ${key} may have been written`,
    );
  }

  async delete(key: Key, options: VersionedWrite = {}): Promise<boolean> {
    this.#open(options.signal);
    return unlessAborted(
      this.#source.name,
      this.#writes.delete(key, options),
      options.signal,
      `; ${key} may have been deleted`,
    );
  }

  #open(signal: AbortSignal | undefined): void {
    const { name } = this.#source;
    if (this.#closed) throw new ConfigError('aborted', `${name} is closed`, { provider: name });
    if (signal?.aborted) throw aborted(name);
  }

  #told(key: Key, found: Entry | undefined | ConfigError, durationMs: number): void {
    const failed = found instanceof ConfigError;
    const outcome = failed ? found.code : found ? 'ok' : 'absent';
    this.#emitter.emit('read', { key, outcome, durationMs, version: failed ? undefined : found?.version });
    if (outcome === 'access_denied') this.#emitter.emit('denied', { key, outcome });
  }
}
