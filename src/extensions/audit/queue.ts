// The entries that wait for the disk. Used by recorder.ts. One batch is written at a time, and entries that
// arrive meanwhile make the next one. An entry with a caller fails with its batch; one without is kept until
// it is written.

import { type Clock, later } from '../../shelter/clock.ts';

/** Writes a batch, and returns the number of its first entry. */
export type Commit = (lines: readonly Buffer[]) => Promise<number>;

interface Waiting {
  readonly line: Buffer;
  /** Writes this entry, in a batch of its own. */
  readonly commit?: Commit | undefined;
  readonly done?: (index: number) => void;
  readonly failed?: (error: unknown) => void;
}

export interface QueueOptions {
  readonly commit: Commit;
  /** Called when a batch with kept entries has failed. */
  readonly onFailure: (error: unknown, kept: number) => void;
  readonly clock: Clock;
}

const maxBatch = 10_000;
const maxBatchBytes = 1 << 23;
const retryAfterMs = 1_000;

export class Queue {
  readonly #options: QueueOptions;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  /** Kept entries, those of the running batch included. */
  #kept = 0;
  readonly #awaited: (() => void)[] = [];

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** How many entries without a caller are not on disk yet. */
  get kept(): number {
    return this.#kept;
  }

  /** Resolves with the number of the entry when it is on disk. With `commit`, it is a batch of its own. */
  add(line: Buffer, commit?: Commit): Promise<number> {
    return new Promise((done, failed) => {
      this.#waiting.push({ line, done, failed, commit });
      this.#start();
    });
  }

  /** Takes an entry that no caller waits for. */
  keep(line: Buffer): void {
    this.#kept++;
    this.#waiting.push({ line });
    this.#start();
  }

  /** Resolves when the next batch is written, or when the queue is closed. */
  written(): Promise<void> {
    return new Promise((resolve) => this.#awaited.push(resolve));
  }

  /** Tries once to write what waits, and ends. */
  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (this.#waiting.length > 0) await (this.#writing = this.#run());
    this.#cancelRetry?.();
    for (const resolve of this.#awaited.splice(0)) resolve();
  }

  #start(): void {
    this.#writing ??= this.#run();
  }

  async #run(): Promise<void> {
    await undefined; // entries of the same turn are one batch
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    let wasWritten = true;
    while (this.#waiting.length > 0 && wasWritten) wasWritten = await this.#batch();
    this.#writing = undefined;
  }

  /** Writes one batch. False: it failed, and only kept entries wait. */
  async #batch(): Promise<boolean> {
    const batch = this.#take();
    try {
      const commit = batch[0]?.commit ?? this.#options.commit;
      const first = await commit(batch.map(({ line }) => line));
      this.#kept -= batch.reduce((sum, { done }) => (done ? sum : sum + 1), 0);
      batch.forEach(({ done }, i) => void done?.(first + i));
      for (const resolve of this.#awaited.splice(0)) resolve();
      return true;
    } catch (error) {
      for (const { failed } of batch) failed?.(error);
      const kept = batch.filter(({ failed }) => !failed);
      if (kept.length === 0) return true;
      this.#waiting.unshift(...kept);
      this.#options.onFailure(error, this.#kept);
      if (this.#waiting.some(({ failed }) => failed)) return true;
      this.#cancelRetry = later(this.#options.clock, retryAfterMs, () => this.#start());
      return false;
    }
  }

  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { line, commit } of this.#waiting) {
      bytes += line.length;
      if (count > 0 && (commit || count === maxBatch || bytes > maxBatchBytes)) break;
      count++;
      if (commit) break;
    }
    return this.#waiting.splice(0, count);
  }
}
