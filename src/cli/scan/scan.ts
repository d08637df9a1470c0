// Searches files for secrets: where each is, and of which key. Used by the command `scan`. Keeps no value:
// what is found has a place, a key and a spelling.

import { nameAndCode } from '../../errors.ts';
import { MASK } from '../../redact.ts';
import type { Key } from '../../value.ts';
import type { SecretSearch } from '../secret-search.ts';
import type { Spelling } from '../secret-spellings.ts';
import type { ScannedFile } from './files.ts';
import { type TokenKind, tokensIn } from './tokens.ts';

/** A place of a secret. */
export interface Finding {
  readonly file: string;
  /** Undefined in a binary file, and for a secret in the name of the file. */
  readonly line?: number;
  /** The place in a binary file, in bytes. */
  readonly byte?: number;
  /** The key whose value it is. Undefined for what only looks like a secret. */
  readonly key?: Key;
  readonly as: Spelling | TokenKind | 'the name of the file';
}

export interface Scanned {
  readonly found: readonly Finding[];
  readonly files: number;
  readonly bytes: number;
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

/** So many places of one file say enough. */
const mostPerFile = 100;
/** Parts of a file share at least as many bytes, so that a token is whole in one of them. */
const tokenSpan = 4_096;

export async function scanFiles(files: AsyncIterable<ScannedFile>, search: SecretSearch): Promise<Scanned> {
  const found: Finding[] = [];
  const unreadable: { file: string; reason: string }[] = [];
  let count = 0;
  let size = 0;
  for await (const file of files) {
    const name = search.masked(file.name, MASK);
    for (const { key } of search.in(Buffer.from(file.name)))
      found.push({ file: name, key, as: 'the name of the file' });
    const places = new Map<string, Finding>();
    try {
      let seen = 0;
      const lines = new Lines();
      for await (const { bytes, from } of file.parts(Math.max(search.longest, tokenSpan))) {
        seen = from + bytes.length;
        if (places.size >= mostPerFile) continue;
        for (const one of findingsIn(bytes, from, lines, search)) {
          const place = `${one.line ?? ''}:${one.byte ?? ''}:${one.key ?? one.as}`;
          if (!places.has(place) && places.size < mostPerFile) places.set(place, { file: name, ...one });
        }
      }
      if (seen > 0) count++;
      size += seen;
    } catch (error) {
      unreadable.push({ file: name, reason: nameAndCode(error) });
    }
    found.push(...places.values());
  }
  return { found, files: count, bytes: size, unreadable };
}

type Place = Omit<Finding, 'file'>;

function* findingsIn(raw: Buffer, from: number, lines: Lines, search: SecretSearch): Generator<Place> {
  const bytes = from === 0 ? fromUtf16(raw) : raw;
  if (from === 0) lines.isBinary = bytes.subarray(0, 8_000).includes(0);
  if (lines.isBinary) {
    for (const { key, spelling, at } of search.in(bytes)) yield { byte: from + at, key, as: spelling };
    return;
  }
  lines.begin(bytes, from);
  for (const { key, spelling, at } of search.in(bytes)) yield { line: lines.at(at), key, as: spelling };
  // as bytes, so that a place in the text is one in the file
  for (const { kind, at } of tokensIn(bytes.toString('latin1'))) yield { line: lines.at(at), as: kind };
}

/** Text of Windows, which begins with a mark, as UTF-8. */
function fromUtf16(bytes: Buffer): Buffer {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return Buffer.from(bytes.toString('utf16le'));
  if (bytes[0] !== 0xfe || bytes[1] !== 0xff) return bytes;
  return Buffer.from(
    Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le'),
  );
}

/** The numbers of lines in the parts of one file. */
class Lines {
  isBinary = false;
  #bytes: Buffer = Buffer.alloc(0);
  #from = 0;
  /** The line at `#known` in the part. */
  #line = 1;
  #known = 0;

  begin(bytes: Buffer, from: number): void {
    this.at(Math.min(from - this.#from, this.#bytes.length));
    this.#bytes = bytes;
    this.#from = from;
    this.#known = 0;
  }

  /** The line of a place in the part. Places may come in any order, but cost least in ascending order. */
  at(place: number): number {
    const [start, end] = [Math.min(place, this.#known), Math.max(place, this.#known)];
    let breaks = 0;
    for (let next = this.#bytes.indexOf(10, start); next >= 0 && next < end; breaks++)
      next = this.#bytes.indexOf(10, next + 1);
    this.#line += place >= this.#known ? breaks : -breaks;
    this.#known = place;
    return this.#line;
  }
}
