// Writes batches to the files of one log: lines, checkpoint, one write, one fdatasync. Used by log.ts. A
// batch that fails is cut off before the next one is written; if that fails, too, the writer writes
// nothing more.

import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError, isConfigError } from '../../errors.ts';
import { syncFolder, writeError } from '../../local/write-atomic.ts';
import { fileName, filesOf, type LogFile } from './folder.ts';
import { type HeldLock, holdLock } from './held-lock.ts';
import { keysIn } from './key-history.ts';
import { checkpointText, noteOf, type Verifier } from './note.ts';
import { Replay } from './replay.ts';
import { isTorn } from './scan.ts';
import type { LogKey } from './signer.ts';
import { Edge, leafHash } from './tree.ts';

export interface WriterOptions {
  readonly folder: string;
  readonly origin: string;
  readonly key: LogKey;
  /** The key that signed the log until now. */
  readonly previousKey?: LogKey | undefined;
  readonly maxFileBytes: number;
  readonly now: () => number;
}

const dayOf = (time: number): number => Math.floor(time / 86_400_000);
const guardEveryMs = 5_000;

export class Writer {
  /** The signed root of everything that is on disk. */
  note = '';
  /** How many bytes opening has cut off: nothing in them was acknowledged. */
  cutBytes = 0;
  /** Whether the last checkpoint is of the earlier key: the key is to be changed. */
  isOfEarlierKey = false;
  key: LogKey;
  readonly #options: WriterOptions;
  readonly #lock: HeldLock;
  #edge = new Edge();
  #handle!: FileHandle;
  #end = 0;
  #day = 0;
  #first = 0;
  #guardedAt = 0;
  #broken: ConfigError | undefined;

  private constructor(options: WriterOptions, lock: HeldLock) {
    this.#options = options;
    this.#lock = lock;
    this.key = options.key;
  }

  /** Opens a log, or begins one. Cuts off what was never acknowledged.
   *  @throws ConfigError `conflict` if it is open, `crypto` if it was changed or another key signed it */
  static async open(options: WriterOptions): Promise<Writer> {
    await makeFolder(options.folder);
    const writer = new Writer(options, await holdLock(options.folder));
    try {
      await writer.#recover();
      return writer;
    } catch (error) {
      await writer.#lock.release();
      throw isConfigError(error) ? error : writeError(error, options.folder);
    }
  }

  get size(): number {
    return this.#edge.size;
  }

  /** The number of the first entry of the newest file. */
  get firstOfFile(): number {
    return this.#first;
  }

