// The versions of the document that holds a key. Loaded by keys.ts on first use. Nothing is cached: what a
// person or a rotation asks for must be the state of the store. Each page is one request.

import { adoptVersions } from '../../border.ts';
import { abortedBy, ConfigError } from '../../errors.ts';
import { operationIn, operationsOf } from '../../operation.ts';
import type { VersionInfo, VersionsOptions } from '../../provider.ts';
import type { Key } from '../../value.ts';
import type { Cache } from '../cache/cache.ts';
import type { DocumentSource, Place, VersionPage } from '../port.ts';
import { ifTransient, type Requests } from '../request/request.ts';
import type { Locator } from './locator.ts';
import { isHole, valueAt } from './resolve.ts';

export interface VersionsParts {
  readonly source: DocumentSource;
  readonly locator: Locator;
  readonly requests: Requests;
  readonly cache: Cache;
}

/** More pages than a document has versions: a source that returns as many never ends. */
const maxPages = 1_000;

export async function versionsOf(
  parts: VersionsParts,
  key: Key,
  options: VersionsOptions,
): Promise<readonly VersionInfo[]> {
  const { name: provider } = parts.source;
  const { limit = 100 } = options;
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new ConfigError('invalid_option', `${provider}: limit must be a whole number, at least 1`, {
      provider,
      key,
    });
  const places = parts.locator.locate(key);
  if (places.some((place) => place.leased))
    throw new ConfigError(
      'invalid_key',
      `${provider}: "${key}" is created by the store and has no versions`,
      {
        provider,
        key,
        hint: 'Ask for the versions of a key that the store keeps',
      },
    );
  const place = places.length > 1 ? await holder(parts, places, key, options) : places[0];
  return place ? listed(parts, place.document, key, limit, options) : Object.freeze([]);
}

/** The place whose document has the key; else the last one with a document; else where a new key would go. */
async function holder(
  { source, cache }: VersionsParts,
  places: readonly Place[],
  key: Key,
  options: VersionsOptions,
): Promise<Place | undefined> {
  const query = { maxAgeMs: options.maxAgeMs, operation: operationIn(options) };
  const reads = await Promise.all(places.map((place) => cache.read(place, query)));
  let last: Place | undefined;
  let refusal: ConfigError | undefined;
  let failure: ConfigError | undefined;
  for (const [i, place] of places.entries()) {
    const read = reads[i];
    if (read instanceof ConfigError) {
      // a document that is disabled or cannot be decrypted exists
      if (!isHole(read)) failure ??= read;
      else if (read.code === 'access_denied') refusal ??= read;
      else last = place;
    } else if (read && read.outcome !== 'absent') {
      if (valueAt(place, read.outcome, key) !== undefined) return place;
      last = place;
    }
  }
  const error = failure ?? (last ? undefined : refusal);
  if (error) throw error.with({ provider: source.name, key });
  return last ?? places.at(-1);
}

async function listed(
  parts: VersionsParts,
  document: string,
  key: Key,
  limit: number,
  options: VersionsOptions,
): Promise<readonly VersionInfo[]> {
  const { name: provider } = parts.source;
  const found = new Map<string, VersionInfo>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  let unsorted = false;
  do {
    if (options.signal?.aborted) throw abortedBy(provider, 'the versions');
    const page = await pageOf(parts, document, cursor, key, options);
    for (const one of page.versions) if (!found.has(one.version)) found.set(one.version, one);
    unsorted ||= page.unsorted === true;
    cursor = page.next;
    if (cursor === undefined) break;
    if (cursors.has(cursor) || cursors.size >= maxPages)
      throw new ConfigError('io', `${provider}: the versions of ${document} never end`, { provider, key });
    cursors.add(cursor);
  } while (unsorted || found.size < limit);
  const all = [...found.values()];
  if (unsorted) all.reverse().sort(newestFirst);
  return Object.freeze(all.slice(0, limit));
}

/** By time; of equal times by number, if both versions are numbers. */
const newestFirst = (one: VersionInfo, other: VersionInfo): number =>
  (other.modifiedAt ?? 0) - (one.modifiedAt ?? 0) || Number(other.version) - Number(one.version) || 0;

async function pageOf(
  { source, requests }: VersionsParts,
  document: string,
  cursor: string | undefined,
  key: Key,
  options: VersionsOptions,
): Promise<VersionPage> {
  const { name: provider } = source;
  const operations = operationsOf(operationIn(options));
  let page: VersionPage | undefined;
  const error = await requests.send(
    { type: 'versions', documents: 1, retryIf: ifTransient, operations: () => [operations] },
    async (call) => {
      page = pageFrom(await source.versions?.(document, cursor, call), provider);
      return undefined;
    },
  );
  if (error) throw error.with({ provider, key });
  return page as VersionPage;
}

/** A page of a source, which may return anything. */
function pageFrom(answer: unknown, provider: string): VersionPage {
  const { versions, next, unsorted } = (answer ?? {}) as Partial<VersionPage>;
  if (next !== undefined && typeof next !== 'string')
    throw new ConfigError('io', `${provider}: versions returned a cursor that is not a string`, { provider });
  return {
    versions: adoptVersions(versions, { name: provider }),
    ...(next !== undefined && { next }),
    ...(unsorted === true && { unsorted }),
  };
}
