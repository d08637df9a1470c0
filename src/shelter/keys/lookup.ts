// The look-up of one key: the places where it can be, what their documents hold, and which of them counts.
// Used by keys.ts. Hot: a result that needs no request is returned without a promise.

import type { Entry } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import type { Key } from '../../value.ts';
import { type Cache, Cached, type ReadQuery } from '../cache/cache.ts';
import type { Settings } from '../options.ts';
import type { Document, DocumentSource, Place } from '../port.ts';
import type { Locator } from './locator.ts';
import { choose, entryOf, type Found, parsed } from './resolve.ts';

type Reads = readonly (Cached | ConfigError)[];
export type LookupResult = Entry | undefined | ConfigError;

export class Lookup {
  readonly #source: DocumentSource;
  readonly #settings: Settings;
  readonly #locator: Locator;
  readonly #cache: Cache;

  constructor(source: DocumentSource, settings: Settings, locator: Locator, cache: Cache) {
    this.#source = source;
    this.#settings = settings;
    this.#locator = locator;
    this.#cache = cache;
  }

  find(key: Key, query: ReadQuery): LookupResult | Promise<LookupResult> {
    const places = this.#places(key);
    if (places instanceof ConfigError) return places;
    if (places.length === 0) return undefined;
    const [only] = places as [Place];
    if (places.length === 1) {
      const read = this.#cache.read(only, query);
      return read instanceof Promise
        ? read.then((one) => this.#conclude(key, places, [one], query))
        : this.#conclude(key, places, [read], query);
    }
    const known =
      query.maxAgeMs === undefined && query.version === undefined ? this.#known(key, places) : undefined;
    if (known) return known;
    return Promise.all(places.map((place) => this.#cache.read(place, query))).then((reads) =>
      this.#conclude(key, places, reads, query),
    );
  }

  /** Reads the whole document that a key names. */
  async document(key: Key, query: ReadQuery): Promise<LookupResult> {
    const { name } = this.#source;
    const place = this.#locator.whole(key);
    const read = parsed(name, place, await this.#cache.read(place, query));
    if (!(read instanceof Cached)) return read;
    const document = read.outcome;
    return document === 'absent'
      ? undefined
      : entryOf(name, place, read as Cached<Document>, key, document.value);
  }

  /** Reads the document that has the key again; all of them where that is not known. */
  async renew(key: Key, query: ReadQuery): Promise<LookupResult> {
    const places = this.#places(key);
    if (places instanceof ConfigError) return places;
    if (places.length === 0) return undefined;
    const missing = new ConfigError('not_found', 'not cached');
    const known = places.map((place) => this.#cache.peek(place) ?? missing);
    const found = choose(this.#source.name, places, known, key);
    const isRenewed = (place: Place): boolean =>
      !found || found instanceof ConfigError || found.place === place;
    const reads = await Promise.all(
      places.map((place) =>
        isRenewed(place) ? this.#cache.renew(place, query) : this.#cache.read(place, query),
      ),
    );
    return this.#conclude(key, places, reads, { ...query, maxAgeMs: 0 });
  }

  #places(key: Key): readonly Place[] | ConfigError {
    try {
      return this.#locator.locate(key);
    } catch (error) {
      return error as ConfigError;
    }
  }

  /** The key's entry, if all its documents are in memory. While the entry is fresh, an absent document counts
   *  as absent for `ttlMs`, not for `absentTtlMs`. */
  #known(key: Key, places: readonly Place[]): Entry | undefined {
    const { cache, clock } = this.#settings;
    if (!cache) return undefined;
    const reads: Cached[] = [];
    for (const place of places) {
      const cached = this.#cache.peek(place);
      if (!cached || cached.invalidated) return undefined;
      reads.push(cached);
    }
    const found = choose(this.#source.name, places, reads, key);
    if (!found || found instanceof ConfigError) return undefined;
    const now = clock.now();
    const { ttlMs, staleWhileRevalidateMs: graceMs } = cache;
    const holds = (grace: number): boolean =>
      reads.every((read) => {
        if (read.outcome === 'absent') return now < read.at + ttlMs + grace;
        return !read.invalidated && read.isServable(now, read === found.read ? grace : 0);
      });
    const { counts } = this.#cache;
    if (holds(0)) {
      counts.hits++;
      return this.#entry(key, found, reads);
    }
    if (graceMs === 0 || found.place.leased || !holds(graceMs)) return undefined;
    counts.stale++;
    for (const [i, place] of places.entries())
      if (!(reads[i] as Cached).isFresh(now)) this.#cache.revalidate(place);
    return this.#entry(key, found, undefined);
  }

  #conclude(key: Key, places: readonly Place[], reads: Reads, query: ReadQuery): LookupResult {
    let chosen = choose(this.#source.name, places, reads, key);
    if (
      chosen instanceof ConfigError &&
      chosen.transient &&
      places.length > 1 &&
      query.maxAgeMs === undefined &&
      query.version === undefined
    ) {
      // in an outage, a document that was absent counts as absent for a key that is found in another one
      const known = reads.map((read, i) => {
        const cached = this.#cache.peek(places[i] as Place);
        return read instanceof ConfigError && read.transient && cached?.outcome === 'absent' ? cached : read;
      });
      const again = choose(this.#source.name, places, known, key);
      if (again && !(again instanceof ConfigError)) chosen = again;
    }
    if (chosen instanceof ConfigError) return chosen;
    const all = reads.every((read) => read instanceof Cached) ? (reads as readonly Cached[]) : undefined;
    const kept = this.#settings.cache !== false && query.version === undefined ? all : undefined;
    if (chosen) return this.#entry(key, chosen, kept);
    if (kept) this.#remember(key, undefined, kept, false);
    return undefined;
  }

  #entry(key: Key, { place, read, value }: Found, parts: readonly Cached[] | undefined): Entry {
    const entry = entryOf(this.#source.name, place, read, key, value);
    if (parts) this.#remember(key, entry, parts, true);
    return entry;
  }

  #remember(key: Key, entry: Entry | undefined, parts: readonly Cached[], found: boolean): void {
    const { cache } = this.#settings;
    let until = Number.POSITIVE_INFINITY;
    for (const part of parts) {
      if (part.invalidated || part.held) return;
      until = Math.min(
        until,
        found && cache && part.outcome === 'absent' ? part.at + cache.ttlMs : part.freshUntil,
      );
    }
    this.#cache.hits.set(key, entry, parts, until);
  }
}
