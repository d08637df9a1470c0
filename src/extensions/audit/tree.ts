// Merkle trees of RFC 6962 over the lines of a log: hashes, the right edge, proofs. Used by the log, which
// keeps only the edge (a hash for each bit of the size), and by `prove`, which holds 32 bytes for each entry.

import { hash } from 'node:crypto';
import { ConfigError } from '../../errors.ts';

/** The hash of a leaf: the SHA-256 of a zero byte and the line. `prefixed` begins with that byte. */
export const leafHash = (prefixed: Uint8Array): Buffer => hash('sha256', prefixed, 'buffer');

const pair = Buffer.alloc(65, 1);
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 33);
  return hash('sha256', pair, 'buffer');
}

const emptyRoot = hash('sha256', Buffer.alloc(0), 'buffer');

/** The right edge of a tree: the roots of its complete subtrees, the largest first. */
export class Edge {
  #size: number;
  readonly #peaks: Buffer[];

  constructor(size = 0, peaks: readonly Buffer[] = []) {
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  get peaks(): readonly Buffer[] {
    return this.#peaks;
  }

  add(leaf: Buffer): void {
    let node = leaf;
    for (let n = this.#size; n % 2 === 1; n = (n - 1) / 2) node = nodeHash(this.#peaks.pop() as Buffer, node);
    this.#peaks.push(node);
    this.#size++;
  }

  root(): Buffer {
    return this.#peaks.length === 0
      ? emptyRoot
      : this.#peaks.reduceRight((right, left) => nodeHash(left, right));
  }

  copy(): Edge {
    return new Edge(this.#size, this.#peaks);
  }
}

/** The number of subtrees of an edge: the bits of the size. */
export function peaksOf(size: number): number {
  let count = 0;
  for (let left = size; left > 0; left = Math.floor(left / 2)) count += left % 2;
  return count;
}

/** The largest power of two below a size: where RFC 6962 splits a tree. */
const splitOf = (size: number): number => {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
};

/** The hashes of leaves, from which proofs are made. The leaves before `edge` may be missing. */
export class Leaves {
  readonly #first: number;
  readonly #peaks = new Map<string, Buffer>();
  #hashes = Buffer.allocUnsafe(1 << 16);
  #size: number;

  constructor(edge = new Edge()) {
    this.#first = this.#size = edge.size;
    let begin = 0;
    for (const peak of edge.peaks) {
      let size = 1;
      while (size * 2 <= edge.size - begin) size *= 2;
      this.#peaks.set(`${begin} ${begin + size}`, peak);
      begin += size;
    }
  }

  get size(): number {
    return this.#size;
  }

  add(leaf: Buffer): void {
    const at = (this.#size++ - this.#first) * 32;
    if (at === this.#hashes.length) {
      const larger = Buffer.allocUnsafe(at * 2);
      this.#hashes.copy(larger);
      this.#hashes = larger;
    }
    leaf.copy(this.#hashes, at);
  }

  /** The hashes that prove that leaf `index` is in the tree of the first `size` leaves. */
  inclusion(index: number, size = this.#size): Buffer[] {
    const path = (begin: number, end: number): Buffer[] => {
      if (end - begin === 1) return [];
      const middle = begin + splitOf(end - begin);
      return index < middle
        ? [...path(begin, middle), this.#root(middle, end)]
        : [...path(middle, end), this.#root(begin, middle)];
    };
    return path(0, size);
  }

  /** The hashes that prove that the tree of the first `from` leaves is the beginning of that of `size`. */
  consistency(from: number, size = this.#size): Buffer[] {
    const path = (begin: number, end: number, isWhole: boolean): Buffer[] => {
      if (end === from) return isWhole ? [] : [this.#root(begin, end)];
      const middle = begin + splitOf(end - begin);
      return from <= middle
        ? [...path(begin, middle, isWhole), this.#root(middle, end)]
        : [...path(middle, end, false), this.#root(begin, middle)];
    };
    return from === 0 ? [] : path(0, size, true);
  }

  #root(begin: number, end: number): Buffer {
    const peak = this.#peaks.get(`${begin} ${end}`);
    if (peak) return peak;
    if (end - begin > 1) {
      const middle = begin + splitOf(end - begin);
      return nodeHash(this.#root(begin, middle), this.#root(middle, end));
    }
    if (begin < this.#first)
      throw new ConfigError('not_found', `audit: the entries before ${this.#first} have been deleted`, {
        hint: 'Restore the older files of the log from a backup',
      });
    const at = (begin - this.#first) * 32;
    return this.#hashes.subarray(at, at + 32);
  }
}
