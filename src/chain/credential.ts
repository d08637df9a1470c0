// The entries that `withSecret` reads: which of them are the credential, and whether two readings have the
// same one. Used by secret-use.ts.

import type { Entry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { sameValue } from '../value.ts';

/** The entries of the keys, in their order. */
export type Reading = readonly Entry[];

/** A value as the text that clients take. */
export function textOf({ key, value }: Entry): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  throw new ConfigError(
    'validation',
    `withSecret: "${key}" is ${value === null ? 'null' : 'not a single value'}`,
    {
      key,
      hint: 'Name a key whose value is text, a number or a boolean',
    },
  );
}

/** The entries that change together: those of the documents that have a secret, or of the first document. */
export function credentialOf(entries: Reading): Reading {
  const secrets = entries.filter(({ secret }) => secret);
  const documents = (secrets.length > 0 ? secrets : entries.slice(0, 1)).map(({ document }) => document);
  return entries.filter(({ document }) => documents.includes(document));
}

/** The first entry of each document. */
export const firstOfEach = (entries: Reading): Reading =>
  entries.filter(({ document }, i) => entries.findIndex((one) => one.document === document) === i);

/** Throws if secrets are of several documents, which no store changes in one step. */
export function refuseTorn(entries: Reading): void {
  let first: Entry | undefined;
  for (const entry of entries) {
    if (!entry.secret) continue;
    first ??= entry;
    if (entry.document === first.document) continue;
    const secrets = firstOfEach(entries.filter(({ secret }) => secret));
    const places = secrets.map(({ key, origin }) => `${key} from ${origin.source}`).join(', ');
    throw new ConfigError('conflict', `withSecret: ${places}: a rotation changes one before the other`, {
      hint: "Put them into one secret, or set torn: 'allow'",
    });
  }
}

/** Whether one reading has the credential of another, also if other keys were read. */
export const isSame = (one: Reading, other: Reading): boolean =>
  credentialOf(one).every(({ key, document, version, value }) => {
    const same = other.find(
      (entry) => entry.document === document && (version !== undefined || entry.key === key),
    );
    if (!same) return false;
    return version === undefined ? sameValue(value, same.value) : version === same.version;
  });
