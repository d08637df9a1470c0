// From documents to entries: the value of a key in a document, its origin, and which of several documents
// counts. Used by lookup.ts, listing.ts and writes.ts. Pure functions.

import { type Entry, makeEntry, type Unreadable } from '../../entry.ts';
import { ConfigError, type ErrorCode } from '../../errors.ts';
import { dig } from '../../internal/dig.ts';
import { append, startsWith } from '../../key.ts';
import { makeOrigin, type Origin } from '../../origin.ts';
import { taint } from '../../redact.ts';
import { type ConfigValue, isTree, type Key, sameValue } from '../../value.ts';
import { Cached } from '../cache/cache.ts';
import { pathIn } from '../places.ts';
import type { Document, Place } from '../port.ts';

const isSecret = taint();

/** The value that a place has at `key`, which is the place's key or below it. */
export function valueAt(place: Place, document: Document, key: Key): ConfigValue | undefined {
  if (!place.whole) return dig(document.value, pathIn(place, key));
  if (key !== place.key) return undefined;
  if (place.field === '' && document.raw !== undefined) return document.raw;
  const value = dig(document.value, place.field);
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** The document, or a `parse` error when its text has a fault and the place does not want the text as a
 *  whole. */
export function parsed(provider: string, place: Place, read: Cached | ConfigError): Cached | ConfigError {
  if (!(read instanceof Cached) || read.outcome === 'absent' || read.outcome.fault === undefined) return read;
  if (place.whole && place.field === '') return read;
  return new ConfigError('parse', `${provider}: the JSON of ${place.document} holds ${read.outcome.fault}`, {
    provider,
    hint: `Correct the JSON, or read the text with ${place.document}#`,
  });
}

export const spelled = (place: Place, path: Key): string =>
  path === '' ? place.document : `${place.document}#${path}`;

function originOf(provider: string, place: Place, path: Key, version?: string): Origin {
  return makeOrigin({ provider, source: `${provider} ${spelled(place, path)}`, version });
}

type Draft = { -readonly [K in keyof Entry]: Entry[K] };

/** A document's value at `key` as an entry: a leaf, or in a list a tree. */
export function entryOf(
  provider: string,
  place: Place,
  read: Cached<Document>,
  key: Key,
  value: ConfigValue,
): Entry {
  const document = read.outcome;
  if (document.entry && document.entry.key === key) return document.entry;
  const path = pathIn(place, key);
  const tree = isTree(value);
  const fields: Draft = {
    key,
    value,
    secret: document.secret || (!tree && isSecret(key, value)),
    origin: originOf(provider, place, path, document.version),
    readAt: read.readAt,
    document: `${provider} ${place.document}`,
  };
  if (document.text) fields.text = true;
  if (document.version !== undefined) fields.version = document.version;
  if (document.modifiedAt !== undefined) fields.modifiedAt = document.modifiedAt;
  if (document.expiresAt !== undefined) fields.expiresAt = document.expiresAt;
  if (document.metadata) fields.metadata = document.metadata;
  if (tree) fields.leaf = leafOf(provider, place, document, key, value);
  return makeEntry(fields);
}

function leafOf(
  provider: string,
  place: Place,
  document: Document,
  key: Key,
  tree: ConfigValue,
): NonNullable<Entry['leaf']> {
  const path = pathIn(place, key);
  return (inside) => ({
    origin: originOf(provider, place, append(path, inside), document.version),
    secret: document.secret || isSecret(append(key, inside), dig(tree, inside) ?? null),
  });
}

export interface Found {
  readonly place: Place;
  readonly read: Cached<Document>;
  readonly value: ConfigValue;
}

/** The place that counts for a key: a found value wins over documents that cannot be read. Two that differ
 *  are a conflict. */
export function choose(
  provider: string,
  places: readonly Place[],
  reads: readonly (Cached | ConfigError)[],
  key: Key,
): Found | ConfigError | undefined {
  let found: Found | undefined;
  let section: Place | undefined;
  let refusal: ConfigError | undefined;
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as Place;
    const read = parsed(provider, place, reads[i] as Cached | ConfigError);
    if (!(read instanceof Cached)) {
      if (!isHole(read)) return read;
      refusal ??= read;
      continue;
    }
    if (read.outcome === 'absent') continue;
    const value = valueAt(place, read.outcome, key);
    if (value === undefined) continue;
    if (isTree(value)) section ??= place;
    else if (found && !sameValue(found.value, value)) return conflict(provider, key, found.place, place);
    else found ??= { place, read: read as Cached<Document>, value };
  }
  if (found && section) return conflict(provider, key, found.place, section);
  if (section) return sectionError(provider, key, section);
  return found ?? (refusal && advised(refusal, places));
}

function sectionError(provider: string, key: string, place: Place): ConfigError {
  const what = key === '' ? 'the root' : `"${key}"`;
  const where = `${provider} ${spelled(place, pathIn(place, key))}`;
  return new ConfigError('invalid_key', `${what} is a section of ${where}, not a value`, {
    provider,
    key,
    hint: 'Read it with tree, or read one of its keys',
  });
}

/** Whether an error concerns one document alone, so that a list can include it as a hole. */
export const isHole = (error: ConfigError): boolean => !error.transient && !neverHoles.has(error.code);
const neverHoles: ReadonlySet<ErrorCode> = new Set([
  'unauthenticated',
  'missing_dependency',
  'aborted',
  'invalid_option',
]);

function advised(error: ConfigError, places: readonly Place[]): ConfigError {
  if (error.code !== 'access_denied' || places.length < 2) return error;
  return error.with({
    hint: 'If the store denies what does not exist, name the documents that do in the option secrets',
  });
}

function conflict(provider: string, key: Key, one: Place, other: Place): ConfigError {
  const both = [one, other].map((place) => spelled(place, pathIn(place, key)));
  return new ConfigError(
    'conflict',
    `${provider}: "${key}" has different values in ${both[0]} and ${both[1]}`,
    {
      provider,
      key,
      hint: 'Remove one of them',
    },
  );
}

/** A place in a list, cut to what is at or below `prefix`: an entry, a hole, or nothing. */
export function itemOf(
  provider: string,
  place: Place,
  result: Cached | ConfigError,
  prefix: Key,
): Entry | Unreadable | undefined {
  const read = parsed(provider, place, result);
  const above = startsWith(prefix, place.key);
  const key = above ? prefix : place.key;
  if (!(read instanceof Cached))
    return Object.freeze({
      key,
      origin: originOf(provider, place, pathIn(place, key)),
      error: read.with({ provider, key }),
    });
  if (read.outcome === 'absent') return undefined;
  const value = valueAt(place, read.outcome, key);
  if (value === undefined) return undefined;
  if (key === '' && !isTree(value)) {
    const error = new ConfigError(
      'parse',
      `${provider}: ${place.document} holds a single value, not an object`,
      { provider },
    );
    return Object.freeze({ key, origin: originOf(provider, place, ''), error });
  }
  return entryOf(provider, place, read as Cached<Document>, key, value);
}