  /** Appends lines, and returns the number of the first once all are on disk. `signers`: the keys that sign.
   *  @throws ConfigError if none of the lines is in the log */
  async commit(lines: readonly Buffer[], signers: readonly LogKey[] = [this.key]): Promise<number> {
    if (this.#broken) throw this.#broken;
    const now = this.#options.now();
    await this.#guard();
    if (this.size > this.#first && (this.#end >= this.#options.maxFileBytes || dayOf(now) !== this.#day))
      await this.#nextFile(now);
    const edge = this.#edge.copy();
    for (const line of lines) edge.add(leafHash(line.subarray(0, -1)));
    const note = await this.#signed(edge, signers);
    const bytes = Buffer.concat([...lines.map((line) => line.subarray(1)), controlLine([note])]);
    try {
      await writeAll(this.#handle, bytes, this.#end);
      await this.#handle.datasync();
    } catch (error) {
      await this.#cut(error);
      throw writeError(error, this.#file);
    }
    const first = this.size;
    this.#end += bytes.length;
    [this.#edge, this.note] = [edge, note];
    return first;
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await this.#lock.release();
  }

  get #file(): string {
    return path.join(this.#options.folder, fileName(this.#first));
  }

  async #signed(edge: Edge, signers: readonly LogKey[]): Promise<string> {
    const { origin } = this.#options;
    const text = checkpointText(origin, edge.size, edge.root());
    return noteOf(text, await Promise.all(signers.map((key) => key.sign(text, origin))));
  }

  /** The lock is looked at rarely: only a process that was suspended can lose it. */
  async #guard(): Promise<void> {
    const at = performance.now();
    if (at - this.#guardedAt < guardEveryMs) return;
    await this.#lock.guard().catch((error: ConfigError) => {
      this.#broken = error;
      throw error;
    });
    this.#guardedAt = at;
  }

  async #cut(cause: unknown): Promise<void> {
    try {
      await this.#handle.truncate(this.#end);
    } catch {
      this.#broken = new ConfigError('io', `audit: ${this.#file} has a failed batch that cannot be cut off`, {
        cause,
        hint: 'Repair the file system, then open the log again',
      });
    }
  }

  /** Begins a file with the last checkpoint and the right edge of the tree, so that older ones may be
   *  deleted. */
  async #nextFile(now: number): Promise<void> {
    const file = path.join(this.#options.folder, fileName(this.size));
    const edge = this.#edge.peaks.map((peak) => peak.toString('base64'));
    const head = controlLine([this.note, edge]);
    let handle: FileHandle | undefined;
    try {
      handle = await open(file, 'w', 0o600); // one that could not be removed holds nothing that counts
      await writeAll(handle, head, 0);
      await handle.sync();
      await syncFolder(this.#options.folder);
    } catch (error) {
      await handle?.close().catch(() => undefined);
      if (handle) await rm(file, { force: true }).catch(() => undefined);
      throw writeError(error, file);
    }
    await (this.#handle as FileHandle | undefined)?.close();
    this.#handle = handle;
    [this.#first, this.#end, this.#day] = [this.size, head.length, dayOf(now)];
  }

  async #recover(): Promise<void> {
    const { folder } = this.#options;
    let files = await filesOf(folder);
    while (files.length > 0) {
      const last = files.at(-1) as LogFile;
      const replay = await this.#replay(last);
      if (replay.note !== undefined) return this.#continue(last, replay);
      const isBegun = replay.finding === undefined || replay.finding.kind === 'unreadable';
      if (!isBegun || (await readFile(last.path)).includes('\n{"id":"')) throw unopened(last.path, replay);
      this.cutBytes += replay.tailBytes;
      await rm(last.path); // a crash while it was begun: without a head nothing in it was acknowledged
      files = files.slice(0, -1);
    }
    this.note = await this.#signed(this.#edge, [this.key]);
    await this.#nextFile(this.#options.now());
  }

  async #replay({ path: file }: LogFile): Promise<Replay> {
    const { folder, key, previousKey } = this.#options;
    const earlier = await keysIn(folder);
    const replay = new Replay({
      keys: (origin): Verifier[] => [
        ...[key, previousKey].flatMap((one) => (one ? [one.verifier(origin)] : [])),
        ...earlier,
      ],
    });
    await replay.file(file);
    return replay;
  }

  async #continue({ path: file, first }: LogFile, replay: Replay): Promise<void> {
    const { key, origin, previousKey } = this.#options;
    const isSigner = (one: LogKey | undefined): boolean =>
      replay.signer !== undefined && one?.verifier(origin).id.equals(replay.signer.id) === true;
    this.#handle = await open(file, 'r+');
    try {
      if (replay.origin !== origin) throw damaged(file, replay, `it is the log of ${replay.origin}`);
      if (!isSigner(key) && !isSigner(previousKey)) throw ofAnotherKey(file);
      if (replay.finding && !(await isTorn(file, replay.end))) throw damaged(file, replay);
      if (replay.tailBytes > 0) {
        await this.#handle.truncate(replay.end);
        await this.#handle.datasync();
      }
      this.#day = dayOf((await this.#handle.stat()).mtimeMs);
    } catch (error) {
      await this.#handle.close();
      throw error;
    }
    this.cutBytes += replay.tailBytes;
    this.isOfEarlierKey = !isSigner(key);
    if (this.isOfEarlierKey) this.key = previousKey as LogKey;
    [this.#first, this.#end, this.#edge, this.note] = [first, replay.end, replay.edge, replay.note as string];
  }
}

const controlLine = (list: readonly unknown[]): Buffer => Buffer.from(`${JSON.stringify(list)}\n`);

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

/** Makes the folder of a log. Each new level is synced, so that a log does not vanish with its folder. */
async function makeFolder(folder: string): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    for (let at = folder; at.length >= path.dirname(made).length; at = path.dirname(at)) await syncFolder(at);
  } catch (error) {
    throw writeError(error, folder);
  }
}

/** A file whose head no known key has signed. */
const unopened = (file: string, replay: Replay): ConfigError =>
  replay.finding?.kind === 'unsigned' ? ofAnotherKey(file) : damaged(file, replay);

function damaged(file: string, { finding }: Replay, what = finding?.message): ConfigError {
  return new ConfigError('crypto', `audit: ${file} cannot be continued: ${what}`, {
    hint: 'Run llm-config audit verify, keep the folder as evidence, and open the log with another instance',
  });
}

const ofAnotherKey = (file: string): ConfigError =>
  new ConfigError('crypto', `audit: another key has signed ${file}`, {
    hint: 'Pass the key that signed the log so far as previousKey, and the change is recorded',
  });
