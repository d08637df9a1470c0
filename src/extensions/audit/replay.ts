// Reads the files of one log in order and checks what each checkpoint has signed. Used by opening and by
// `verify`. Stops at the first finding of a log: what follows it depends on it.

import { type Checkpoint, fromBase64, isOf, isValid, parseCheckpoint, type Verifier } from './note.ts';
import { scanLines } from './scan.ts';
import { Edge, leafHash, peaksOf } from './tree.ts';

/** What is wrong with a log. */
export interface Finding {
  /** `changed`: an entry is not the one that was signed. `truncated`: a checkpoint kept elsewhere has more.
   *  `unsigned`: a signature is missing, wrong or of another key. `unreadable`: a line is not one of a
   *  log. */
  readonly kind: 'changed' | 'reordered' | 'removed' | 'added' | 'truncated' | 'unsigned' | 'unreadable';
  /** In words, with the numbers of the entries. */
  readonly message: string;
  /** The number of the first entry that may be concerned. */
  readonly entry: number;
}

/** Called for each entry: its hash, its number, and its line in a buffer that is reused. */
export type OnLeaf = (leaf: Buffer, index: number, buffer: Buffer, begin: number, end: number) => void;

export interface ReplayOptions {
  /** The keys that may have signed the log with this origin. */
  readonly keys: (origin: string) => readonly Verifier[];
  /** Checkpoints of this origin that were kept elsewhere, the smallest first. */
  readonly kept?: (origin: string) => readonly Checkpoint[];
  readonly onLeaf?: OnLeaf;
  /** Called with the tree before the first entry that is still there. */
  readonly onStart?: (edge: Edge) => void;
  /** Called with each verified checkpoint and those who have signed it. */
  readonly onCheckpoint?: (checkpoint: Checkpoint, signers: readonly Verifier[]) => void;
}

const idHead = Buffer.byteLength('{"id":"');
const idEnd = idHead + 26;

export class Replay {
  /** The tree up to the last checkpoint. */
  edge = new Edge();
  /** The end of the last checkpoint in the file that was read last. */
  end = 0;
  /** The last checkpoint, as text. */
  note: string | undefined;
  checkpoint: Checkpoint | undefined;
  /** The key that signs the log now. */
  signer: Verifier | undefined;
  /** The number of the first entry that is still there. */
  first = 0;
  finding: Finding | undefined;
  /** How many of the kept checkpoints are of entries that have been deleted. */
  unchecked = 0;
  /** The bytes after the last checkpoint: nothing in them was acknowledged. */
  tailBytes = 0;
  readonly #options: ReplayOptions;
  #allKept: readonly Checkpoint[] = [];
  /** Those that are not compared yet. */
  #kept: readonly Checkpoint[] = [];
  #keys: readonly Verifier[] | undefined;
  /** The tree with the entries after the last checkpoint. */
  #ahead = new Edge();
  #outOfOrder: number | undefined;
  readonly #lastId = Buffer.alloc(26);

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  get origin(): string | undefined {
    return this.checkpoint?.origin;
  }

