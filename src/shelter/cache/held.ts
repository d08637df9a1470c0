// What a store no longer has, although it had it: an event for each document, and with the cache option
// `vanished: 'hold'` the old document for a while. Used by the other files of this folder. A store that lost
// everything was probably restarted empty; one that still has a document has lost the others on purpose.

import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type { Settings } from '../options.ts';
import type { DocumentSource, Place } from '../port.ts';
import { Cached, type Definite, type Listed } from './cached.ts';

/** What is cached: a document, or a listing. */
export type Result = Definite | readonly Listed[];

/** What limits a held answer; a part of ReadQuery. */
interface Query {
  readonly maxAgeMs?: number | undefined;
  readonly noStale?: boolean;
  readonly operation?: string | undefined;
}

/** The cache of documents. */
interface DocumentCache {
  ids(matches: (id: string, cached: Cached | undefined) => boolean): string[];
  peek(id: string): Cached | undefined;
  revalidate(id: string, place: Place): void;
}

type Read<T> = Cached<T> | Promise<Cached<T> | ConfigError>;

/** How many other documents are read again to find out whether the store still has any. */
const probes = 8;

/** A lease is created by the read, so a listing of nothing else is empty. */
const isGone = (outcome: Result): boolean =>
  outcome === 'absent' || (Array.isArray(outcome) && outcome.every(({ place }: Listed) => place.leased));

/** One for the documents and the listings of a shelter. */
export class HeldResults {
  readonly #settings: Settings;
  readonly #emitter: Emitter;
  readonly #counts: { stale: number };
  readonly #tickets: { next(): number };
  readonly #holds: boolean;
  /** By absence: the number of the next request after its answer. Requests that overlapped with a wipe may
   *  have been answered in any order, so what they found does not count. */
  readonly #answered = new WeakMap<Cached<Result>, number>();
  /** The number of the latest request that found something. */
  #found = 0;
  #probedAt = Number.NEGATIVE_INFINITY;
  #probe: () => void = () => undefined;
  #revalidate: (place: Place) => void = () => undefined;

  constructor(settings: Settings, emitter: Emitter, counts: { stale: number }, tickets: { next(): number }) {
    const { cache } = settings;
    this.#settings = settings;
    this.#emitter = emitter;
    this.#counts = counts;
    this.#tickets = tickets;
    this.#holds = cache !== false && cache.vanished === 'hold';
  }

  /** Where other documents are found that may still exist. They are read again in the background. */
  probeIn(documents: DocumentCache, { places }: DocumentSource): void {
    this.#revalidate = (place) => documents.revalidate(place.document, place);
    const mayExist = (id: string, cached: Cached | undefined): boolean =>
      cached !== undefined &&
      cached.outcome !== 'absent' &&
      cached.endsAt === Number.POSITIVE_INFINITY &&
      !id.includes('\0');
    this.#probe = () => {
      for (const document of documents.ids(mayExist).slice(0, probes)) {
        const key = documents.peek(document)?.key ?? '';
        const place = places?.find((one) => one.document === document) ?? { key, document, field: '' };
        if (!place.leased) documents.revalidate(document, place);
      }
    };
  }

  /** A result that replaces `known` in the cache. `leased`: it was created by the read, so it does not show
   *  that the store has kept anything. */
  kept(id: string, known: Cached<Result> | undefined, result: Cached<Result>, leased: boolean): void {
    if (!isGone(result.outcome)) {
      if (!leased) this.#found = Math.max(this.#found, result.ticket);
      return;
    }
    if (!known) return;
    const isNew = !isGone(known.outcome);
    if (this.#holds) {
      result.held = isNew ? known : this.#isRefuted(known) ? undefined : known.held;
      if (result.held) this.#answered.set(result, this.#tickets.next());
    }
    if (!isNew || id.includes('\0') || Array.isArray(result.outcome)) return;
    const { key, outcome } = known as Cached<Definite>;
    const version = outcome === 'absent' ? undefined : outcome.version;
    const message = `"${key}" has vanished: the store no longer has ${id}`;
    this.#emitter.emit('vanished', { key, version, message, outcome: 'absent' });
    if (this.#holds) this.#look();
  }

  /** Whether the store had something else in the same request as this absence, or has had something since. */
  #isRefuted(absence: Cached<Result>): boolean {
    return this.#found === absence.ticket || this.#foundSince(absence);
  }
  #foundSince(absence: Cached<Result>): boolean {
    return this.#found > (this.#answered.get(absence) ?? absence.ticket);
  }

  #look(): void {
    const { clock, cache } = this.#settings;
    const now = clock.now();
    if (!cache || Math.abs(now - this.#probedAt) < cache.absentTtlMs) return;
    this.#probedAt = now;
    this.#probe();
  }

  /** The answer to a read: what is held in place of what has vanished, or the answer itself. `place`: of a
   *  document, not of a listing. */
  serve<T extends Result>(read: Read<T>, query: Query, place?: Place): Read<T> {
    if (!this.#holds || query.maxAgeMs === 0 || query.noStale) return read;
    return read instanceof Promise
      ? read.then((one) => (one instanceof Cached ? this.#served(one, query, place) : one))
      : this.#served(read, query, place);
  }

  #served<T extends Result>(
    read: Cached<T>,
    { maxAgeMs, operation }: Query,
    place: Place | undefined,
  ): Cached<T> {
    const { held } = read;
    if (!held) return read;
    const { clock, cache } = this.#settings;
    const now = clock.now();
    const graceMs = cache ? cache.staleIfErrorMs : 0;
    const ageMs = now - held.at;
    // the store had nothing then, and has something again: perhaps this document, too
    const isOutdated = place !== undefined && this.#foundSince(read);
    const isDeleted = !isOutdated && this.#isRefuted(read);
    if (isDeleted || ageMs < 0 || !held.isServable(now, graceMs)) {
      read.held = undefined;
      return read;
    }
    if (isOutdated) this.#revalidate(place);
    if (maxAgeMs !== undefined && ageMs > maxAgeMs) return read;
    this.#counts.stale++;
    this.#emitter.emit('stale', { ageMs, outcome: 'absent', operation });
    return held;
  }
}
