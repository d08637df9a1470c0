// In-memory cache with at most one request in flight per id. Used by documents.ts and listings.ts. A failure
// is a result, never a rejection. Requests are numbered, so that a late result never replaces a newer one:
//   read a: a flight with ticket 1 · write a: the floor of a is 2 · read a: another flight, with ticket 3
//   flight 1 lands: its callers get its result, which is below the floor and not kept · flight 3 lands: kept

import type { LRUCache } from 'lru-cache';
import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { Operations } from '../../operation.ts';
import type { Key } from '../../value.ts';
import { coarseNow } from '../clock.ts';
import type { Settings } from '../options.ts';
import type { Place } from '../port.ts';
import { Cached } from './cached.ts';
import { Denials } from './denials.ts';
import type { HeldResults, Result } from './held.ts';

/** A request that several callers may wait for. */
export class Flight<T> {
  readonly id: string;
  /** Set when the request is sent: callers that ask for a newer result do not join from then on. */
  sent = false;
  /** The log-in that its last request was made with. */
  epoch: number | undefined;
  /** The least `maxAgeMs` of its callers. */
  maxAgeMs = Number.POSITIVE_INFINITY;
  /** The operations that wait for the result. */
  operations: Operations | undefined;
  readonly result: Promise<Cached<T> | ConfigError>;
  readonly land: (result: Cached<T> | ConfigError) => void;

  constructor(id: string) {
    this.id = id;
    let land: ((result: Cached<T> | ConfigError) => void) | undefined;
    this.result = new Promise((resolve) => {
      land = resolve;
    });
    this.land = land as never;
  }

  join({ operation, maxAgeMs }: ReadQuery): this {
    if (maxAgeMs !== undefined && maxAgeMs < this.maxAgeMs) this.maxAgeMs = maxAgeMs;
    if (operation !== undefined) (this.operations ??= new Operations()).add(operation);
    return this;
  }
}

export interface ReadQuery {
  readonly version?: string | undefined;
  readonly maxAgeMs?: number | undefined;
  /** Whether a failure is returned instead of a stale value. */
  readonly noStale?: boolean;
  /** The id of the operation that reads. */
  readonly operation?: string | undefined;
  /** Called when the cache cannot answer. */
  readonly missed?: (() => void) | undefined;
}

export interface CacheCounts {
  hits: number;
  misses: number;
  absentHits: number;
  stale: number;
  joined: number;
}

/** Numbers the requests of one shelter. */
export class Tickets {
  #last = 0;
  next(): number {
    return ++this.#last;
  }
}

/** What the caches of one shelter have in common. */
export interface CacheContext {
  readonly settings: Settings;
  readonly emitter: Emitter;
  readonly tickets: Tickets;
  readonly counts: CacheCounts;
  /** The number of log-ins so far. */
  readonly epoch: () => number;
  readonly held: HeldResults;
}

/** What a result is of: a document, or a listing, which has none. */
type Subject = Pick<Place, 'document' | 'key' | 'leased'>;

const maxPauseMs = 60_000;
const maxFloors = 10_000;

export class SingleFlightCache<T, Q> {
  readonly #context: CacheContext;
  readonly #start: (flight: Flight<T>, query: Q, read: ReadQuery) => void;
  readonly #flights = new Map<string, Flight<T>>();
  /** By document: results with this ticket or an older one are not kept. */
  readonly #floors = new Map<string, number>();
  #floor = 0;
  #store: LRUCache<string, Cached<T>> | undefined;
  /** Pauses between failed revalidations, by id. */
  readonly #pauses = new Map<string, { readonly until: number; readonly pauseMs: number }>();
  #denials: Denials | undefined;

  constructor(context: CacheContext, start: (flight: Flight<T>, query: Q, read: ReadQuery) => void) {
    this.#context = context;
    this.#start = start;
  }