  /** Reads the next file. */
  async file(path: string): Promise<void> {
    if (this.tailBytes > 0)
      this.finding ??= found('added', this.edge.size, 'lines without a checkpoint precede a newer file');
    this.end = 0;
    let isHead = true;
    let at = 0;
    const rest = await scanLines(path, (buffer, begin, end, offset) => {
      at = offset + end - begin + 1;
      if (this.finding) return;
      this.finding = isHead
        ? this.#head(buffer.toString('utf8', begin, end))
        : buffer[begin] === 0x7b
          ? this.#leaf(buffer, begin, end)
          : this.#checkpoint(buffer.toString('utf8', begin, end));
      isHead = false;
      if (!this.finding && this.#ahead.size === this.edge.size) this.end = at;
    });
    this.tailBytes = at + rest - this.end;
  }

  /** What is missing at the end, compared with the checkpoints kept elsewhere. */
  finish(): void {
    const kept = this.#allKept.find(({ size }) => size > this.edge.size);
    if (kept)
      this.finding ??= found(
        'truncated',
        this.edge.size,
        `the log ends at size ${this.edge.size}, but a kept checkpoint is of size ${kept.size}`,
      );
  }

  #head(line: string): Finding | undefined {
    const [note, peaks] = listOf(line, 2) as [unknown, unknown];
    const hashes = Array.isArray(peaks) ? peaks.map((peak) => fromBase64(String(peak))) : [undefined];
    const checkpoint = typeof note === 'string' ? parseCheckpoint(note) : undefined;
    if (!checkpoint || hashes.length !== peaksOf(checkpoint.size) || hashes.some((one) => one?.length !== 32))
      return found('unreadable', this.edge.size, 'a file does not begin with a checkpoint and an edge');
    const edge = new Edge(checkpoint.size, hashes as Buffer[]);
    const { size } = this.#ahead;
    if (!this.checkpoint) this.first = checkpoint.size;
    else if (checkpoint.size > size)
      return found('removed', size, `the file with ${rangeOf(size, checkpoint.size)} is missing`);
    else if (checkpoint.size < size || !checkpoint.root.equals(this.#ahead.root()))
      return found('changed', size, `the file that begins at entry ${size} belongs to another log`);
    if (!edge.root().equals(checkpoint.root))
      return found('changed', size, `the edge at entry ${size} is not the one that was signed`);
    if (!this.checkpoint) {
      this.#options.onStart?.(edge);
      this.#kept = this.#allKept = this.#options.kept?.(checkpoint.origin) ?? [];
    }
    this.#ahead = edge;
    return this.#isKept() ?? this.#adopt(note as string, checkpoint);
  }

  #leaf(buffer: Buffer, begin: number, end: number): Finding | undefined {
    buffer[begin - 1] = 0;
    const leaf = leafHash(buffer.subarray(begin - 1, end));
    const index = this.#ahead.size;
    if (end - begin >= idEnd) {
      if (this.#lastId.compare(buffer, begin + idHead, begin + idEnd) >= 0) this.#outOfOrder ??= index;
      buffer.copy(this.#lastId, 0, begin + idHead, begin + idEnd);
    }
    this.#ahead.add(leaf);
    this.#options.onLeaf?.(leaf, index, buffer, begin, end);
    return this.#isKept();
  }

  /** Compares the tree with a checkpoint of this size that was kept elsewhere. */
  #isKept(): Finding | undefined {
    for (let [kept] = this.#kept; kept && kept.size <= this.#ahead.size; [kept] = this.#kept) {
      const { size, root } = kept;
      this.#kept = this.#kept.slice(1);
      if (size < this.#ahead.size) this.unchecked++;
      else if (!root.equals(this.#ahead.root()))
        return found('changed', this.first, `the first ${size} entries are not those of a kept checkpoint`);
    }
    return undefined;
  }

  #checkpoint(line: string): Finding | undefined {
    const [note] = listOf(line, 1);
    const checkpoint = typeof note === 'string' ? parseCheckpoint(note) : undefined;
    const { size } = this.edge;
    if (!checkpoint)
      return found('unreadable', size, `a line after entry ${this.#ahead.size - 1} is not one of a log`);
    if (checkpoint.size !== this.#ahead.size || !checkpoint.root.equals(this.#ahead.root()))
      return this.#mismatch(checkpoint.size - size, this.#ahead.size - size, checkpoint.size);
    return this.#adopt(note as string, checkpoint);
  }

  /** Says how the entries since the last checkpoint differ from those that were signed. */
  #mismatch(signed: number, present: number, until: number): Finding {
    const { size } = this.edge;
    const range = rangeOf(size, Math.max(until, size + 1));
    const missing = signed - present;
    if (missing > 0)
      return found('removed', size, `${missing} of ${range} ${missing > 1 ? 'are' : 'is'} missing`);
    if (missing < 0)
      return found('added', size, `${-missing} more than ${range} are between two checkpoints`);
    if (this.#outOfOrder !== undefined)
      return found('reordered', this.#outOfOrder, `entry ${this.#outOfOrder} is not in its place`);
    return found('changed', size, `${signed > 1 ? 'one of ' : ''}${range} is not what was signed`);
  }

  #adopt(note: string, checkpoint: Checkpoint): Finding | undefined {
    const { origin, size, signatures } = checkpoint;
    if (this.origin !== undefined && origin !== this.origin)
      return found('unsigned', this.edge.size, `the checkpoint at ${size} is of another log`);
    this.#keys ??= this.#options.keys(origin);
    const keys = this.#keys;
    const signers = signatures.map((one) => keys.find((key) => isOf(one, key)));
    if (
      signatures.length === 0 ||
      signers.some((key, i) => !key || !isValid(checkpoint, signatures[i] as never, key))
    )
      return found('unsigned', this.edge.size, `no known key has signed the checkpoint at ${size}`);
    const last = signers.at(-1) as Verifier;
    if (this.signer && !signers.some((key) => key?.id.equals(this.signer?.id as Buffer)))
      return found('unsigned', this.edge.size, `another key has signed the checkpoint at ${size}`);
    this.signer = last;
    this.edge = this.#ahead.copy();
    this.#outOfOrder = undefined;
    [this.note, this.checkpoint] = [note, checkpoint];
    this.#options.onCheckpoint?.(checkpoint, signers as Verifier[]);
    return undefined;
  }
}

const found = (kind: Finding['kind'], entry: number, message: string): Finding => ({ kind, entry, message });

const rangeOf = (from: number, to: number): string =>
  to - from > 1 ? `the entries ${from} to ${to - 1}` : `entry ${from}`;

/** A line that is a list in the one spelling that a log writes. */
function listOf(line: string, length: number): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(line);
    if (Array.isArray(list) && list.length === length && JSON.stringify(list) === line) return list;
  } catch {
    // not a line of a log
  }
  return [];
}
