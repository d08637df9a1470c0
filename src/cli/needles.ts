// The secret values of a configuration as files may hold them, and their search in bytes. Used by `scan`. All
// spellings are searched in one pass, so that a file costs its own length, however many secrets there are.

import { urlUserinfos } from '../redact.ts';
import type { ConfigValue, Key } from '../value.ts';

/** Shorter values are not searched: they are in any file by chance. */
export const shortest = 6;

/** How a file spells a value. `escaped`: as in a JSON string. */
export type Spelling = 'plain' | 'base64' | 'url-encoded' | 'escaped' | 'in part';

/** A value to find, and the key that has it. */
export interface SecretValue {
  readonly key: Key;
  readonly value: ConfigValue;
}

interface Needle {
  readonly key: Key;
  readonly spelling: Spelling;
  readonly bytes: Buffer;
}

export interface Found {
  readonly key: Key;
  readonly spelling: Spelling;
  readonly at: number;
  readonly length: number;
}

/** Finds the spellings of secret values in bytes. */
export class Needles {
  /** The keys with a value that is too short to be searched. */
  readonly short: ReadonlySet<Key>;
  /** The keys with a value that is searched. */
  readonly keys: ReadonlySet<Key>;
  /** The length of the longest spelling, in bytes. */
  readonly longest: number;
  /** By the number that the first four bytes make. */
  readonly #byHead = new Map<number, Needle[]>();
  /** Rules out most positions: one bit of a hash of the first four bytes. */
  readonly #heads = new Uint8Array(0x10000);

  constructor(secrets: Iterable<SecretValue>) {
    const [short, keys] = [new Set<Key>(), new Set<Key>()];
    const known = new Set<string>();
    let longest = 0;
    for (const { key, value } of secrets)
      for (const text of textsOf(value)) {
        if (Buffer.byteLength(text) < shortest) {
          short.add(key);
          continue;
        }
        keys.add(key);
        for (const [spelling, spelled] of spellingsOf(text)) {
          const bytes = Buffer.from(spelled as string);
          const name = `${key}\0${bytes.toString('latin1')}`;
          if (bytes.length < shortest || known.has(name)) continue;
          known.add(name);
          longest = Math.max(longest, bytes.length);
          this.#add({ key, spelling, bytes });
        }
      }
    this.short = short;
    this.keys = keys;
    this.longest = longest;
  }

  #add(needle: Needle): void {
    const head = needle.bytes.readUInt32LE(0);
    const others = this.#byHead.get(head);
    if (others) others.push(needle);
    else this.#byHead.set(head, [needle]);
    this.#heads[slot(head)] = 1;
  }

  /** Every place of a spelling, in order. Of spellings of one key at one place, the first. */
  *in(bytes: Buffer): Generator<Found> {
    if (this.#byHead.size === 0 || bytes.length < shortest) return;
    const heads = this.#heads;
    let head = bytes.readUInt32LE(0);
    for (let at = 0; ; at++) {
      if (heads[slot(head)] === 1) yield* this.#at(bytes, at, head);
      if (at + 4 >= bytes.length) return;
      head = (head >>> 8) | ((bytes[at + 4] as number) << 24);
    }
  }

  *#at(bytes: Buffer, at: number, head: number): Generator<Found> {
    const seen = new Set<Key>();
    for (const needle of this.#byHead.get(head >>> 0) ?? []) {
      const { key, spelling, bytes: wanted } = needle;
      if (seen.has(key) || at + wanted.length > bytes.length) continue;
      if (bytes.compare(wanted, 0, wanted.length, at, at + wanted.length) !== 0) continue;
      seen.add(key);
      yield { key, spelling, at, length: wanted.length };
    }
  }

  /** A text with `mask` in place of every value. */
  masked(text: string, mask: string): string {
    const bytes = Buffer.from(text);
    let shown = '';
    let done = 0;
    for (const { at, length } of this.in(bytes)) {
      if (at >= done) shown += bytes.toString('utf8', done, at) + mask;
      done = Math.max(done, at + length);
    }
    return shown + bytes.toString('utf8', done);
  }
}

const slot = (head: number): number => Math.imul(head, 0x9e3779b1) >>> 16;

/** The texts in a value. Numbers and booleans are in any file by chance. */
function* textsOf(value: ConfigValue): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) yield* textsOf(inner as ConfigValue);
}

/** The spellings of one value: also its lines, if it has several, and the password of a URL. */
function* spellingsOf(text: string): Generator<readonly [Spelling, string | Buffer]> {
  yield* wholeSpellings(text);
  yield ['plain', Buffer.from(text, 'utf16le')]; // in programs for Windows
  const lines = text.split(/\r?\n/).filter((line) => line.trim().length >= 20 && !line.startsWith('-----'));
  if (text.includes('\n')) for (const line of lines) yield ['in part', line.trim()];
  for (const userinfo of urlUserinfos(text)) {
    const password = userinfo.slice(userinfo.indexOf(':') + 1);
    for (const part of new Set([password, decodedUri(password)])) {
      if (part.length < 8) continue;
      for (const [, spelled] of wholeSpellings(part)) yield ['in part', spelled];
    }
  }
}

function* wholeSpellings(text: string): Generator<readonly [Spelling, string]> {
  yield ['plain', text];
  yield ['escaped', JSON.stringify(text).slice(1, -1)];
  const bytes = Buffer.from(text);
  const encoded = encodeURIComponent(bytes.toString());
  const strict = encoded.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  for (const one of new Set([encoded, strict])) {
    yield ['url-encoded', one];
    yield ['url-encoded', one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())];
    yield ['url-encoded', one.replaceAll('%20', '+')];
  }
  for (const shift of [0, 1, 2]) {
    const base64 = shiftedBase64(bytes, shift);
    yield ['base64', base64];
    yield ['base64', base64.replaceAll('+', '-').replaceAll('/', '_')];
  }
}

/** The base64 of bytes that follow `shift` others, without the characters that depend on the neighbours. */
function shiftedBase64(bytes: Buffer, shift: number): string {
  const first = Math.ceil((shift * 8) / 6);
  const last = Math.floor(((shift + bytes.length) * 8) / 6);
  return Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .slice(first, last);
}

function decodedUri(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
