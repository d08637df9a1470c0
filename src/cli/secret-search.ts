// Searches bytes for the secret values of a configuration. Used by `scan` for files, and by inspect.ts for
// texts that are printed. All spellings are searched in one pass, so that a file costs its own length.

import type { Key } from '../value.ts';
import { type SecretValue, type Spelling, scalarsIn, spellingsOf } from './secret-spellings.ts';

/** Shorter values are not searched, and neither are numbers: they are in any file by chance. */
const shortest = 6;
const shortestParts = { line: 20, password: 8 };

/** One spelling of one value. */
interface Wanted {
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
export class SecretSearch {
  /** The keys with a value that is too short to be searched, or a number. */
  readonly short: ReadonlySet<Key>;
  /** The keys with a value that is searched. */
  readonly keys: ReadonlySet<Key>;
  /** The length of the longest spelling, in bytes. */
  readonly longest: number;
  /** By the number that the first four bytes make. */
  readonly #byHead = new Map<number, Wanted[]>();
  /** Rules out most positions: one bit of a hash of the first four bytes. */
  readonly #heads = new Uint8Array(0x10000);

  constructor(secrets: Iterable<SecretValue>) {
    const [short, keys] = [new Set<Key>(), new Set<Key>()];
    const known = new Set<string>();
    let longest = 0;
    for (const { key, value } of secrets)
      for (const text of scalarsIn(value)) {
        if (typeof text !== 'string' || Buffer.byteLength(text) < shortest) {
          short.add(key);
          continue;
        }
        keys.add(key);
        for (const [spelling, bytes] of bytesOf(text)) {
          const name = `${key}\0${bytes.toString('latin1')}`;
          if (bytes.length < shortest || known.has(name)) continue;
          known.add(name);
          longest = Math.max(longest, bytes.length);
          this.#add({ key, spelling, bytes });
        }
      }
    for (const wanted of this.#byHead.values()) wanted.sort((a, b) => b.bytes.length - a.bytes.length);
    this.short = short;
    this.keys = keys;
    this.longest = longest;
  }

  #add(wanted: Wanted): void {
    const head = wanted.bytes.readUInt32LE(0);
    const others = this.#byHead.get(head);
    if (others) others.push(wanted);
    else this.#byHead.set(head, [wanted]);
    this.#heads[slot(head)] = 1;
  }

  /** Every place of a spelling, in order. Of spellings of one key at one place, the longest. */
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
    for (const { key, spelling, bytes: spelled } of this.#byHead.get(head >>> 0) ?? []) {
      const { length } = spelled;
      if (seen.has(key) || at + length > bytes.length) continue;
      if (bytes.compare(spelled, 0, length, at, at + length) !== 0) continue;
      seen.add(key);
      yield { key, spelling, at, length };
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

/** Programs for Windows have texts in UTF-16. */
function* bytesOf(text: string): Generator<readonly [Spelling, Buffer]> {
  for (const [spelling, spelled] of spellingsOf(text, shortestParts)) yield [spelling, Buffer.from(spelled)];
  yield ['plain', Buffer.from(text, 'utf16le')];
}
