// In-memory cache with at most one request in flight per id. Used by documents.ts and listings.ts. A failure
// is a result, never a rejection. Requests are numbered, so that a late result never replaces a newer one:
//   read a: a flight with ticket 1 · write a: the floor of a is 2 · read a: another flight, with ticket 3
//   flight 1 lands: its callers get its result, which is below the floor and not kept · flight 3 lands: kept

import type { LRUCache } from 'lru-cache';
import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { Operations } from '../../operation.ts';
import { coarseNow } from '../clock.ts';
import type { Settings } from '../options.ts';
import { Cached } from './cached.ts';
import type { HeldResults, Result } from './held.ts';

/** A request that several callers may wait for. */
export class Flight<T> {
  readonly id: string;
  /** Set when the request is sent: callers that ask for a newer result do not join from then on. */
  sent = false;
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
  readonly held: HeldResults;
}

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

  constructor(context: CacheContext, start: (flight: Flight<T>, query: Q, read: ReadQuery) => void) {
    this.#context = context;
    this.#start = start;
  }

  /** Creates the store, once. Nothing is cached before. */
  async load(max: number): Promise<void> {
    const { LRUCache: Store } = await import('lru-cache');
    this.#store ??= new Store({
      max,
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
    const flight = this.#fly(id, query, read);
    const mayBeStale = (cached || this.#context.settings.second) && read.maxAgeMs !== 0 && !read.noStale;
    return mayBeStale ? this.#orStale(flight, read, leased) : flight.result;
  }

  #fly(id: string, query: Q, read: ReadQuery): Flight<T> {
    read.missed?.();
    const pending = this.#flights.get(id);
    if (pending && (read.maxAgeMs === undefined || !pending.sent)) {
      this.#context.counts.joined++;
      return pending.join(read);
    }
    this.#context.counts.misses++;
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
    document: string,
    keeps = this.#context.settings.cache !== false,
  ): void {
    if (keeps && result instanceof Cached) this.keep(flight.id, document, result);
    if (result instanceof Cached) this.#pauses.delete(flight.id);
    if (this.#flights.get(flight.id) === flight) this.#flights.delete(flight.id);
    flight.land(result);
  }

  keep(id: string, document: string, result: Cached<T>): void {
    const known = this.#store?.get(id);
    const late = result.ticket <= Math.max(this.#floor, this.#floors.get(document) ?? 0);
    if (late || (known && known.ticket > result.ticket)) {
      result.invalidated = true;
      return;
    }
    if (known) known.invalidated = true;
    this.#store?.set(id, result);
    this.#context.held.kept(id, known as Cached<Result> | undefined, result as Cached<Result>);
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
    return cached.isCurrent(now) && cached.isServable(now, cache.staleWhileRevalidateMs);
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

  async #orStale(
    flight: Flight<T>,
    { maxAgeMs, operation }: ReadQuery,
    leased: boolean,
  ): Promise<Cached<T> | ConfigError> {
    const result = await flight.result;
    if (result instanceof Cached || !result.transient) return result;
    const cached = this.#store?.get(flight.id);
    const { cache, clock } = this.#context.settings;
    if (!cached || cached.outcome === 'absent') return result;
    const now = clock.now();
    const ageMs = now - cached.at;
    const servable = leased ? !cached.endsBy(now) : cached.isServable(now, cache ? cache.staleIfErrorMs : 0);
    if (!servable || (maxAgeMs !== undefined && ageMs > maxAgeMs)) return result;
    this.#context.counts.stale++;
    this.#context.emitter.emit('stale', { ageMs, outcome: result.code, operation });
    return cached;
  }
}

function isYoungEnough(cached: Cached<unknown>, { maxAgeMs }: ReadQuery, now: number): boolean {
  return maxAgeMs === undefined || (maxAgeMs > 0 && now - cached.at <= maxAgeMs);
}
