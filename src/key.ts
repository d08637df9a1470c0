import { ConfigError } from './errors.ts';
import type { Key } from './value.ts';

const maxLength = 512;
const maxSegments = 32;
/** Names that could reach a prototype. */
export const reserved: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor']);
const odd = /[\s./"\\\p{Cc}]/u;
const plainKey = /^[\w-]+(?:\.[\w-]+)*$/;

/** Segments to canonical text. Only the limits and names that could reach a prototype are refused: for what sources say. */
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

/** One segment as it stands in a key: odd ones quoted, those that could reach a prototype refused. */
export function quote(segment: string): Key {
  if (reserved.has(segment)) throw invalid(segment, 'could reach a prototype');
  return segment === '' || odd.test(segment) ? JSON.stringify(segment) : segment;
}

/** The segments of a canonical key. */
export function segments(key: Key): string[] {
  if (key === '') return [];
  return key.includes('"') ? scan(key, '.') : key.split('.');
}

/** One key of several keys: `join('database', 'pool.max')`. The root adds nothing. */
export function join(...keys: readonly Key[]): Key {
  return keyOf(keys.filter((key) => key !== '').join('.'));
}

const spelled = new Map<string, Key>();

/** What a person wrote (`acme/inference/database.host`) in canonical form. Typing mistakes are refused: `invalid_key`. */
export function keyOf(text: string): Key {
  const known = spelled.get(text);
  if (known !== undefined) return known;
  if (typeof text !== 'string')
    throw new ConfigError(
      'invalid_key',
      `a key must be a string, not ${text === null ? 'null' : typeof text}`,
    );
  const key =
    text === ''
      ? ''
      : keyFrom(
          checked(text, text.length <= maxLength && plainKey.test(text) ? text.split('.') : scan(text, './')),
        );
  const canonical = key === text ? text : key; // one string for both is compared faster than two alike
  if (spelled.size >= 10_000) spelled.clear();
  spelled.set(text, canonical);
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
        throw invalid(text, 'has something behind a closing quote');
    } else {
      while (end < text.length && !separators.includes(text[end] as string)) end++;
      const part = text.slice(at, end);
      if (/[\s"\\]/.test(part)) throw invalid(text, 'has a blank, quote or backslash outside quotes');
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
    throw invalid(text, 'has a quote that does not close, or an unknown escape');
  }
}

function invalid(text: string, why: string): ConfigError {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
  return new ConfigError('invalid_key', `the key ${shown} ${why}`, {
    hint: 'Write segments with dots, as in database.pool.max; quote odd ones, as in ingress."api.example.com"',
  });
}

/** The key one segment up; the root's parent is the root. */
export function parent(key: Key): Key {
  if (key.endsWith('"')) return keyFrom(segments(key).slice(0, -1));
  return key.slice(0, Math.max(0, key.lastIndexOf('.')));
}

/** Whether `key` is `prefix` or stands below it. */
export function startsWith(key: Key, prefix: Key): boolean {
  return (
    prefix === '' || (key.startsWith(prefix) && (key.length === prefix.length || key[prefix.length] === '.'))
  );
}

/** What of `key` stands below `prefix`, which must hold it. */
export function rest(key: Key, prefix: Key): Key {
  return prefix === '' ? key : key.slice(prefix.length + 1);
}

/** Both keys below one another: `append('database', 'pool.max')`, canonical keys only; no check of the limits. */
export function append(prefix: Key, key: Key): Key {
  return prefix === '' ? key : key === '' ? prefix : `${prefix}.${key}`;
}

/** What loose names are compared by: `POOL_MAX`, `poolMax`, `pool-max` are all `poolmax`. */
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

/** `poolMax` from any spelling of one segment. Its letters stay the same. */
export function camel(segment: string): string {
  return (
    wordsOf(segment).reduce((before, word) => before + (before === '' ? word : capital(word)), '') || segment
  );
}

/** Some letters have no capital that leads back to them. */
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
