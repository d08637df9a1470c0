import { ConfigError, isConfigError } from '../../errors.ts';
import { parent, startsWith } from '../../key.ts';
import type { Wanted } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { DocumentSource, Place, Scope } from '../port.ts';
import { ifTransient, type Requests } from '../request/requests.ts';
import { type Ask, Cache, type Common, type Flight } from './cache.ts';
import { Cached } from './cached.ts';
import type { Documents } from './documents.ts';

/** Far more pages, one after the other, than the largest list of any store has. */
const mostPages = 20_000;

/** What a walk came upon; `read`: the answer that came for free. */
export interface Stop {
  readonly place: Place;
  readonly read?: Cached | ConfigError;
}

export type Walk = readonly Stop[];

interface Shared extends Common {
  readonly source: DocumentSource;
  readonly requests: Requests;
  readonly documents: Documents;
}

/** The listings: names, held like documents are. */
export class Walks {
  readonly #shared: Shared;
  readonly #shelf: Cache<Walk, Scope>;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#shelf = new Cache<Walk, Scope>(shared, (flight, scope) => void this.#walk(flight, scope));
  }

  load(): Promise<void> {
    return this.#shelf.load(100);
  }

  read(scope: Scope, ask: Ask): Cached<Walk> | Promise<Cached<Walk> | ConfigError> {
    return this.#shelf.read(nameOfScope(scope), scope, ask);
  }

  invalidate(keepForOutage: boolean): void {
    this.#shelf.invalidate(
      undefined,
      this.#shelf.ids(() => true),
      keepForOutage,
    );
  }

  async #walk(flight: Flight<Walk>, scope: Scope): Promise<void> {
    const { source, requests, documents, settings, ticks, emitter } = this.#shared;
    const tick = ticks.next();
    const at = settings.clock.now();
    const { cache } = settings;
    const found = new Map<string, Stop>();
    const many: Stop[] = [];
    const followed = new Set<string>();
    let endsAt = Number.POSITIVE_INFINITY;
    const endless = (what: string): ConfigError =>
      new ConfigError('io', `${source.name}: its list ${what}`, {
        provider: source.name,
        hint: 'Look at what answers for the store, a proxy or a client of your own: its pages lead nowhere',
      });
    const follow = async (cursor: string | undefined, nth: number): Promise<ConfigError | undefined> => {
      if (nth > mostPages) return endless(`does not end after ${mostPages} pages`);
      let next: readonly string[] = [];
      const error = await requests.send(
        { operation: 'page', documents: 0, repeats: ifTransient },
        async (call) => {
          flight.sent = true;
          const pageTick = ticks.next();
          const pageAt = settings.clock.now();
          const page = await source.page!(scope, cursor, call);
          for (const { place, outcome } of page.found) {
            if (!scope.reaches(place.key)) continue;
            if (outcome === undefined || isConfigError(outcome))
              found.set(nameOf(place), { place, ...(outcome && { read: outcome }) });
            else if (outcome !== 'absent' && outcome.entry) {
              // another provider's entries: several may have one name, so they stay together
              many.push({
                place,
                read: new Cached(
                  outcome,
                  place.key,
                  pageAt,
                  pageTick,
                  Number.POSITIVE_INFINITY,
                  Number.POSITIVE_INFINITY,
                ),
              });
              endsAt = Math.min(endsAt, outcome.expiresAt ?? Number.POSITIVE_INFINITY);
            } else
              found.set(nameOf(place), { place, read: documents.offer(place, outcome, pageAt, pageTick) });
          }
          next = [...page.next];
          return undefined;
        },
      );
      if (error) return error;
      for (const cursor of next)
        if (followed.has(cursor)) return endless('goes round in a circle');
        else followed.add(cursor);
      const errors = await Promise.all(next.map((cursor) => follow(cursor, nth + 1)));
      return errors.find((one) => one !== undefined);
    };
    const error = await follow(undefined, 1);
    if (error) return this.#shelf.land(flight, error, '');
    const stops = [...found.values(), ...many];
    if (cache && stops.length > cache.max)
      emitter.notice(
        `a list of ${stops.length} documents outgrows the cache, which holds ${cache.max}: raise cache.max, or list less`,
      );
    const held = new Cached<Walk>(
      stops,
      scope.prefix,
      at,
      tick,
      Math.min(endsAt, at + (cache ? cache.ttlMs : 0)),
      endsAt,
    );
    // the answers live on the documents' shelf; the walk remembers names, and what is nowhere else
    const names = new Cached<Walk>(
      [...[...found.values()].map(({ place }) => ({ place })), ...many],
      held.key,
      at,
      tick,
      held.freshUntil,
      endsAt,
    );
    if (cache) this.#shelf.keep(flight.id, '', names);
    this.#shelf.land(flight, held, '', false);
  }
}

export const nameOfScope = ({ prefix, wanted, acquire }: Scope): string =>
  JSON.stringify([prefix, wanted, acquire]);

export const nameOf = (place: Place): string => `${place.document}\0${place.key}\0${place.field}`;

/** What a listing asks for. */
export function scopeOf(prefix: Key, wanted: Wanted | undefined, acquire: boolean): Scope {
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
    within = (key) => above.has(key) || below(key) || wanted.prefixes.some((open) => related(key, open));
  }
  return {
    prefix,
    ...(wanted && { wanted }),
    ...(acquire && { acquire }),
    reaches: (key) => related(key, prefix) && (within?.(key) ?? true),
  };
}
