// The entry point of this folder: everything that one shelter holds in memory, and for how long. Used by
// keys/ and sheltered.ts.

import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { startsWith } from '../../key.ts';
import type { Change } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Settings } from '../options.ts';
import type { DocumentSource, Place, Scope, SourceIdentity } from '../port.ts';
import type { Requests } from '../request/request.ts';
import type { SecondLevelStats } from '../second-level.ts';
import type { Cached, Listed } from './cached.ts';
import { Changes } from './changes.ts';
import { Documents } from './documents.ts';
import { HeldResults } from './held.ts';
import { Hits } from './hits.ts';
import { LazySharing } from './lazy-sharing.ts';
import { Listings } from './listings.ts';
import type { SharingParts } from './sharing.ts';
import { type CacheCounts, type ReadQuery, Tickets } from './single-flight-cache.ts';

export type { Listed } from './cached.ts';
export { Cached } from './cached.ts';
export type { Hits } from './hits.ts';
export { distinct, scopeOf } from './listings.ts';
export type { CacheCounts, ReadQuery } from './single-flight-cache.ts';

export class Cache {
  /** Finished results by key. Public, so that a hit costs no further call. */
  readonly hits: Hits;
  readonly counts: CacheCounts = { hits: 0, misses: 0, absentHits: 0, stale: 0, joined: 0 };
  readonly #source: DocumentSource;
  readonly #documents: Documents;
  readonly #listings: Listings;
  readonly #changes: Changes;
  readonly #second: LazySharing | undefined;

  constructor(source: DocumentSource, settings: Settings, emitter: Emitter, requests: Requests) {
    const { clock, cache, second: level } = settings;
    const tickets = new Tickets();
    const held = new HeldResults(settings, emitter, this.counts, tickets);
    const epoch = (): number => requests.epoch;
    const context = { settings, emitter, tickets, counts: this.counts, epoch, held };
    const second =
      level &&
      new LazySharing(
        source,
        () => this.load(),
        (identity) => sharingParts(identity),
      );
    this.hits = new Hits(clock, cache ? cache.max : 0);
    this.#source = source;
    const documents = new Documents(source, requests, context, second);
    const listings = new Listings(source, requests, documents, context, second);
    this.#documents = documents;
    this.#listings = listings;
    this.#changes = new Changes({ source, clock, emitter, documents, listings, second });
    this.#second = second;
    const sharingParts = (identity: SourceIdentity): SharingParts => ({
      source,
      settings,
      emitter,
      tickets,
      identity,
      level: level!,
      counts: second!.counts,
      mayRead: () => requests.state === 'closed',
      documents: documents.port,
      listings: listings.port,
      onChanged: (changed) => this.#changes.elsewhere(changed),
    });
  }

  /** Loads the store. Called before the first request, and before a second level is asked. */
  async load(): Promise<void> {
    await Promise.all([this.#documents.load(), this.#listings.load()]);
  }

  /** The number of cached documents. */
  get size(): number {
    return this.#documents.size;
  }

  /** Reads a place's document from memory, or else from the source. */
  read(place: Place, query: ReadQuery): Cached | Promise<Cached | ConfigError> {
    return this.#documents.read(place, query);
  }

  /** Reads a place's document again, also a lease that has not ended. Callers share one read. */
  renew(place: Place, query: ReadQuery): Promise<Cached | ConfigError> {
    return this.#changes.renew(place, query);
  }

  /** What is cached of a place, however old. */
  peek(place: Place): Cached | undefined {
    return this.#documents.peek(place.document);
  }

  /** Reads a place's document again in the background. */
  revalidate(place: Place): void {
    this.#documents.revalidate(place);
  }

  /** Lists a scope from memory, or else from the source. */
  list(
    scope: Scope,
    query: ReadQuery,
  ): Cached<readonly Listed[]> | Promise<Cached<readonly Listed[]> | ConfigError> {
    return this.#listings.read(scope, query);
  }

  /** Expires what was read for keys at, above or below the prefix. It still serves outages. */
  expire(prefix: Key): void {
    const { places } = this.#source;
    const matches = (key: Key): boolean => startsWith(key, prefix) || startsWith(prefix, key);
    if (places && prefix !== '') {
      const documents = places.filter((place) => matches(place.key)).map((place) => place.document);
      this.#documents.invalidate(documents, true);
    } else this.#documents.expire(prefix === '' ? undefined : matches);
    this.#listings.invalidate(true);
  }

  /** Removes a document that was written, and notifies watchers. */
  written(document: string, key: Key): Promise<void> | undefined {
    return this.#changes.written(document, key);
  }

  /** Counters of the second level, if there is one. */
  get secondCounts(): SecondLevelStats | undefined {
    return this.#second?.counts;
  }

  /** When the first of the documents that are in use ends. */
  firstEnd(now: number): number | undefined {
    return this.#changes.firstEnd(now);
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.#changes.watch(onChange);
  }

  close(): void {
    this.#changes.close();
    this.#second?.close();
    this.hits.clear();
  }
}
