import type { LRUCache } from 'lru-cache';
import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { coarseNow } from '../clock.ts';
import type { Settings } from '../options.ts';
import { Cached } from './cached.ts';

/** A request under way that several may wait for. It never rejects: a failure is an answer here. */
export class Flight<T> {
  readonly id: string;
  /** From then on who wants an answer made after now must not join. */
  sent = false;
  readonly answer: Promise<Cached<T> | ConfigError>;
  readonly land: (answer: Cached<T> | ConfigError) => void;

  constructor(id: string) {
    this.id = id;
    let land: ((answer: Cached<T> | ConfigError) => void) | undefined;
    this.answer = new Promise((resolve) => {
      land = resolve;
    });
    this.land = land as never;
  }
}

export interface Ask {
  readonly version?: string | undefined;
  readonly maxAgeMs?: number | undefined;
}

export interface CacheCounts {
  hits: number;
  misses: number;
  absentHits: number;
  stale: number;
  joined: number;
}

/** What all shelves of one provider number their requests by, so that a late answer never overwrites a later one. */
export class Ticks {
  #now = 0;
  next(): number {
    return ++this.#now;
  }
}

/** What all shelves of one provider share. */
export interface Common {
  readonly settings: Settings;
  readonly emitter: Emitter;
  readonly ticks: Ticks;
  readonly counts: CacheCounts;
}

/** Answers that are held for a while: fresh ones at once, one flight for what is not, stale ones where that is allowed. */
export class Cache<T, Q> {
  readonly #shared: Common;
  readonly #start: (flight: Flight<T>, query: Q, ask: Ask) => void;
  readonly #flights = new Map<string, Flight<T>>();
  readonly #floors = new Map<string, number>();
  #store: LRUCache<string, Cached<T>> | undefined;
  #floor = 0;
  readonly #background = new Map<string, { readonly until: number; readonly pauseMs: number }>();

  constructor(shared: Common, start: (flight: Flight<T>, query: Q, ask: Ask) => void) {
    this.#shared = shared;
    this.#start = start;
  }

  /** Room for so many answers. */
  async load(max: number): Promise<void> {
    const { LRUCache: Store } = await import('lru-cache');
    this.#store = new Store({ max });
  }

  get size(): number {
    return this.#store?.size ?? 0;
  }

  /** What is held, however old. */
  peek(id: string): Cached<T> | undefined {
    return this.#store?.get(id);
  }

  read(id: string, query: Q, ask: Ask, leased = false): Cached<T> | Promise<Cached<T> | ConfigError> {
    const held = this.#store?.get(id);
    const { counts, settings } = this.#shared;
    if (held) {
      const now = held.endsAt === Number.POSITIVE_INFINITY ? coarseNow(settings.clock) : settings.clock.now();
      if (fresh(held, ask, now, leased)) {
        held.outcome === 'absent' ? counts.absentHits++ : counts.hits++;
        return held;
      }
      if (this.#mayRevalidate(held, ask, now, leased)) {
        counts.stale++;
        this.renew(id, query);
        return held;
      }
    }
    const flight = this.#fly(id, query, ask);
    return held && ask.maxAgeMs !== 0 ? this.#orStale(flight, ask, leased) : flight.answer;
  }

