// The entry point of this folder: what the documents of a source mean for keys. Finds, lists and writes keys.
// Used by sheltered.ts, which passes canonical keys and has checked the caller's signal.

import type { Entry, Unreadable } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { lazy } from '../../internal/lazy.ts';
import type { Emitter } from '../../internal/listeners.ts';
import type {
  DocumentWriteOptions,
  KeyStatus,
  ListOptions,
  VersionedRead,
  VersionedWrite,
  VersionInfo,
  VersionsOptions,
} from '../../provider.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { type Cache, Cached, type ReadQuery } from '../cache/cache.ts';
import type { Settings } from '../options.ts';
import { pathIn } from '../places.ts';
import type { Call, DocumentSource } from '../port.ts';
import type { Requests } from '../request/request.ts';
import { Listing } from './listing.ts';
import { Locator } from './locator.ts';
import { Lookup, type LookupResult } from './lookup.ts';
import { choose, spelled } from './resolve.ts';
import { Writes } from './writes.ts';

export type { LookupResult } from './lookup.ts';

const loadVersions = lazy(() => import('./versions.ts'));

export interface KeysParts {
  readonly source: DocumentSource;
  readonly settings: Settings;
  readonly emitter: Emitter;
  readonly requests: Requests;
  readonly cache: Cache;
}

export class Keys {
  readonly #source: DocumentSource;
  readonly #locator: Locator;
  readonly #requests: Requests;
  readonly #cache: Cache;
  readonly #lookup: Lookup;
  readonly #listing: Listing;
  readonly #writes: Writes;

  constructor({ source, settings, emitter, requests, cache }: KeysParts) {
    const locator = new Locator(source, requests);
    this.#source = source;
    this.#locator = locator;
    this.#requests = requests;
    this.#cache = cache;
    this.#lookup = new Lookup(source, settings, locator, cache);
    this.#listing = new Listing(source, locator, settings.clock, emitter, cache);
    this.#writes = new Writes(source, locator, settings.clock, requests, cache);
  }

  /** Finds one leaf. A failure is a result. */
  find(key: Key, query: ReadQuery): LookupResult | Promise<LookupResult> {
    return this.#lookup.find(key, query);
  }

  /** Reads the whole document that a key names. A failure is a result. */
  async document(
    key: Key,
    { maxAgeMs, version }: VersionedRead,
    operation: string | undefined,
  ): Promise<LookupResult> {
    checkVersion(this.#source.name, key, version);
    try {
      return await this.#lookup.document(key, { maxAgeMs, version, operation });
    } catch (error) {
      return error as ConfigError;
    }
  }

  /** Reads the document of a key again. A failure is a result. */
  renew(key: Key, query: ReadQuery): Promise<LookupResult> {
    return this.#lookup.renew(key, query);
  }

  /** `missed` is called when the cache cannot answer. */
  list(
    prefix: Key,
    options: ListOptions,
    missed: (() => void) | undefined,
  ): Promise<readonly (Entry | Unreadable)[]> {
    return this.#listing.list(prefix, options, missed);
  }

  set(key: Key, value: ConfigValue, options: VersionedWrite): Promise<Entry> {
    return this.#writes.set(key, value, options);
  }

  setDocument(key: Key, value: ConfigValue, options: DocumentWriteOptions): Promise<Entry> {
    return this.#writes.setDocument(key, value, options);
  }

  delete(key: Key, options: VersionedWrite): Promise<boolean> {
    return this.#writes.delete(key, options);
  }

  /** Sends a request of the source's own about the document that a key names. */
  request<T>(
    key: Key,
    options: VersionedWrite,
    send: (document: string, call: Call) => Promise<T>,
  ): Promise<T> {
    return this.#writes.request(key, options, send);
  }

  /** The versions of the document that holds a key, never from the cache. */
  async versions(key: Key, options: VersionsOptions): Promise<readonly VersionInfo[]> {
    const { versionsOf } = await loadVersions();
    const parts = {
      source: this.#source,
      locator: this.#locator,
      requests: this.#requests,
      cache: this.#cache,
    };
    return versionsOf(parts, key, options);
  }

  /** Where a key is looked for, one place a line. */
  where(key: Key): string {
    const { name } = this.#source;
    const places = this.#locator.locate(key);
    return places.map((place) => `${name} ${spelled(place, pathIn(place, key))}`).join('\n');
  }

  /** How a key is cached at `now`. Undefined when it is not. */
  status(key: Key, now: number): Pick<KeyStatus, 'ageMs' | 'stale'> | undefined {
    const places = this.#locator.locate(key);
    const missing = new ConfigError('not_found', 'not cached');
    const reads = places.map((place) => this.#cache.peek(place) ?? missing);
    const found = choose(this.#source.name, places, reads, key);
    const cached =
      found && !(found instanceof ConfigError) ? found.read : reads.find((read) => read instanceof Cached);
    return cached instanceof Cached ? { ageMs: now - cached.at, stale: !cached.isFresh(now) } : undefined;
  }
}

/** Throws `invalid_option` for a version that names none. */
export function checkVersion(provider: string, key: Key, version: string | undefined): void {
  if (version === '')
    throw new ConfigError('invalid_option', `${provider}: the option version is empty`, {
      provider,
      key,
      hint: 'Omit the option, or set it to a version',
    });
}
