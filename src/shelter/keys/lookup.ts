import type { Entry } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import type { Key } from '../../value.ts';
import type { Ask } from '../cache/cache.ts';
import { Cached } from '../cache/cached.ts';
import type { Documents } from '../cache/documents.ts';
import type { Hits } from '../cache/hits.ts';
import type { Settings } from '../options.ts';
import type { DocumentSource, Place } from '../port.ts';
import type { Requests } from '../request/requests.ts';
import { choose, entryOf, type Found } from './resolve.ts';

interface Shared {
  readonly source: DocumentSource;
  readonly settings: Settings;
  readonly documents: Documents;
  readonly requests: Pick<Requests, 'classify'>;
  readonly answers: Hits;
  readonly counts: { hits: number; stale: number };
}

type Reads = readonly (Cached | ConfigError)[];

/** One key: where it can live, what is said there, and which of it counts. */
export class Lookup {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  find(key: Key, ask: Ask): Entry | undefined | ConfigError | Promise<Entry | undefined | ConfigError> {
    const { source, documents, requests } = this.#shared;
    let places: readonly Place[];
    try {
      places = source.locate(key);
    } catch (thrown) {
      return requests.classify(thrown);
    }
    if (places.length === 0) return undefined;
    const [only] = places as [Place];
    if (places.length === 1) {
      const read = documents.read(only, ask);
      return read instanceof Promise
        ? read.then((one) => this.#conclude(key, places, [one], ask))
        : this.#conclude(key, places, [read], ask);
    }
    const known =
      ask.maxAgeMs === undefined && ask.version === undefined ? this.#standing(key, places) : undefined;
    if (known) return known;
    return Promise.all(places.map((place) => documents.read(place, ask))).then((reads) =>
      this.#conclude(key, places, reads, ask),
    );
  }

  /** A key that is found needs no asking whether it stands in other documents too, as long as it is fresh and they were absent. */
  #standing(key: Key, places: readonly Place[]): Entry | undefined {
    const { documents, settings, counts } = this.#shared;
    const { cache, clock } = settings;
    if (!cache) return undefined;
    const reads: Cached[] = [];
    for (const place of places) {
      const held = documents.peek(place);
      if (!held || held.gone) return undefined;
      reads.push(held);
    }
    const found = choose(this.#shared.source.name, places, reads, key);
    if (!found || found instanceof ConfigError) return undefined;
    const now = clock.now();
    const stands = (held: Cached, more = 0): boolean =>
      now < held.endsAt && now < held.freshUntil + more && !held.isAhead(now);
    const others = (more: number): boolean =>
      reads.every((held) =>
        held.outcome === 'absent'
          ? now < held.at + cache.ttlMs + more
          : stands(held, held === found.held ? more : 0),
      );
    if (others(0)) {
      counts.hits++;
      return this.#entry(key, found, reads);
    }
    const { staleWhileRevalidateMs: more } = cache;
    if (more === 0 || found.place.leased || !others(more)) return undefined;
    counts.stale++;
    for (const [i, place] of places.entries())
      if (!stands(reads[i] as Cached)) documents.cache.renew(place.document, place);
    return this.#entry(key, found, undefined);
  }

  #conclude(key: Key, places: readonly Place[], reads: Reads, ask: Ask): Entry | undefined | ConfigError {
    const { source, documents, settings } = this.#shared;
    let chosen = choose(source.name, places, reads, key);
    if (
      chosen instanceof ConfigError &&
      chosen.transient &&
      places.length > 1 &&
      ask.maxAgeMs === undefined &&
      ask.version === undefined
    ) {
      // in an outage, a document that was absent stays so for a key whose value stands in another one
      const known = reads.map((read, i) => {
        const held = documents.peek(places[i] as Place);
        return read instanceof ConfigError && read.transient && held?.outcome === 'absent' ? held : read;
      });
      const again = choose(source.name, places, known, key);
      if (again && !(again instanceof ConfigError)) chosen = again;
    }
    if (chosen instanceof ConfigError) return chosen;
    const all = reads.every((read) => read instanceof Cached) ? (reads as readonly Cached[]) : undefined;
    const kept = settings.cache !== false && ask.version === undefined ? all : undefined;
    if (chosen) return this.#entry(key, chosen, kept);
    if (kept) this.#remember(key, undefined, kept, false);
    return undefined;
  }

  #entry(key: Key, { place, held, value }: Found, parts: readonly Cached[] | undefined): Entry {
    const entry = entryOf(this.#shared.source.name, place, held, key, value);
    if (parts) this.#remember(key, entry, parts, true);
    return entry;
  }

  #remember(key: Key, entry: Entry | undefined, parts: readonly Cached[], found: boolean): void {
    const { cache } = this.#shared.settings;
    let until = Number.POSITIVE_INFINITY;
    for (const part of parts) {
      if (part.gone) return;
      until = Math.min(
        until,
        found && cache && part.outcome === 'absent' ? part.at + cache.ttlMs : part.freshUntil,
      );
    }
    this.#shared.answers.set(key, entry, parts, until);
  }
}
