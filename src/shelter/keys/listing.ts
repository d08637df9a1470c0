// The list of everything at or below a prefix, with the least privilege: named places alone, wanted keys by
// their names where the backend reads in batches, else all pages of the listing. Used by keys.ts.

import type { Entry, Unreadable } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { startsWith } from '../../key.ts';
import { operationIn, thread } from '../../operation.ts';
import type { ListOptions } from '../../provider.ts';
import type { Key } from '../../value.ts';
import { type Cache, Cached, distinct, type Listed, type ReadQuery, scopeOf } from '../cache/cache.ts';
import type { Clock } from '../clock.ts';
import type { DocumentSource, Scope } from '../port.ts';
import type { Locator } from './locator.ts';
import { isHole, itemOf, spelled } from './resolve.ts';

export class Listing {
  readonly #source: DocumentSource;
  readonly #locator: Locator;
  readonly #clock: Clock;
  readonly #emitter: Emitter;
  readonly #cache: Cache;

  constructor(source: DocumentSource, locator: Locator, clock: Clock, emitter: Emitter, cache: Cache) {
    this.#source = source;
    this.#locator = locator;
    this.#clock = clock;
    this.#emitter = emitter;
    this.#cache = cache;
  }

  async list(
    prefix: Key,
    options: ListOptions,
    missed: (() => void) | undefined,
  ): Promise<readonly (Entry | Unreadable)[]> {
    const { name: provider, places } = this.#source;
    const { wanted, acquire = false, maxAgeMs } = options;
    // a load after a change must fail during an outage, so that it is repeated
    const noStale = options[thread]?.cause === 'change';
    const query: ReadQuery = { maxAgeMs, operation: operationIn(options), missed, noStale };
    const scope = scopeOf(prefix, wanted);
    const listed = places
      ? places.filter((place) => scope.reaches(place.key)).map((place) => ({ place }))
      : await this.#listed(scope, query);
    const reads = await Promise.all(listed.map((item) => this.#read(item, query, acquire)));
    const items: (Entry | Unreadable)[] = [];
    for (const [i, { place }] of listed.entries()) {
      const read = reads[i] as Cached | ConfigError;
      if (!(read instanceof Cached) && !isHole(read)) throw read.with({ provider, key: place.key });
      const item = itemOf(provider, place, read, prefix);
      if (item) items.push(item);
    }
    return items;
  }

  #read(
    { place, read }: Listed,
    query: ReadQuery,
    acquire: boolean,
  ): Cached | ConfigError | Promise<Cached | ConfigError> {
    if (read && (read instanceof Cached || isHole(read))) return read;
    if (!place.leased || acquire) return this.#cache.read(place, query);
    const cached = this.#cache.peek(place);
    if (cached && !cached.endsBy(this.#clock.now())) return cached;
    const { name: provider } = this.#source;
    return new ConfigError(
      'on_demand',
      `${provider}: ${spelled(place, place.field)} is created when it is read, and a list creates nothing`,
      { provider, hint: 'Read it with get, or load the configuration' },
    );
  }

  async #listed(scope: Scope, query: ReadQuery): Promise<readonly Listed[]> {
    const { wanted, prefix } = scope;
    const { page, batch, name } = this.#source;
    if (!wanted) return page ? this.#walk(scope, query) : this.#located([prefix]);
    const prefixes = outermost(present(wanted.prefixes.map((part) => narrowed(part, prefix))));
    const keys = present(wanted.keys.map((key) => narrowed(key, prefix))).filter(
      (key) => !prefixes.some((part) => startsWith(key, part)),
    );
    if (prefixes.length + keys.length === 0) return [];
    if (!page) return this.#located([...keys, ...prefixes]);
    if (batch > 1) {
      const walks = await Promise.all(prefixes.map((part) => this.#walk(scopeOf(part, undefined), query)));
      return distinct([...this.#located(keys), ...walks.flat()]);
    }
    const listing = await this.#cache.list(scope, query);
    if (listing instanceof Cached) return listing.outcome;
    if (listing.code !== 'access_denied' || prefixes.length > 0) throw this.#refused(listing);
    this.#emitter.emit('denied', { outcome: listing.code, operation: query.operation });
    this.#emitter.notice(`${name}: listing is denied, so each wanted key is read by its name`, listing.code);
    return this.#located(keys);
  }

  async #walk(scope: Scope, query: ReadQuery): Promise<readonly Listed[]> {
    const listing = await this.#cache.list(scope, query);
    if (listing instanceof Cached) return listing.outcome;
    throw this.#refused(listing);
  }

  #refused(error: ConfigError): ConfigError {
    const hint = 'Allow listing, or name the documents in the options of the provider';
    return error.with({ provider: this.#source.name, ...(error.code === 'access_denied' && { hint }) });
  }

  #located(keys: readonly Key[]): readonly Listed[] {
    return distinct(keys.flatMap((key) => this.#locator.locate(key)).map((place) => ({ place })));
  }
}

/** What of `part` a list of `prefix` includes: the part, the whole list, or nothing. */
function narrowed(part: Key, prefix: Key): Key | undefined {
  return startsWith(part, prefix) ? part : startsWith(prefix, part) ? prefix : undefined;
}

const present = (keys: readonly (Key | undefined)[]): Key[] =>
  [...new Set(keys)].filter((key) => key !== undefined);

const outermost = (keys: readonly Key[]): Key[] =>
  keys.filter((key) => !keys.some((other) => other !== key && startsWith(key, other)));
