// Keys: parsing, building, comparing, and the spellings of one segment. Sources, schemas and merges all speak
// canonical keys, so that two keys are equal exactly when their texts are.

import { ConfigError } from './errors.ts';
import type { Key } from './value.ts';

const maxLength = 512;
const maxSegments = 32;
/** Names that could change the prototype of an object. */
export const reserved: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor']);
const needsQuotes = /[\s./"\\\p{Cc}]/u;
const plainKey = /^[\w-]+(?:\.[\w-]+)*$/;

/** The canonical key of segments as a source spells them. Quotes a segment that holds a dot, a slash or a
 *  space.
 *  @throws `invalid_key` for over 32 segments, over 512 characters, or a name that could reach a prototype.
 *  @example
 *  keyFrom(['ingress', 'api.example.com']); // => 'ingress."api.example.com"'
 *  @see keyOf for text that a person has written. */
export function keyFrom(segments: readonly string[]): Key {
  if (segments.length > maxSegments)
    throw invalid(segments.join('.'), `has more than ${maxSegments} segments`);
  let key = '';
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as string;
    key = i === 0 ? quote(segment) : `${key}.${quote(segment)}`;
  }
  if (key.length > maxLength) throw invalid(key, `has more than ${maxLength} characters`);
  return key;
}

/** One segment as part of a key, quoted where needed. Throws for a name that could reach a prototype. */
export function quote(segment: string): Key {
  if (reserved.has(segment)) throw invalid(segment, 'could reach a prototype');
  return segment === '' || needsQuotes.test(segment) ? JSON.stringify(segment) : segment;
}

/** The segments of a canonical key.
 *  @example
 *  segments('ingress."api.example.com"'); // => ['ingress', 'api.example.com']
 *  @see keyFrom is the inverse. */
export function segments(key: Key): string[] {
  if (key === '') return [];
  return key.includes('"') ? scan(key, '.') : key.split('.');
}

/** Joins keys in any spelling: `join('database', 'pool.max')`. Skips the root key. */
export function join(...keys: readonly Key[]): Key {
  return keyOf(keys.filter((key) => key !== '').join('.'));
}

const canonicalKeys = new Map<string, Key>();

/** The canonical form of a key that a person has written. Dots and slashes separate segments.
 *  @throws `invalid_key` for an empty segment, `.`, `..`, or text that is not a key.
 *  @example
 *  keyOf('acme/inference/database.host'); // => 'acme.inference.database.host'
 *  @see keyFrom for segments that a source spells. */
export function keyOf(text: string): Key {
  const known = canonicalKeys.get(text);
  if (known !== undefined) return known;
  if (typeof text !== 'string')
    throw new ConfigError(
      'invalid_key',
      `a key must be a string; received ${text === null ? 'null' : typeof text}`,
    );
  const key =
    text === ''
      ? ''
      : keyFrom(
          checked(text, text.length <= maxLength && plainKey.test(text) ? text.split('.') : scan(text, './')),
        );
  const canonical = key === text ? text : key; // the same string object compares faster than an equal one
  if (canonicalKeys.size >= 10_000) canonicalKeys.clear();
  canonicalKeys.set(text, canonical);
  return canonical;
}

function checked(text: string, parts: string[]): string[] {
  for (const part of parts) {
    if (part === '') throw invalid(text, 'has an empty segment');
    if (part === '.' || part === '..') throw invalid(text, `has the segment "${part}"`);
    if (/\p{Cc}/u.test(part)) throw invalid(text, 'has a control character');
  }
  return parts;
}

function scan(text: string, separators: string): string[] {
  if (text.length > 2 * maxLength) throw invalid(text, `has more than ${maxLength} characters`);
  const found: string[] = [];
  for (let at = 0; at <= text.length; at++) {
    let end = at;
    if (text[at] === '"') {
      for (end++; end < text.length && text[end] !== '"'; end++) if (text[end] === '\\') end++;
      end++;
      found.push(unquoted(text, text.slice(at, end)));
      if (end < text.length && !separators.includes(text[end] as string))
        throw invalid(text, 'has text after a closing quote');
    } else {
      while (end < text.length && !separators.includes(text[end] as string)) end++;
      const part = text.slice(at, end);
      if (/[\s"\\]/.test(part)) throw invalid(text, 'has a space, quote or backslash outside quotes');
      found.push(part);
    }
    at = end;
  }
  return found;
}

function unquoted(text: string, quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw invalid(text, 'has an unclosed quote or an unknown escape');
  }
}

function invalid(text: string, why: string): ConfigError {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
  return new ConfigError('invalid_key', `the key ${shown} ${why}`, {
    hint: 'Separate segments with dots: database.pool.max. Quote special ones: ingress."api.example.com"',
  });
}

/** The key without its last segment. The parent of the root is the root. */
export function parent(key: Key): Key {
  if (key.endsWith('"')) return keyFrom(segments(key).slice(0, -1));
  return key.slice(0, Math.max(0, key.lastIndexOf('.')));
}

/** Whether `key` is `prefix` or below it. Compares canonical keys. */
export function startsWith(key: Key, prefix: Key): boolean {
  const { length } = prefix;
  // the letter after the prefix rules most keys out, in less time than startsWith takes
  return length === 0 || ((key.length === length || key[length] === '.') && key.startsWith(prefix));
}

/** `key` without `prefix`, with which it must start. */
export function rest(key: Key, prefix: Key): Key {
  return prefix === '' ? key : key.slice(prefix.length + 1);
}

/** Joins two canonical keys, without a check of the limits: `append('database', 'pool.max')`. */
export function append(prefix: Key, key: Key): Key {
  return prefix === '' ? key : key === '' ? prefix : `${prefix}.${key}`;
}

/** The letters by which loose names are compared: `POOL_MAX`, `poolMax` and `pool-max` are all `poolmax`. */
export function letters(segment: string): string {
  return segment.replace(/[-_]/g, '').toLowerCase();
}

const wordsOf = (segment: string): string[] =>
  segment
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .split(/[-_]+/)
    .filter(Boolean)
    .map((word) => word.toLowerCase());

/** `poolMax` from any spelling of one segment. The letters do not change. */
export function camel(segment: string): string {
  return (
    wordsOf(segment).reduce((camelCase, word) => camelCase + (camelCase === '' ? word : capital(word)), '') ||
    segment
  );
}

/** Capitalises a word, unless its first letter has no capital that leads back to it. */
function capital(word: string): string {
  const first = word.slice(0, 1).toUpperCase();
  return first.toLowerCase() === word.slice(0, 1) ? first + word.slice(1) : word;
}

/** `pool_max` from any spelling of one segment. */
export function snake(segment: string): string {
  return wordsOf(segment).join('_') || segment;
}

/** `pool-max` from any spelling of one segment. */
export function kebab(segment: string): string {
  return wordsOf(segment).join('-') || segment;
}

/** `POOL_MAX` from any spelling of one segment. */
export function screaming(segment: string): string {
  return snake(segment).toUpperCase();
}
