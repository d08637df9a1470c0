// The listings of a source: the names that its pages hold, cached per scope like documents. Used by
// cache.ts. Documents that come with a page go into the documents' cache, and the listing keeps their names.
// Entries of a sheltered provider stay with the listing, because several may have the same key.

import { ConfigError, isConfigError } from '../../errors.ts';
import { parent, startsWith } from '../../key.ts';
import type { Wanted } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { DocumentSource, Page, Place, Scope } from '../port.ts';
import { ifTransient, type Requests } from '../request/request.ts';
import { Cached } from './cached.ts';
import type { Documents } from './documents.ts';
import { type CacheContext, type Flight, type ReadQuery, SingleFlightCache } from './single-flight-cache.ts';

/** Far more pages, one after the other, than the largest list of any store has. */
const maxPages = 20_000;
const maxListings = 100;

/** A place that a listing holds; `read`: the outcome that came with the page. */
export interface Listed {
  readonly place: Place;
  readonly read?: Cached | ConfigError;
}

/** One walk over all pages of a scope. */
interface Walk {
  readonly flight: Flight<readonly Listed[]>;
  readonly scope: Scope;
  readonly found: Map<string, Listed>;
  /** Entries of a sheltered provider. */
  readonly entries: Listed[];
  readonly followed: Set<string>;
  endsAt: number;
}

export class Listings {
  readonly #source: DocumentSource;
  readonly #requests: Requests;
  readonly #documents: Documents;
  readonly #context: CacheContext;
  readonly #cache: SingleFlightCache<readonly Listed[], Scope>;

  constructor(source: DocumentSource, requests: Requests, documents: Documents, context: CacheContext) {
    this.#source = source;
    this.#requests = requests;
    this.#documents = documents;
    this.#context = context;
    this.#cache = new SingleFlightCache<readonly Listed[], Scope>(
      context,
      (flight, scope) => void this.#walk(flight, scope),
    );
  }

  load(): Promise<void> {
    return this.#cache.load(maxListings);
  }

  read(
    scope: Scope,
    query: ReadQuery,
  ): Cached<readonly Listed[]> | Promise<Cached<readonly Listed[]> | ConfigError> {
    return this.#cache.read(JSON.stringify([scope.prefix, scope.wanted]), scope, query);
  }

  invalidate(keepForOutage: boolean): void {
    this.#cache.invalidate(undefined, this.#cache.ids(), keepForOutage);
  }

  async #walk(flight: Flight<readonly Listed[]>, scope: Scope): Promise<void> {
    const { settings, tickets, emitter } = this.#context;
    const { cache, clock } = settings;
    const { name } = this.#source;
    const ticket = tickets.next();
    const at = clock.now();
    const walk: Walk = {
      flight,
      scope,
      found: new Map(),
      entries: [],
      followed: new Set(),
      endsAt: Number.POSITIVE_INFINITY,
    };
    const error = await this.#follow(walk, undefined, 1);
    if (error) return this.#cache.land(flight, error, '');
    const found = [...walk.found.values()];
    const size = found.length + walk.entries.length;
    if (cache && size > cache.max)
      emitter.notice(
        `${name}: a list of ${size} documents exceeds cache.max (${cache.max}). Raise it, or list less`,
      );
    const freshUntil = Math.min(walk.endsAt, at + (cache ? cache.ttlMs : 0));
    const cached = (listed: readonly Listed[]): Cached<readonly Listed[]> =>
      new Cached(listed, scope.prefix, at, ticket, freshUntil, walk.endsAt);
    if (cache) {
      const names = found.map(({ place }) => ({ place }));
      this.#cache.keep(flight.id, '', cached([...names, ...walk.entries]));
    }
    this.#cache.land(flight, cached([...found, ...walk.entries]), '', false);
  }

  async #follow(walk: Walk, cursor: string | undefined, depth: number): Promise<ConfigError | undefined> {
    if (depth > maxPages) return this.#endless(`does not end after ${maxPages} pages`);
    const { tickets, settings } = this.#context;
    let next: readonly string[] | undefined;
    const error = await this.#requests.send(
      { type: 'page', documents: 0, retryIf: ifTransient, operations: () => [walk.flight.operations] },
      async (call) => {
        walk.flight.sent = true;
        const ticket = tickets.next();
        const at = settings.clock.now();
        const page = await this.#source.page!(walk.scope, cursor, call);
        // another attempt may have been answered meanwhile, and entries must not be listed twice
        if (next) return undefined;
        this.#collect(walk, page.found, at, ticket);
        next = [...page.next];
        return undefined;
      },
    );
    if (error) return error;
    const cursors = next ?? [];
    for (const cursor of cursors)
      if (walk.followed.has(cursor)) return this.#endless('repeats a page');
      else walk.followed.add(cursor);
    const errors = await Promise.all(cursors.map((cursor) => this.#follow(walk, cursor, depth + 1)));
    return errors.find((one) => one !== undefined);
  }

  #collect(walk: Walk, found: Page['found'], at: number, ticket: number): void {
    for (const { place, outcome } of found) {
      if (!walk.scope.reaches(place.key)) continue;
      if (outcome === undefined || isConfigError(outcome))
        walk.found.set(idOf(place), { place, ...(outcome && { read: outcome }) });
      else if (outcome !== 'absent' && outcome.entry) {
        const { expiresAt = Number.POSITIVE_INFINITY } = outcome;
        // it lives as long as the listing
        const read = new Cached(
          outcome,
          place.key,
          at,
          ticket,
          Number.POSITIVE_INFINITY,
          Number.POSITIVE_INFINITY,
        );
        walk.entries.push({ place, read });
        walk.endsAt = Math.min(walk.endsAt, expiresAt);
      } else walk.found.set(idOf(place), { place, read: this.#documents.offer(place, outcome, at, ticket) });
    }
  }

  #endless(what: string): ConfigError {
    const { name: provider } = this.#source;
    return new ConfigError('io', `${provider}: the list ${what}`, {
      provider,
      hint: 'Check the proxy or the custom client in front of the store',
    });
  }
}

const idOf = (place: Place): string => `${place.document}\0${place.key}\0${place.field}`;

/** Drops repeated places; a listed place with an outcome replaces the same one without. Entries are never the
 *  same. */
export function distinct(listed: readonly Listed[]): readonly Listed[] {
  const known = new Map<string, Listed>();
  const entries: Listed[] = [];
  for (const item of listed) {
    const { place, read } = item;
    if (read instanceof Cached && read.outcome !== 'absent' && read.outcome.entry) entries.push(item);
    else if (!known.has(idOf(place)) || read) known.set(idOf(place), item);
  }
  return [...known.values(), ...entries];
}

/** The scope of a list. */
export function scopeOf(prefix: Key, wanted: Wanted | undefined): Scope {
  const related = (a: Key, b: Key): boolean => startsWith(a, b) || startsWith(b, a);
  let within: ((key: Key) => boolean) | undefined;
  if (wanted) {
    const above = new Set<Key>(['']);
    const exact = new Set(wanted.keys);
    for (const key of wanted.keys)
      for (let at = key; at !== '' && !above.has(at); at = parent(at)) above.add(at);
    const below = (key: Key): boolean => {
      for (let at = key; at !== ''; at = parent(at)) if (exact.has(at)) return true;
      return exact.has('');
    };
    within = (key) => above.has(key) || below(key) || wanted.prefixes.some((other) => related(key, other));
  }
  return {
    prefix,
    ...(wanted && { wanted }),
    reaches: (key) => related(key, prefix) && (within?.(key) ?? true),
  };
}
