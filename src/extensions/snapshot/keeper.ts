// Keeps the memory of a provider in its file: reads it when it has changed, writes it at most once in a while
// and at the end, and merges both ways. Used by remembered.ts. Nothing that goes wrong here fails a read: it
// is an event.

import type { ErrorCode } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { toConfigError } from '../../query.ts';
import type { KeySources } from '../../sealing/key-sources.ts';
import { later } from '../../shelter/clock.ts';
import type { Key } from '../../value.ts';
import { type Content, type FromFile, type SnapshotHead, type Stores, sealContent } from './content.ts';
import { Memory } from './memory.ts';
import type { Settings } from './options.ts';
import { isOlderVersion, type Leaf } from './remembered-leaf.ts';
import { fileBefore, keepBefore, locked, openText, shownAs, stampOf, textOf } from './snapshot-file.ts';
import type { Times } from './times.ts';

/** Counters of a snapshot since its provider was created. A type, so that it fits an index of numbers. */
export type SnapshotCounts = {
  /** Keys that were answered from the snapshot. */
  answers: number;
  writes: number;
  failedWrites: number;
  /** Files that counted as none: edited, foreign, too old. */
  refused: number;
};

const lockWaitMs = 10_000;
const afterFailureMs = 1_000;
const shownKeys = 10;

export class Keeper {
  readonly memory = new Memory();
  /** The keys that were last answered from memory. */
  readonly answered = new Set<Key>();
  readonly counts: SnapshotCounts = { answers: 0, writes: 0, failedWrites: 0, refused: 0 };
  /** When what the file has newest was read from the store. */
  savedNewest: number;
  readonly #name: string;
  readonly #settings: Settings;
  readonly #keys: KeySources;
  readonly #times: Times;
  readonly #emitter: Emitter;
  /** What the file knows of other providers. */
  readonly #others: Stores = new Map();
  #stamp: string | undefined;
  #head: SnapshotHead | undefined;
  /** The keys whose values the file has. */
  #saved: ReadonlySet<Key> = new Set();
  #isDirty = false;
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #reading: Promise<void> | undefined;
  #isClosed = false;
  #hasFailed = false;
  /** The number of the newest file that this process has seen. */
  #newest = 0;
  /** The file that was last reported as none. */
  #refused: string | undefined;

  constructor(name: string, settings: Settings, keys: KeySources, times: Times, emitter: Emitter) {
    this.#name = name;
    this.#settings = settings;
    this.#keys = keys;
    this.#times = times;
    this.#emitter = emitter;
    this.savedNewest = times.now();
  }

