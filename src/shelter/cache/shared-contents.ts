// What the second level holds: documents and listings as bytes. Used by shared-cache.ts. A content names what
// it is and starts with a hash of itself, so a content that was damaged or moved is not used. It is not
// authenticated: a level outside of this process encrypts it.

import { createHash } from 'node:crypto';
import { type Entry, type Metadata, makeEntry } from '../../entry.ts';
import { isLoose } from '../../foreign.ts';
import { defined } from '../../internal/options.ts';
import { makeOrigin } from '../../origin.ts';
import { type ConfigTree, type ConfigValue, isPlain } from '../../value.ts';
import type { Document, Place } from '../port.ts';
import type { SharedName, TicketedName } from '../second-level.ts';
import type { Definite, Listed } from './cached.ts';

export const maxContentBytes = 2 ** 20;
/** Changes when the format does. Contents of other formats are not used. */
const format = 1;
const hashBytes = 16;
const refuse = (): never => {
  throw new TypeError('not a content');
};

/** What is shared of a document or a listing. */
export interface Shared<T> {
  readonly outcome: T;
  /** When it was asked for. Milliseconds since 1970, by the clock of the process that asked. */
  readonly askedAt: number;
}

const nameOf = ({ store, view, kind, name, ticket }: TicketedName): readonly unknown[] => [
  format,
  store,
  view,
  kind,
  name,
  ticket,
];

const hashOf = (body: Uint8Array): Buffer =>
  createHash('sha256').update(body).digest().subarray(0, hashBytes);

/** `share` returns what JSON can hold, or throws. Undefined: it cannot be shared, because it is too large or
 *  no JSON can hold it. */
export function encode(name: TicketedName, share: () => unknown, askedAt: number): Uint8Array | undefined {
  try {
    const body = Buffer.from(JSON.stringify([...nameOf(name), askedAt, share()]));
    return body.length + hashBytes > maxContentBytes ? undefined : Buffer.concat([hashOf(body), body]);
  } catch {
    return undefined;
  }
}

/** Undefined: it is damaged, or the content of another name or ticket. */
export function decode<T>(
  name: SharedName,
  { content, ticket }: { readonly content: unknown; readonly ticket: number },
  read: (outcome: unknown) => T,
): Shared<T> | undefined {
  try {
    if (!(content instanceof Uint8Array) || content.length > maxContentBytes) return undefined;
    const bytes = Buffer.from(content);
    const body = bytes.subarray(hashBytes);
    if (!hashOf(body).equals(bytes.subarray(0, hashBytes))) return undefined;
    const fields = JSON.parse(body.toString()) as unknown[];
    const named = nameOf({ ...name, ticket });
    if (named.some((field, i) => field !== fields[i])) return undefined;
    const [askedAt, outcome] = fields.slice(named.length);
    return { askedAt: aNumber(askedAt), outcome: read(outcome) };
  } catch {
    return undefined;
  }
}

/** Equal for outcomes with the same value. */
export function revisionOf(outcome: Definite): string {
  if (outcome === 'absent') return 'absent';
  const { version, value, raw } = outcome;
  if (version !== undefined) return `version ${version}`;
  return `hash ${createHash('sha256')
    .update(JSON.stringify([value, raw]))
    .digest('base64url')}`;
}

/** What JSON can hold of a document. Throws for a value that it would change. */
export function sharedDocument(outcome: Definite): unknown {
  if (outcome === 'absent') return 'absent';
  const { entry, value, secret, text } = outcome;
  return {
    ...detailsOf({ ...outcome }),
    value: exact(value),
    secret,
    text,
    ...(entry && { entry: sharedEntry(entry) }),
  };
}

function sharedEntry({ leaf, ...fields }: Entry): unknown {
  // the origins of its leaves are a function
  if (leaf) return refuse();
  const { source, version, line, column } = fields.origin;
  return { ...fields, value: null, origin: { source, version, line, column } };
}

