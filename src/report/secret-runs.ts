// Finds secrets, or parts of them, in texts. Used by the report for the words of a schema and lines of files,
// and by config/ for the names in a printed configuration. All secrets become one set of short runs, so that
// a text costs its own length, however many secrets there are.

import { shiftedBase64, urlUserinfos } from '../redact.ts';

/** A secret with fewer letters and digits is compared as a whole. */
const minLetters = 4;

export interface SecretRunsOptions {
  /** How many letters and digits in a row are a part of a secret. @default 8 */
  readonly run?: number;
  /** `whole` also finds the scheme and the host of a URL. @default 'parts' */
  readonly urls?: 'parts' | 'whole';
  /** With more characters in all secrets together, every text counts as one that holds a secret.
   *  @default 256_000, as in 1,000 secrets of 256 characters */
  readonly maxCharacters?: number;
}

/** Secrets to find in texts. Compares letters and digits only, in lower case: of each secret every run of
 *  `run` characters, or the whole secret if it is shorter. A secret of fewer than four letters and digits
 *  must be the whole text. Finds secrets as they are, reversed, percent-encoded, escaped as in JSON, in hex,
 *  and in base64 at any position. Of a URL, only the user and the password count; without them, what follows
 *  the host. */
export class SecretRuns {
  readonly #run: number;
  /** The hashes of all pieces to find, sorted, by the length of the pieces. */
  readonly #pieces: ReadonlyMap<number, Float64Array>;
  /** Secrets that are too short to be found inside other texts. */
  readonly #wholes = new Set<string>();
  /** Long secrets of signs, which have no letters to compare. */
  readonly #signs: string[] = [];
  /** Too many secrets to know. */
  readonly #isFull: boolean;

  /** Takes scalars, lists and objects; booleans and null are never secret. */
  constructor(
    secrets: Iterable<unknown>,
    { run = 8, urls = 'parts', maxCharacters = 256_000 }: SecretRunsOptions = {},
  ) {
    this.#run = run;
    const hashes = new Map<number, number[]>();
    const texts = [...textsOf(secrets)];
    const parts = new Set(urls === 'whole' ? texts : texts.flatMap(partsOf));
    this.#isFull = [...parts].reduce((sum, text) => sum + text.length, 0) > maxCharacters;
    if (!this.#isFull) for (const text of parts) this.#add(text, hashes);
    this.#pieces = new Map(Array.from(hashes, ([length, all]) => [length, Float64Array.from(all).sort()]));
  }

  /** Whether a text holds a secret. True for every text if the secrets are too many to know. */
  holds(text: string): boolean {
    if (this.#isFull) return true;
    const plain = lettersOf(text);
    const reversed = mirrored(plain);
    if (this.#wholes.has(text) || this.#wholes.has(plain) || this.#wholes.has(reversed)) return true;
    if (this.#signs.some((signs) => text.includes(signs))) return true;
    return [...this.#pieces.keys()].some((length) => this.#holdsPiece(length, plain, reversed));
  }

  /** Whether letters hold a run of a secret. Ignores secrets that are shorter than a run. */
  holdsRun(letters: string): boolean {
    return this.#isFull || this.#holdsPiece(this.#run, letters, mirrored(letters));
  }

  #holdsPiece(length: number, ...texts: readonly string[]): boolean {
    const known = this.#pieces.get(length);
    if (!known) return false;
    for (const text of texts)
      for (let at = 0; at + length <= text.length; at++)
        if (includes(known, hashOf(text, at, length))) return true;
    return false;
  }

  #add(secret: string, hashes: Map<number, number[]>): void {
    const { length } = lettersOf(secret);
    if (length < minLetters && secret.length >= 2 * minLetters) this.#signs.push(secret);
    if (length < minLetters) this.#wholes.add(secret);
    for (const form of formsOf(secret)) {
      if (length < minLetters) {
        if (form !== '') this.#wholes.add(form);
        continue;
      }
      const size = length < this.#run ? form.length : Math.min(form.length, this.#run);
      if (size < minLetters) continue;
      const known = hashes.get(size) ?? [];
      hashes.set(size, known);
      for (let at = 0; at + size <= form.length; at++) known.push(hashOf(form, at, size));
    }
  }
}

/** A hash of 52 bits: two different pieces practically never have the same. A number needs a tenth of the
 *  memory and time that a string in a set would. */
function hashOf(text: string, from: number, length: number): number {
  let [high, low] = [length, length];
  for (let at = from; at < from + length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low, 0x5bd1e995) + code;
  }
  return (high >>> 0) * 0x100000 + (low >>> 12);
}

/** Binary search. */
function includes(sorted: Float64Array, wanted: number): boolean {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] as number) < wanted) from = middle + 1;
    else to = middle;
  }
  return sorted[from] === wanted;
}

/** The texts of secrets, also inside lists and objects. */
function* textsOf(secrets: Iterable<unknown>): Generator<string> {
  for (const secret of secrets) {
    if (typeof secret === 'object' && secret !== null) yield* textsOf(Object.values(secret));
    else if (typeof secret !== 'boolean' && secret !== null && secret !== undefined && secret !== '')
      yield String(secret);
  }
}

/** The parts of a secret that are secret: of a URL, not the scheme and the host. */
function partsOf(secret: string): readonly string[] {
  if (!/^[a-z][a-z0-9+.-]{0,31}:\/\/\S*$/i.test(secret)) return [secret];
  const userinfos = urlUserinfos(secret).flatMap((userinfo) => {
    const colon = userinfo.indexOf(':');
    return colon < 0 ? [userinfo] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  });
  const found = userinfos.length > 0 ? userinfos : [secret.replace(/^[^:]*:\/\/[^/?#]*/, '')];
  return [...found, ...found.map(decoded)].filter((part) => part !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The letters and digits of a text, in lower case. */
export const lettersOf = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

const mirrored = (text: string): string => [...text].reverse().join('');

/** A secret as other texts may hold it, each form reduced to its letters. */
function formsOf(secret: string): ReadonlySet<string> {
  const bytes = Buffer.from(secret);
  return new Set(
    [
      secret,
      encodeURIComponent(bytes.toString()),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString('hex'),
      ...[0, 1, 2].map((shift) => shiftedBase64(bytes, shift)),
    ].map(lettersOf),
  );
}