  #fly(id: string, query: Q, ask: Ask): Flight<T> {
    const known = this.#flights.get(id);
    if (known && (ask.maxAgeMs === undefined || !known.sent)) {
      this.#shared.counts.joined++;
      return known;
    }
    this.#shared.counts.misses++;
    const flight = new Flight<T>(id);
    this.#flights.set(id, flight);
    this.#start(flight, query, ask);
    return flight;
  }

  /** The flight's end: keeps the answer, unless something newer is known or what it may have read is void by now. */
  land(
    flight: Flight<T>,
    answer: Cached<T> | ConfigError,
    document: string,
    keeps = this.#shared.settings.cache !== false,
  ): void {
    if (keeps && answer instanceof Cached) this.keep(flight.id, document, answer);
    if (answer instanceof Cached) this.#background.delete(flight.id);
    if (this.#flights.get(flight.id) === flight) this.#flights.delete(flight.id);
    flight.land(answer);
  }

  keep(id: string, document: string, answer: Cached<T>): void {
    const known = this.#store?.get(id);
    const late = answer.tick <= Math.max(this.#floor, this.#floors.get(document) ?? 0);
    if (late || (known && known.tick > answer.tick)) {
      answer.gone = true;
      return;
    }
    if (known) known.gone = true;
    this.#store?.set(id, answer);
  }

  /** Nothing that was asked for before now is kept; what is held is thrown away, or stays at hand for an outage. Without a
   *  document, of all of them. */
  invalidate(document: string | undefined, ids: Iterable<string>, keepForOutage: boolean): void {
    const tick = this.#shared.ticks.next();
    if (document !== undefined) this.#floors.set(document, tick);
    if (document === undefined || this.#floors.size > 10_000) {
      this.#floor = tick;
      this.#floors.clear();
    }
    const now = this.#shared.settings.clock.now();
    for (const id of ids) {
      this.#flights.delete(id);
      const held = this.#store?.get(id);
      if (!held) continue;
      held.gone = true;
      if (keepForOutage) held.freshUntil = Math.min(held.freshUntil, now);
      else this.#store?.delete(id);
    }
  }

  /** Everything held or under way. */
  ids(matches: (id: string, held: Cached<T> | undefined) => boolean): string[] {
    const store = this.#store;
    return [...new Set([...(store?.keys() ?? []), ...this.#flights.keys()])].filter((id) =>
      matches(id, store?.get(id)),
    );
  }

  #mayRevalidate(held: Cached<T>, ask: Ask, now: number, leased: boolean): boolean {
    const { cache } = this.#shared.settings;
    if (
      !cache ||
      held.gone ||
      held.isAhead(now) ||
      ask.maxAgeMs !== undefined ||
      leased ||
      held.outcome === 'absent'
    )
      return false;
    return now < held.endsAt && now < held.freshUntil + cache.staleWhileRevalidateMs;
  }

  /** Asks anew behind the callers' backs; while that fails, less and less often. */
  renew(id: string, query: Q): void {
    const { emitter } = this.#shared;
    const waits = this.#background.get(id);
    if (this.#flights.has(id) || (waits && this.#shared.settings.clock.now() < waits.until)) return;
    void this.#fly(id, query, {}).answer.then((answer) => {
      if (answer instanceof Cached) return emitter.emit('refreshed', {});
      const pauseMs = Math.min(60_000, waits ? waits.pauseMs * 2 : 1_000);
      this.#background.set(id, {
        pauseMs,
        until: this.#shared.settings.clock.now() + pauseMs * (1 + Math.random() / 2),
      });
      emitter.emit('refresh_failed', { outcome: answer.code });
    });
  }

  async #orStale(flight: Flight<T>, ask: Ask, leased: boolean): Promise<Cached<T> | ConfigError> {
    const answer = await flight.answer;
    if (answer instanceof Cached || !answer.transient) return answer;
    const held = this.#store?.get(flight.id);
    const { cache, clock } = this.#shared.settings;
    if (!held || held.outcome === 'absent') return answer;
    const now = clock.now();
    const ageMs = now - held.at;
    const longEnough = leased
      ? held.endsAt
      : Math.min(held.endsAt, held.freshUntil + (cache ? cache.staleIfErrorMs : 0));
    if (now >= longEnough || (ask.maxAgeMs !== undefined && ageMs > ask.maxAgeMs)) return answer;
    this.#shared.counts.stale++;
    this.#shared.emitter.emit('stale', { ageMs, outcome: answer.code });
    return held;
  }
}

function fresh<T>(held: Cached<T>, { maxAgeMs }: Ask, now: number, leased: boolean): boolean {
  if (held.gone || held.isAhead(now) || now >= held.freshUntil || now >= held.endsAt) return false;
  return maxAgeMs === undefined || leased || (maxAgeMs > 0 && now - held.at <= maxAgeMs);
}