/** Reads what `sharedDocument` returned. Throws for anything else. */
export const documentReader =
  (provider: string) =>
  (shared: unknown): Definite => {
    if (shared === 'absent') return 'absent';
    const { value, secret, text, entry, ...fields } = aRecord(shared);
    const document: Document = {
      ...detailsOf(fields),
      value: exact(value as ConfigValue),
      secret: aBoolean(secret),
      text: aBoolean(text),
    };
    return entry === undefined
      ? document
      : { ...document, entry: entryOf(provider, document, aRecord(entry)) };
  };

function detailsOf(fields: Record<string, unknown>): Partial<Document> {
  const { raw, fault, version, modifiedAt, expiresAt, freshMs, metadata } = fields;
  const all = {
    raw: optional(aString, raw),
    fault: optional(aString, fault),
    version: optional(aString, version),
    modifiedAt: optional(aNumber, modifiedAt),
    expiresAt: optional(aNumber, expiresAt),
    freshMs: optional(aNumber, freshMs),
    metadata: optional(aMetadata, metadata),
  };
  return defined(all);
}

function entryOf(provider: string, { value, secret }: Document, fields: Record<string, unknown>): Entry {
  const { key, origin, text, loose, version, modifiedAt, readAt, expiresAt, metadata } = fields;
  const { source, version: of, line, column } = aRecord(origin);
  const at = line === undefined ? undefined : { line: aNumber(line), column: aNumber(column) };
  const more = {
    text: optional(aBoolean, text),
    loose: isLoose(loose) ? loose : optional(refuse, loose),
    version: optional(aString, version),
    modifiedAt: optional(aNumber, modifiedAt),
    readAt: optional(aNumber, readAt),
    expiresAt: optional(aNumber, expiresAt),
    metadata: optional(aMetadata, metadata),
  };
  return makeEntry({
    ...(defined(more) as Partial<Entry>),
    key: aString(key),
    value,
    secret,
    origin: makeOrigin({
      provider,
      source: aString(source),
      version: optional(aString, of),
      position: at && (() => at),
    }),
  });
}

/** What is shared of a listing: its places. Throws if it has values. */
export const sharedPlaces = (listed: readonly Listed[]): unknown =>
  listed.map(({ place: { key, document, field, whole, leased }, read }) =>
    read === undefined ? [key, document, field, whole, leased] : refuse(),
  );

export const revisionOfPlaces = (listed: readonly Listed[]): string => {
  const names = listed.map(({ place }) => JSON.stringify([place.document, place.key, place.field])).sort();
  return hashOf(Buffer.from(names.join('\n'))).toString('base64url');
};

/** Reads what `sharedPlaces` returned. */
export function placesFrom(shared: unknown): readonly Listed[] {
  if (!Array.isArray(shared)) return refuse();
  return shared.map((one: unknown): Listed => {
    const [key, document, field, whole, leased] = one as readonly unknown[];
    const place: Place = {
      key: aString(key),
      document: aString(document),
      field: aString(field),
      ...(whole === true && { whole }),
      ...(leased === true && { leased }),
    };
    return { place };
  });
}

const optional = <T>(read: (value: unknown) => T, value: unknown): T | undefined =>
  value === undefined ? undefined : read(value);
const aString = (value: unknown): string => (typeof value === 'string' ? value : refuse());
const aNumber = (value: unknown): number => (Number.isFinite(value) ? (value as number) : refuse());
const aBoolean = (value: unknown): boolean => (typeof value === 'boolean' ? value : refuse());
const aRecord = (value: unknown): Record<string, unknown> => (isPlain(value) ? value : refuse());
const aMetadata = (value: unknown): Metadata => {
  const texts = (one: unknown): unknown => (Array.isArray(one) ? one.map(aString) : aString(one));
  for (const one of Object.values(aRecord(value))) texts(one);
  return value as Metadata;
};

/** A value that survives JSON unchanged. Throws for any other: a bigint, a hole in a list, an instance. */
function exact(value: ConfigValue): ConfigValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : refuse();
  if (Array.isArray(value)) {
    for (const one of Array.from(value)) exact(one);
    return value;
  }
  for (const one of Object.values(isPlain(value) ? (value as ConfigTree) : refuse())) exact(one);
  return value;
}
