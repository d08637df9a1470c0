// The listings of a source: the names that its pages hold, cached per scope like documents. Used by
// cache.ts. Documents that come with a page go into the documents' cache, and the listing keeps their names.
// Entries of a sheltered provider stay with the listing, because several may have the same key.

import { ConfigError, isConfigError } from '../../errors.ts';
import { parent, startsWith } from '../../key.ts';
import type { Wanted } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Call, DocumentSource, Page, Place, Scope } from '../port.ts';
import { ifTransient, type Requests } from '../request/request.ts';
import type { CachePort } from './asking.ts';
import { Cached, type Listed } from './cached.ts';
import type { Documents } from './documents.ts';
import type { LazySharing } from './lazy-sharing.ts';
import type { AskingListing } from './sharing.ts';
import { type CacheContext, type ReadQuery, SingleFlightCache } from './single-flight-cache.ts';

/** Far more pages, one after the other, than the largest list of any store has. */
const maxPages = 20_000;
const maxListings = 100;

/** One walk over all pages of a scope. */
interface Walk {
  readonly asking: AskingListing;
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
  readonly #second: LazySharing | undefined;

  constructor(
    source: DocumentSource,
    requests: Requests,
    documents: Documents,
    context: CacheContext,
    second: LazySharing | undefined,
  ) {
    this.#source = source;
    this.#second = second;
    this.#requests = requests;
    this.#documents = documents;
    this.#context = context;
    this.#cache = new SingleFlightCache<readonly Listed[], Scope>(
      context,
      (flight, scope) => void this.#miss({ flight, scope, name: flight.id }),
    );
  }

  /** What a second level needs to know. */
  get port(): CachePort<readonly Listed[], AskingListing> {
    return {
      cached: ({ scope }, listed, at, ticket) =>
        this.#cached(scope, listed, at, ticket, Number.POSITIVE_INFINITY),
      peek: (name) => this.#cache.peek(name),
      land: ({ flight, scope }, cached) => this.#cache.land(flight, cached, listingOf(scope)),
    };
  }

  load(): Promise<void> {
    return this.#cache.load(maxListings);
  }

  read(
    scope: Scope,
    query: ReadQuery,
  ): Cached<readonly Listed[]> | Promise<Cached<readonly Listed[]> | ConfigError> {
    const read = this.#cache.read(JSON.stringify([scope.prefix, scope.wanted]), scope, query);
    return this.#context.held.serve(read, query);
  }

  invalidate(keepForOutage: boolean): void {
    this.#second?.invalidated('listings', undefined);
    this.#cache.invalidate(undefined, this.#cache.ids(), keepForOutage);
  }

  /** The names of the listings that are cached or in flight. */
  names(): readonly string[] {
    return this.#cache.ids();
  }

  /** Expires what another process has changed, or everything that came from the second level. */
  expireShared(names: readonly string[] | undefined): void {
    const sharing = this.#second?.loaded?.listings;
    const ids = this.#cache.ids((_, cached) => cached !== undefined && sharing?.isShared(cached) === true);
    this.#cache.invalidate('', names ?? ids, true);
  }

  async #miss(asking: AskingListing): Promise<void> {
    const sharing = await this.#second?.load().catch(() => undefined);
    if (sharing) await sharing.listings.answer([asking], () => void this.#walk(asking));
    else await this.#walk(asking);
  }

  async #walk(asking: AskingListing): Promise<void> {
    const { settings, tickets, emitter } = this.#context;
    const { cache, clock } = settings;
    const { flight, scope } = asking;
    const sharing = this.#second?.loaded?.listings;
    const { name } = this.#source;
    const ticket = tickets.next();
    const at = clock.now();
    const walk: Walk = {
      asking,
      found: new Map(),
      entries: [],
      followed: new Set(),
      endsAt: Number.POSITIVE_INFINITY,
    };
    const error = await this.#follow(walk, undefined, 1);
    if (error) {
      const known = error.transient ? await sharing?.outage(asking) : undefined;
      if (known) this.#cache.keep(flight.id, '', known);
      this.#cache.land(flight, error, listingOf(scope));
      return sharing?.landed(asking, error);
    }
    const found = [...walk.found.values()];
    const size = found.length + walk.entries.length;
    if (cache && size > cache.max)
      emitter.notice(
        `${name}: a list of ${size} documents exceeds cache.max (${cache.max}). Raise it, or list less`,
      );
    const cached = (listed: readonly Listed[]): Cached<readonly Listed[]> =>
      this.#cached(scope, listed, at, ticket, walk.endsAt);
    const names = cached([...found.map(({ place }) => ({ place })), ...walk.entries]);
    if (cache) this.#cache.keep(flight.id, '', names);
    const landed = cached([...found, ...walk.entries]);
    landed.held = names.held;
    this.#cache.land(flight, landed, listingOf(scope), false);
    sharing?.landed(asking, names);
  }

  #cached(
    scope: Scope,
    listed: readonly Listed[],
    at: number,
    ticket: number,
    endsAt: number,
  ): Cached<readonly Listed[]> {
    const { cache, clock } = this.#context.settings;
    const freshUntil = Math.min(endsAt, at + (cache ? cache.ttlMs : 0));
    return new Cached(listed, scope.prefix, at, ticket, freshUntil, endsAt, clock.aheadMs);
  }

  async #follow(walk: Walk, cursor: string | undefined, depth: number): Promise<ConfigError | undefined> {
    if (depth > maxPages) return this.#endless(`does not end after ${maxPages} pages`);
    const { tickets, settings } = this.#context;
    const { flight } = walk.asking;
    let next: readonly string[] | undefined;
    const error = await this.#requests.send(
      { type: 'page', documents: 0, retryIf: ifTransient, operations: () => [flight.operations] },
      async (call) => {
        flight.sent = true;
        flight.epoch = this.#requests.epoch;
        const ticket = tickets.next();
        const at = settings.clock.now();
        const page = await this.#page(walk.asking, cursor, call);
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

  async #page(asking: AskingListing, cursor: string | undefined, call: Call): Promise<Page> {
    try {
      return await this.#source.page!(asking.scope, cursor, call);
    } catch (thrown) {
      if (this.#requests.classify(thrown).transient) this.#second?.loaded?.listings.attemptFailed([asking]);
      throw thrown;
    }
  }

  #collect(walk: Walk, found: Page['found'], at: number, ticket: number): void {
    const { scope, ticket: shared } = walk.asking;
    const { aheadMs } = this.#context.settings.clock;
    for (const { place, outcome } of found) {
      if (!scope.reaches(place.key)) continue;
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
          aheadMs,
        );
        walk.entries.push({ place, read });
        walk.endsAt = Math.min(walk.endsAt, expiresAt + aheadMs);
      } else {
        const read = this.#documents.offer(place, outcome, at, ticket, shared);
        walk.found.set(idOf(place), { place, read });
      }
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

const listingOf = ({ prefix: key }: Scope): Pick<Place, 'document' | 'key'> => ({ document: '', key });

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