  /** Creates the store, once. Nothing is cached before. */
  async load(max: number): Promise<void> {
    const { LRUCache: Store } = await import('lru-cache');
    this.#store ??= new Store({
      // with `max`, it would allocate the places of all results here: 1 ms and 200 kB for 10,000
      maxSize: max,
      sizeCalculation: () => 1,
      // what was derived from it is out of reach of a later invalidation
      dispose: (cached, _, reason) => {
        if (reason === 'evict') cached.invalidated = true;
      },
    });
  }

  get size(): number {
    return this.#store?.size ?? 0;
  }

  /** What is cached, however old. */
  peek(id: string): Cached<T> | undefined {
    return this.#store?.get(id);
  }

  read(id: string, query: Q, read: ReadQuery, leased = false): Cached<T> | Promise<Cached<T> | ConfigError> {
    const cached = this.#store?.get(id);
    const { counts, settings } = this.#context;
    if (cached) {
      const exact = cached.endsAt !== Number.POSITIVE_INFINITY;
      const now = exact ? settings.clock.now() : coarseNow(settings.clock);
      if (cached.isFresh(now) && (leased || isYoungEnough(cached, read, now))) {
        cached.outcome === 'absent' ? counts.absentHits++ : counts.hits++;
        return cached;
      }
      if (!leased && this.#mayRevalidate(cached, read, now)) {
        counts.stale++;
        this.revalidate(id, query);
        return cached;
      }
    }
    const denied = this.#denials && this.#denied(this.#denials, id, read);
    if (denied) return Promise.resolve(denied);
    const isJoined = this.#joins(this.#flights.get(id), read);
    const flight = this.#fly(id, query, read);
    const mayBeStale = (cached || settings.second) && read.maxAgeMs !== 0 && !read.noStale;
    if (mayBeStale) return this.#orStale(flight, read, leased, isJoined);
    this.#count(isJoined);
    return flight.result;
  }

  #count(isJoined: boolean): void {
    const { counts } = this.#context;
    isJoined ? counts.joined++ : counts.misses++;
  }

  #joins(pending: Flight<T> | undefined, { maxAgeMs }: ReadQuery): pending is Flight<T> {
    return pending !== undefined && (maxAgeMs === undefined || !pending.sent);
  }

  /** A reload is not answered by a remembered denial. */
  #denied(denials: Denials, id: string, { maxAgeMs, noStale }: ReadQuery): ConfigError | undefined {
    if (maxAgeMs === 0) denials.delete(id);
    return noStale ? undefined : denials.of(id, maxAgeMs);
  }

  #fly(id: string, query: Q, read: ReadQuery): Flight<T> {
    read.missed?.();
    const pending = this.#flights.get(id);
    if (this.#joins(pending, read)) return pending.join(read);
    const flight = new Flight<T>(id).join(read);
    this.#flights.set(id, flight);
    this.#start(flight, query, read);
    return flight;
  }

  /** Ends a flight, and keeps its result unless a newer one is known or the document was invalidated
   *  meanwhile. */
  land(
    flight: Flight<T>,
    result: Cached<T> | ConfigError,
    { document, key, leased }: Subject,
    keeps = this.#context.settings.cache !== false,
  ): void {
    const { id } = flight;
    const isLatest = this.#flights.get(id) === flight;
    if (isLatest) this.#flights.delete(id);
    if (result instanceof Cached) {
      if (keeps) this.keep(id, document, result, leased);
      this.#pauses.delete(id);
      this.#denials?.delete(id);
    } else if (isLatest && result.code === 'access_denied') this.#remember(flight, key, result);
    flight.land(result);
  }

  /** A denial of earlier credentials is not remembered. */
  #remember({ id, epoch: asked }: Flight<T>, key: Key, denial: ConfigError): void {
    const { settings, epoch } = this.#context;
    const { cache, clock } = settings;
    if (!cache || asked !== epoch()) return;
    (this.#denials ??= new Denials({ clock, epoch, max: cache.max })).add(id, key, denial);
  }

  /** Forgets denials: the store is asked again. */
  forgetDenials(matches: (id: string, key: Key) => boolean): void {
    this.#denials?.forget(matches);
  }

  keep(id: string, document: string, result: Cached<T>, leased = false): void {
    const known = this.#store?.get(id);
    const late = result.ticket <= Math.max(this.#floor, this.#floors.get(document) ?? 0);
    if (late || (known && known.ticket > result.ticket)) {
      result.invalidated = true;
      return;
    }
    if (known) known.invalidated = true;
    this.#store?.set(id, result);
    this.#context.held.kept(id, known as Cached<Result> | undefined, result as Cached<Result>, leased);
  }

  /** Drops the results of all requests that started before now. What is cached is removed, or kept for
   *  outages. Without a document this holds for all documents. */
  invalidate(document: string | undefined, ids: Iterable<string>, keepForOutage: boolean): void {
    const ticket = this.#context.tickets.next();
    if (document !== undefined) this.#floors.set(document, ticket);
    if (document === undefined || this.#floors.size > maxFloors) {
      this.#floor = ticket;
      this.#floors.clear();
    }
    const now = this.#context.settings.clock.now();
    if (document === undefined) this.forgetDenials(() => true);
    else this.#denials?.delete(document);
    for (const id of ids) {
      this.#flights.delete(id);
      const cached = this.#store?.get(id);
      if (!cached) continue;
      cached.invalidated = true;
      if (keepForOutage) cached.freshUntil = Math.min(cached.freshUntil, now);
      else this.#store?.delete(id);
    }
  }

  /** The ids of what is cached or in flight. */
  ids(matches: (id: string, cached: Cached<T> | undefined) => boolean = () => true): string[] {
    const store = this.#store;
    return [...new Set([...(store?.keys() ?? []), ...this.#flights.keys()])].filter((id) =>
      matches(id, store?.get(id)),
    );
  }

  #mayRevalidate(cached: Cached<T>, { maxAgeMs }: ReadQuery, now: number): boolean {
    const { cache } = this.#context.settings;
    if (!cache || maxAgeMs !== undefined || cached.outcome === 'absent') return false;
    return !cached.invalidated && cached.isServable(now, cache.staleWhileRevalidateMs);
  }

  /** Asks again in the background, less and less often while that fails. */
  revalidate(id: string, query: Q): void {
    const { emitter, settings } = this.#context;
    const pause = this.#pauses.get(id);
    if (this.#flights.has(id) || (pause && settings.clock.now() < pause.until)) return;
    void this.#fly(id, query, {}).result.then((result) => {
      if (result instanceof Cached) return emitter.emit('refreshed', {});
      const pauseMs = Math.min(maxPauseMs, pause ? pause.pauseMs * 2 : 1_000);
      const until = settings.clock.now() + pauseMs * (1 + Math.random() / 2);
      this.#pauses.set(id, { pauseMs, until });
      emitter.emit('refresh_failed', { outcome: result.code, message: result.message });
    });
  }

  /** Counts a read that was served stale as that, and not as a miss. */
  async #orStale(
    flight: Flight<T>,
    read: ReadQuery,
    leased: boolean,
    isJoined: boolean,
  ): Promise<Cached<T> | ConfigError> {
    const result = await flight.result;
    const now = this.#context.settings.clock.now();
    const held = result instanceof Cached || !result.transient ? undefined : this.#store?.get(flight.id);
    const cached = held && this.#outlasts(held, now, leased) ? held : undefined;
    const isUsable = cached && (read.maxAgeMs === undefined || now - cached.at <= read.maxAgeMs);
    // a lease within its life is not stale, nor is what another request has just read
    if (!isUsable || leased || cached.isFresh(now)) this.#count(isJoined);
    else {
      const { counts, emitter } = this.#context;
      counts.stale++;
      const outcome = (result as ConfigError).code;
      emitter.emit('stale', { ageMs: now - cached.at, outcome, operation: read.operation });
    }
    return isUsable ? cached : result;
  }

  /** Whether a result may be served in an outage. */
  #outlasts(cached: Cached<T>, now: number, leased: boolean): boolean {
    const { cache } = this.#context.settings;
    if (leased) return cached.outcome !== 'absent' && !cached.endsBy(now);
    if (cached.outcome !== 'absent') return cached.isServable(now, cache ? cache.staleIfErrorMs : 0);
    const { absentStaleMs = 0 } = cache || {};
    return cached.isFresh(now) || (absentStaleMs > 0 && now - cached.at <= absentStaleMs);
  }
}

function isYoungEnough(cached: Cached<unknown>, { maxAgeMs }: ReadQuery, now: number): boolean {
  return maxAgeMs === undefined || (maxAgeMs > 0 && now - cached.at <= maxAgeMs);
}
