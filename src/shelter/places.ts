// Helpers for sources: from keys to places and from text to documents. Used by the sources in providers/, by
// sources of users, and by keys/.

import { ConfigError } from '../errors.ts';
import { jsonObject } from '../formats/json-text.ts';
import { append, keyFrom, keyOf, segments, startsWith } from '../key.ts';
import type { Key } from '../value.ts';
import type { Document, Place } from './port.ts';

/** Returns a place for each key above `key`, outermost first, and for the key itself. `name` returns the
 *  document of a key, or undefined when the store cannot spell it.
 *  @example
 *  ancestors('db.host', (key) => key.replaceAll('.', '/')); // documents 'db' and 'db/host' */
export function ancestors(key: Key, name: (key: Key) => string | undefined): Place[] {
  const parts = segments(key);
  const places: Place[] = [];
  for (let n = 1; n <= parts.length; n++) {
    const at = n === parts.length ? key : keyFrom(parts.slice(0, n));
    const document = name(at);
    if (document !== undefined) places.push({ key: at, document, field: '' });
  }
  return places;
}

/** Returns a `locate` for a source that has these places and no others. */
export function mapped(places: readonly Place[]): (key: Key) => readonly Place[] {
  return (key) => places.filter((place) => startsWith(key, place.key));
}

/** Reads a user's map of keys to documents: `document`, `document#field`, or `document#field#` for the text
 *  itself.
 *  @throws `invalid_option` when a document or field is missing. */
export function placesOf(owner: string, option: string, map: Readonly<Record<string, string>>): Place[] {
  return Object.entries(map).map(([name, target]) => {
    const key = keyOf(name);
    const whole = typeof target === 'string' && target.length > 1 && target.endsWith('#');
    const text = typeof target !== 'string' ? '' : whole ? target.slice(0, -1) : target;
    const at = text.indexOf('#');
    const document = at < 0 ? text : text.slice(0, at);
    if (document === '' || text.endsWith('#'))
      throw new ConfigError(
        'invalid_option',
        `${owner}: ${option} has no document or field for the key ${JSON.stringify(key)}`,
        {
          hint: 'Write it as document, document#field, or document#field# for the text itself',
        },
      );
    const field = at < 0 ? '' : keyOf(text.slice(at + 1));
    return { key, document, field, ...(whole && { whole: true as const }) };
  });
}

/** Makes a document of a secret's text: a tree when the text is a JSON object, else a leaf. JSON that loses
 *  something when it is parsed, such as a repeated key, has a `fault`. */
export function asDocument(text: string, more: Omit<Document, 'value' | 'raw' | 'fault'>): Document {
  const json = jsonObject(text);
  if (!json) return { ...more, value: text };
  return json.fault === undefined
    ? { ...more, value: json.tree, raw: text }
    : { ...more, value: text, fault: json.fault };
}

/** The path of a key inside a place's document. */
export function pathIn(place: Place, key: Key): Key {
  return append(
    place.field,
    key === place.key ? '' : place.key === '' ? key : key.slice(place.key.length + 1),
  );
}
