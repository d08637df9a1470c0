import { ConfigError } from '../errors.ts';
import { jsonObject } from '../formats/json-text.ts';
import { append, keyFrom, keyOf, segments, startsWith } from '../key.ts';
import type { Key } from '../value.ts';
import type { Document, Place } from './port.ts';

/** A document for the key itself and for each key above it, the outermost first; `name` spells one, or says that it has no spelling. */
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

/** `locate` of a source whose places are all named. */
export function mapped(places: readonly Place[]): (key: Key) => readonly Place[] {
  return (key) => places.filter((place) => startsWith(key, place.key));
}

/** A person's map of keys to documents: `document`, `document#field`, or `document#field#` for the text itself. */
export function placesOf(owner: string, option: string, map: Readonly<Record<string, string>>): Place[] {
  return Object.entries(map).map(([name, said]) => {
    const key = keyOf(name);
    const whole = typeof said === 'string' && said.length > 1 && said.endsWith('#');
    const text = typeof said !== 'string' ? '' : whole ? said.slice(0, -1) : said;
    const at = text.indexOf('#');
    const document = at < 0 ? text : text.slice(0, at);
    if (document === '' || text.endsWith('#'))
      throw new ConfigError(
        'invalid_option',
        `${owner}: ${option} names no document or field for the key ${JSON.stringify(key)}`,
        {
          hint: 'Write it as document, document#field, or document#field# for the text itself',
        },
      );
    const field = at < 0 ? '' : keyOf(text.slice(at + 1));
    return { key, document, field, ...(whole && { whole: true as const }) };
  });
}

/** The text of a secret as a document: the tree, if it is the JSON text of an object; else a leaf. JSON in which something is lost when
 *  it is read, as of a key that stands twice, has a `fault`. */
export function asDocument(text: string, more: Omit<Document, 'value' | 'raw' | 'fault'>): Document {
  const json = jsonObject(text);
  if (!json) return { ...more, value: text };
  return json.fault === undefined
    ? { ...more, value: json.tree, raw: text }
    : { ...more, value: text, fault: json.fault };
}

/** Where a key stands within a place's document. */
export function pathIn(place: Place, key: Key): Key {
  return append(
    place.field,
    key === place.key ? '' : place.key === '' ? key : key.slice(place.key.length + 1),
  );
}
