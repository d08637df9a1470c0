// The entry of a document that has just been written: it is not read again, because another writer may have
// come in between. Used by writes.ts.

import type { Entry } from '../../entry.ts';
import type { VersionedWrite } from '../../provider.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { Cached } from '../cache/cache.ts';
import type { SteadyClock } from '../clock.ts';
import type { Document, Place } from '../port.ts';
import { entryOf } from './resolve.ts';

/** The document that a write replaces. */
export interface Target {
  readonly place: Place;
  readonly document: Document | undefined;
  /** It exists and cannot be read. */
  readonly unread?: true;
}

/** What was written under a key. */
interface Written {
  readonly key: Key;
  readonly value: ConfigValue;
  /** The version that the store has given it. */
  readonly version: string | undefined;
  readonly options: VersionedWrite;
}

export function writtenEntry(
  provider: string,
  { place, document: before }: Target,
  { key, value, version, options }: Written,
  clock: SteadyClock,
): Entry {
  const { secret = before?.secret ?? true, metadata } = options;
  const document: Document = {
    value,
    secret,
    text: before?.text ?? true,
    ...(version !== undefined && { version }),
    ...(metadata && { metadata }),
  };
  const end = Number.POSITIVE_INFINITY;
  const written = new Cached<Document>(document, key, clock.now(), 0, 0, end, clock.aheadMs);
  return entryOf(provider, place, written, key, document.value);
}