  /** Something was recorded: it is written now, or when the last write is long enough ago. */
  changed(): void {
    this.#isDirty = true;
    if (this.#cancel || this.#writing || this.#isClosed) return;
    const { clock, everyMs } = this.#settings;
    const pauseMs = this.#hasFailed ? Math.max(everyMs, afterFailureMs) : everyMs;
    const waitMs = Math.max(0, this.#lastWriteAt + pauseMs - this.#times.now());
    const write = (): void => {
      this.#cancel = undefined;
      void this.save().catch(() => undefined);
    };
    this.#cancel = later(clock, waitMs, write);
  }

  /** Takes over what the file has, if it has changed. A file that cannot be read is an event. */
  read(): Promise<void> {
    return (this.#reading ?? this.#startReading()).catch((error: unknown) => this.#report(error));
  }

  #startReading(): Promise<void> {
    const reading = this.#read().finally(() => {
      this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  /** Writes what is known. Throws if that fails, and tries again later. */
  async save(waitMs = lockWaitMs): Promise<void> {
    while (this.#writing) await this.#writing.catch(() => undefined);
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#lastWriteAt = this.#times.now();
    this.#writing = this.#write(waitMs);
    try {
      await this.#writing;
      this.counts.writes++;
      this.#hasFailed = false;
    } catch (error) {
      this.#isDirty = true;
      this.#hasFailed = true;
      this.counts.failedWrites++;
      this.#report(error);
      throw error;
    } finally {
      this.#writing = undefined;
      if (this.#isDirty) this.changed();
    }
  }

  /** Writes for the last time. */
  async close(waitMs: number): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.save(waitMs).catch(() => undefined);
  }

  /** @throws ConfigError if the file exists and cannot be read at present. One that counts as none is
   *  reported. */
  async #read(): Promise<void> {
    const { file, app, tenant, maxStaleMs } = this.#settings;
    const stamp = await stampOf(file);
    if (stamp === this.#stamp) return;
    this.#saved = new Set();
    this.#head = undefined;
    this.#stamp = undefined;
    if (stamp === undefined) return;
    try {
      const text = await textOf(file);
      const now = this.#times.now();
      const expected = { app, tenant, maxStaleMs, now: this.#times.shown() };
      // after this process has seen the clock put back, a time of the file may be older than it says
      const fromFile: FromFile = (time, kind) =>
        Math.min(now, kind === 'unknown' ? this.#times.steady(time) : time);
      this.#take(await openText(text, await this.#keys.find(), fromFile, file, expected));
      this.#stamp = stamp;
    } catch (error) {
      const { code } = toConfigError(error, this.#name);
      if (code !== 'crypto' && code !== 'parse') throw error;
      if (this.#refused === stamp) return;
      this.#refused = stamp;
      this.counts.refused++;
      this.#report(error);
    }
  }

  /** Takes over what the file has. */
  #take({ head, stores }: Content): void {
    const { file, maxStaleMs } = this.#settings;
    if (head.sequence < this.#newest)
      this.#notice(`${shownAs(file)} was replaced by an older one`, 'conflict');
    this.#newest = head.sequence;
    this.#head = head;
    const own = stores.get(this.#name);
    stores.delete(this.#name);
    for (const [name, memory] of stores) {
      const known = this.#others.get(name);
      if (known) known.merge(memory);
      else this.#others.set(name, memory);
    }
    if (!own) return;
    own.prune(maxStaleMs, { now: this.#times.now(), shown: this.#times.shown() });
    this.#saved = valuesIn(own);
    for (const key of this.#saved) this.#compare(key, own.leaves.get(key), this.memory.leaves.get(key));
    this.memory.merge(own);
  }

  /** Notes that a store answers with an older version than before. */
  #compare(key: Key, before: Leaf | undefined, now: Leaf | undefined): void {
    if (now && before && now.at > before.at && isOlderVersion(now, before))
      this.#notice(`${this.#name}: "${key}" has an older version than before`, 'conflict');
  }

  /** Records a leaf. */
  put(key: Key, leaf: Leaf): void {
    if (leaf.kind === 'value') this.#compare(key, this.memory.leaves.get(key), leaf);
    this.answered.delete(key);
    if (this.memory.put(key, leaf)) this.changed();
  }

  async #write(waitMs: number): Promise<void> {
    const { file, app, tenant, maxStaleMs } = this.#settings;
    await locked(file, waitMs, async (guard) => {
      // a read that began before the lock may have seen an older file
      while (this.#reading) await this.#reading.catch(() => undefined);
      await this.#startReading();
      const now = this.#times.now();
      const shown = this.#times.shown();
      for (const memory of [this.memory, ...this.#others.values()]) memory.prune(maxStaleMs, { now, shown });
      // a copy, because it is written in turns, and must not be half of one state and half of the next
      const stores: Stores = new Map([...this.#others, [this.#name, this.memory.copy()]]);
      const vanished = this.#vanished();
      const before = this.#head;
      const head = {
        app,
        tenant,
        savedAt: shown,
        sequence: this.#newest + 1,
        kept: before?.kept || vanished !== undefined || undefined,
      };
      const newest = newestIn(this.memory);
      const saved = valuesIn(this.memory);
      const keys = await this.#keys.find();
      const toFile = (time: number): number => this.#times.system(time);
      const text = await sealContent({ head, stores }, keys, toFile, shownAs(file));
      if (before && !before.kept) await keepBefore(file);
      await writeAtomic(file, text, { guard });
      this.#head = head;
      this.#newest = head.sequence;
      this.#saved = saved;
      this.#stamp = await stampOf(file);
      if (newest !== undefined) this.savedNewest = newest;
      if (vanished) this.#reportVanished(vanished);
    });
  }

  /** The keys of all values in the file, if all of them are absent now, and not because this process has
   *  deleted them. */
  #vanished(): readonly Key[] | undefined {
    if (this.#saved.size === 0) return undefined;
    let isDeleted = true;
    for (const key of this.#saved) {
      const leaf = this.memory.leaves.get(key);
      if (leaf?.kind !== 'absent') return undefined;
      isDeleted &&= leaf.deleted === true;
    }
    return isDeleted ? undefined : [...this.#saved];
  }

  #reportVanished(keys: readonly Key[]): void {
    const shown = keys.slice(0, shownKeys).map((key) => `"${key}"`);
    const more = keys.length > shownKeys ? ` and ${keys.length - shownKeys} more` : '';
    const { file } = this.#settings;
    const message =
      `everything that the snapshot of ${this.#name} had has vanished: ${shown.join(', ')}${more}. ` +
      `${fileBefore(file)} still has it, until you run: llm-config snapshot clear ${file}`;
    if (this.#emitter.hasListeners)
      this.#emitter.emit('vanished', { message, keys: Object.freeze([...keys]), all: true });
    else warn(message);
  }

  #report(error: unknown): void {
    const { message, code } = toConfigError(error, this.#name);
    this.#notice(message, code);
  }

  #notice(message: string, code: ErrorCode): void {
    if (this.#emitter.hasListeners) this.#emitter.notice(message, code);
    else warn(message);
  }
}

const warn = (message: string): void =>
  process.emitWarning(message, { type: 'ConfigWarning', code: 'LLM_CONFIG_SNAPSHOT' });

function valuesIn({ leaves }: Memory): ReadonlySet<Key> {
  const keys = new Set<Key>();
  for (const [key, { kind }] of leaves) if (kind === 'value') keys.add(key);
  return keys;
}

function newestIn({ leaves, complete }: Memory): number | undefined {
  let newest: number | undefined;
  for (const { at } of leaves.values()) if (!(at <= (newest as number))) newest = at;
  for (const at of complete.values()) if (!(at <= (newest as number))) newest = at;
  return newest;
}
