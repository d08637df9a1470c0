// Replaces secrets in a stream of bytes, also where a chunk ends inside one. Used by `run --mask`. Finds all
// secrets in one pass (Aho-Corasick), so that their number does not matter. Overlapping ones become one.

import { Transform } from 'node:stream';
import { MASK } from '../../redact.ts';

const mask = Buffer.from(MASK);

/** Secrets as a machine that reads bytes: each state is the longest part of the input that begins one. */
export class SecretBytes {
  /** The column of each byte in the table; 0 for bytes that are in no secret. */
  readonly #column = new Uint8Array(256);
  readonly #width: number;
  readonly #table: Int32Array;
  /** By state: the length of the longest secret that ends here. */
  readonly #ends: Int32Array;
  /** By state: how much of the input may be the beginning of a secret that goes on. */
  readonly #open: Int32Array;

  constructor(secrets: readonly Buffer[]) {
    const bytes = [...new Set(secrets.flatMap((secret) => [...secret]))];
    for (const [i, byte] of bytes.entries()) this.#column[byte] = i + 1;
    const width = bytes.length + 1;
    const states = secrets.reduce((sum, { length }) => sum + length, 1);
    const table = new Int32Array(states * width);
    const ends = new Int32Array(states);
    const open = new Int32Array(states);
    let last = 0;
    for (const secret of secrets) {
      let state = 0;
      for (const byte of secret) {
        const at = state * width + (this.#column[byte] as number);
        if (table[at] === 0) table[at] = ++last;
        state = table[at] as number;
      }
      ends[state] = secret.length;
    }
    link(table, width, ends, open);
    this.#width = width;
    this.#table = table;
    this.#ends = ends;
    this.#open = open;
  }

  next(state: number, byte: number): number {
    return this.#table[state * this.#width + (this.#column[byte] as number)] as number;
  }

  /** The length of the longest secret that ends in this state, or 0. */
  ending(state: number): number {
    return this.#ends[state] as number;
  }

  /** How many bytes to hold back, because they may begin a secret. */
  open(state: number): number {
    return this.#open[state] as number;
  }
}

/** Fills in the transitions after a mismatch: to the longest shorter beginning of a secret. */
function link(table: Int32Array, width: number, ends: Int32Array, open: Int32Array): void {
  const depth = new Int32Array(ends.length);
  const shorter = new Int32Array(ends.length);
  const queue: number[] = [0];
  for (let i = 0; i < queue.length; i++) {
    const state = queue[i] as number;
    const back = shorter[state] as number;
    let isOpen = false;
    for (let column = 1; column < width; column++) {
      const at = state * width + column;
      const fallback = state === 0 ? 0 : (table[back * width + column] as number);
      const next = table[at] as number;
      if (next === 0) {
        table[at] = fallback;
        continue;
      }
      isOpen = true;
      shorter[next] = fallback;
      depth[next] = (depth[state] as number) + 1;
      queue.push(next);
    }
    ends[state] ||= ends[back] as number;
    open[state] = isOpen ? (depth[state] as number) : (open[back] as number);
  }
}

/** A stream that passes on all bytes but secrets, which become `[redacted]`. Holds back the beginning of a
 *  secret until the next bytes decide. */
export function maskStream(secrets: SecretBytes): Transform {
  let held: Buffer = Buffer.alloc(0);
  let state = 0;
  /** Secrets in what is held back: pairs of start and end. */
  let found: number[] = [];

  /** Passes on everything before `limit`, and keeps the rest. */
  const emit = (stream: Transform, all: Buffer, limit: number): void => {
    let from = 0;
    let i = 0;
    for (; i < found.length && (found[i + 1] as number) <= limit; i += 2) {
      if ((found[i] as number) > from) stream.push(all.subarray(from, found[i]));
      stream.push(mask);
      from = found[i + 1] as number;
    }
    const until = i < found.length ? Math.min(limit, found[i] as number) : limit;
    if (until > from) stream.push(all.subarray(from, until));
    const kept = Math.max(from, until);
    found = found.slice(i).map((at) => at - kept);
    held = Buffer.from(all.subarray(kept)); // a copy, so that the chunk can be freed
  };

  return new Transform({
    transform(chunk: Buffer, _, done) {
      const all = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
      for (let i = held.length; i < all.length; i++) {
        state = secrets.next(state, all[i] as number);
        const length = secrets.ending(state);
        if (length > 0) add(found, i + 1 - length, i + 1);
      }
      emit(this, all, all.length - secrets.open(state));
      done();
    },
    flush(done) {
      emit(this, held, held.length);
      done();
    },
  });
}

/** Adds a secret to a sorted list of pairs. Joins it with those that it overlaps. */
function add(found: number[], start: number, end: number): void {
  let from = start;
  while (found.length > 0 && (found.at(-1) as number) > from) {
    from = Math.min(from, found.at(-2) as number);
    found.length -= 2;
  }
  found.push(from, end);
}
