// How a remembered provider reads: it asks the provider, records the answer, and answers from memory only if
// the provider failed with a transient error. Made by remembered.ts; memory.ts decides what may be answered.

import { type Entry, isUnreadable, type Unreadable } from '../../entry.ts';
import type { ConfigError, ErrorCode } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { append, keyOf, parent, quote, startsWith } from '../../key.ts';
import { listFrom } from '../../listing.ts';
import { operationIn, thread } from '../../operation.ts';
import { makeOrigin } from '../../origin.ts';
import type { ConfigProvider, Known, ListOptions, VersionedRead } from '../../provider.ts';
import { getFrom, getManyFrom, knownIn, type Results, renewIn, toConfigError } from '../../query.ts';
import { sealedText } from '../../sealed.ts';
import { isTree, type Key } from '../../value.ts';
import type { Keeper } from './keeper.ts';
import { rememberedEntry, type ValueLeaf } from './leaf.ts';
import type { Limits, Recalled } from './memory.ts';
import type { Times } from './times.ts';

/** What takes the right to read a value away. */
const denials: ReadonlySet<ErrorCode> = new Set(['access_denied', 'disabled']);

/** Reads that must see the store itself. */
const causes: ReadonlySet<string> = new Set(['reload', 'poll', 'change']);

export class RememberedReads {
  /** The keys that were last answered from memory. */
  readonly #answered = new Set<Key>();
  readonly #inner: ConfigProvider;
  readonly #keeper: Keeper;
  readonly #times: Times;
  readonly #emitter: Emitter;
  readonly #maxStaleMs: number;
  /** Called after the store has answered. */
  readonly #succeeded: () => void;

  constructor(
    inner: ConfigProvider,
    keeper: Keeper,
    times: Times,
    emitter: Emitter,
    maxStaleMs: number,
    succeeded: () => void,
  ) {
    this.#inner = inner;
    this.#keeper = keeper;
    this.#times = times;
    this.#emitter = emitter;
    this.#maxStaleMs = maxStaleMs;
    this.#succeeded = succeeded;
  }

  async get(spelling: Key, options?: VersionedRead): Promise<Entry | undefined> {
    if (passesBy(options)) return getFrom(this.#inner, spelling, options);
    const key = keyOf(spelling);
    const from = this.#times.now();
    try {
      const entry = await getFrom(this.#inner, key, options);
      this.#record(key, entry, from);
      return entry;
    } catch (thrown) {
      const error = this.#failed(thrown, key, from);
      const limits = this.#limits(options);
      if (!error.transient || !limits) throw error;
      await this.#keeper.read();
      return this.#recalled(key, limits, error, options);
    }
  }

  /** Never answered from memory. */
  async renew(spelling: Key, options?: VersionedRead): Promise<Entry | undefined> {
    const key = keyOf(spelling);
    const from = this.#times.now();
    try {
      const entry = await renewIn(this.#inner, key, options);
      if (!passesBy(options)) this.#record(key, entry, from);
      return entry;
    } catch (thrown) {
      throw this.#failed(thrown, key, from);
    }
  }

  known(key: Key, peek?: boolean): Known | undefined {
    const known = knownIn(this.#inner, key, peek);
    if (known?.entry && !peek && !this.#isRecorded(key, known.entry))
      this.#record(key, known.entry, this.#times.now());
    return known;
  }

  async getMany(spellings: readonly Key[], options: VersionedRead = {}): Promise<Results> {
    const keys = spellings.map(keyOf);
    const from = this.#times.now();
    const found = await getManyFrom(this.#inner, keys, options);
    if (passesBy(options)) return found;
    const limits = this.#limits(options);
    const results = new Map(found);
    const failed: (readonly [Key, ConfigError])[] = [];
    for (const [key, result] of found) {
      if (!(result instanceof Error)) this.#record(key, result, from);
      else if (this.#failed(result, key, from).transient && limits) failed.push([key, result]);
    }
    if (failed.length > 0) await this.#keeper.read();
    for (const [key, error] of failed)
      try {
        results.set(key, this.#recalled(key, limits as Limits, error, options));
      } catch {
        // stays the outage
      }
    return results;
  }

  async list(spelling: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    const prefix = keyOf(spelling);
    const notice = (message: string): void => this.#emitter.notice(message);
    if (passesBy(options)) return listFrom(this.#inner, prefix, options, notice);
    const from = this.#times.now();
    try {
      const items = await listFrom(this.#inner, prefix, options, notice);
      this.#recordList(prefix, options, items, from);
      return items;
    } catch (thrown) {
      const error = toConfigError(thrown, this.#inner.name);
      if (denials.has(error.code)) this.#deniedList(prefix, options, error, from);
      const limits = this.#limits(options);
      if (!error.transient || !limits) throw error;
      await this.#keeper.read();
      return this.#recalledList(prefix, options, limits, error);
    }
  }

  /** How old the answer for a key is, if it came from memory. */
  ageOf(key: Key): number | undefined {
    const leaf = this.#answered.has(key) ? this.#keeper.memory.leaves.get(key) : undefined;
    return leaf && this.#times.now() - leaf.at;
  }

  /** A value was written. */
  written(key: Key, entry: Entry): void {
    this.#record(key, entry, this.#times.now());
  }

  deleted(key: Key): void {
    this.#put(key, { kind: 'absent', at: this.#times.now(), deleted: true });
  }

  /** What a read may get from memory. `undefined`: nothing. */
  #limits(options: ListOptions | undefined): Limits | undefined {
    if (causes.has(options?.[thread]?.cause ?? 'call')) return undefined;
    const maxAgeMs = Math.min(this.#maxStaleMs, options?.maxAgeMs ?? Number.POSITIVE_INFINITY);
    return { now: this.#times.now(), shown: this.#times.shown(), maxAgeMs };
  }

  #put(...[key, leaf]: Parameters<Keeper['put']>): void {
    this.#answered.delete(key);
    this.#keeper.put(key, leaf);
  }

  #forget(key: Key, at: number): void {
    this.#keeper.memory.forget(key, at);
    this.#keeper.changed();
  }

  #isRecorded(key: Key, entry: Entry): boolean {
    const leaf = this.#keeper.memory.leaves.get(key);
    return leaf?.kind === 'value' && leaf.entry === entry;
  }

  #failed(thrown: unknown, key: Key, at: number): ConfigError {
    const error = toConfigError(thrown, this.#inner.name, key);
    if (denials.has(error.code)) this.#forget(key, at);
    return error;
  }

  /** Records the answer to a read that began at `from`. */
  #record(key: Key, entry: Entry | undefined, from: number): void {
    if (!entry) {
      const ageMs = this.#inner.status?.(key)?.ageMs ?? 0;
      this.#put(key, { kind: 'absent', at: from - Math.max(0, ageMs) });
    } else if (!this.#isRecorded(key, entry)) this.#recordEntry(entry, key, from, () => undefined);
    this.#succeeded();
  }

  /** Records the leaves of an entry. A lease is forgotten instead. Returns its own time. */
  #recordEntry(entry: Entry, key: Key, from: number, listed: (key: Key) => void): number {
    if (this.#inner.leasedAt?.(key) !== undefined) {
      listed(key);
      this.#forget(key, from);
      return from;
    }
    const at = Math.min(from, entry.readAt === undefined ? from : this.#times.steady(entry.readAt));
    const walk = (value: unknown, path: Key): void => {
      const names = isTree(value) ? Object.keys(value) : [];
      if (names.length === 0) {
        const leaf = append(key, path);
        listed(leaf);
        this.#put(leaf, { kind: 'value', at, entry, path });
      }
      for (const name of names) walk((value as Record<string, unknown>)[name], append(path, quote(name)));
    };
    walk(entry.value, '');
    return at;
  }

  #recordList(
    prefix: Key,
    options: ListOptions | undefined,
    items: readonly (Entry | Unreadable)[],
    from: number,
  ): void {
    const { wanted } = options ?? {};
    const listed = new Set<Key>();
    const holes: Key[] = [];
    let at = from;
    let isLoose = false;
    for (const item of items) {
      if (item.loose) isLoose = true;
      else if (isUnreadable(item)) holes.push(item.key);
      else if (this.#isRecorded(item.key, item)) listed.add(item.key);
      else
        at = Math.min(
          at,
          this.#recordEntry(item, item.key, from, (key) => listed.add(key)),
        );
    }
    for (const item of items) if (isUnreadable(item) && !item.loose) this.#recordHole(item, from);
    this.#succeeded();
    if (isLoose) return; // a loose name may be that of any key
    const isInHole = (key: Key): boolean => holes.some((hole) => startsWith(key, hole));
    if (!wanted) {
      this.#keeper.memory.completed(prefix, at, (key) => listed.has(key) || isInHole(key));
      this.#keeper.changed();
      return;
    }
    const sections = new Set<Key>();
    for (const key of [...listed, ...holes])
      for (let above = key; above !== ''; ) {
        above = parent(above);
        if (sections.has(above)) break;
        sections.add(above);
      }
    const isFound = (key: Key): boolean => {
      if (sections.has(key) || isInHole(key)) return true;
      for (let above = key; above !== ''; above = parent(above)) if (listed.has(above)) return true;
      return false;
    };
    for (const key of wanted.keys)
      if (startsWith(key, prefix) && !isFound(key) && this.#inner.leasedAt?.(key) === undefined)
        this.#put(key, { kind: 'absent', at: at - Math.max(0, this.#inner.status?.(key)?.ageMs ?? 0) });
  }

  /** A hole is never stored. What was known there is forgotten if the store has denied it, and where it is
   *  not known which part of a section cannot be read. */
  #recordHole({ key, error }: Unreadable, at: number): void {
    const { memory } = this.#keeper;
    const mayStay = memory.leaves.get(key)?.kind === 'value' && !memory.isSection(key);
    if (mayStay && !denials.has(error.code) && error.code !== 'on_demand') return;
    this.#forget(key, at);
  }

  /** A listing was denied. One of everything says nothing about the values. */
  #deniedList(prefix: Key, { wanted }: ListOptions = {}, error: ConfigError, at: number): void {
    for (const complete of [...this.#keeper.memory.complete.keys()])
      if (startsWith(complete, prefix)) this.#keeper.memory.complete.delete(complete);
    if (error.key !== undefined && error.key !== '') this.#forget(error.key, at);
    else for (const key of wanted?.keys ?? []) if (startsWith(key, prefix)) this.#forget(key, at);
  }

  #recalled(
    key: Key,
    limits: Limits,
    error: ConfigError,
    options: ListOptions | undefined,
  ): Entry | undefined {
    const found: Recalled = this.#keeper.memory.recall(key, limits);
    if (!found) throw error;
    const ageMs = limits.now - found.at;
    this.#emitter.emit('stale', { key, ageMs, outcome: error.code, operation: operationIn(options) });
    return found.kind === 'value' ? this.#answer(key, found) : this.#answer(key, undefined);
  }

  #answer(key: Key, leaf: ValueLeaf): Entry;
  #answer(key: Key, leaf: undefined): undefined;
  #answer(key: Key, leaf: ValueLeaf | undefined): Entry | undefined {
    this.#keeper.counts.answers++;
    this.#answered.add(key);
    return leaf && rememberedEntry(key, leaf, this.#times.system(leaf.at));
  }

  #recalledList(
    prefix: Key,
    options: ListOptions | undefined,
    limits: Limits,
    error: ConfigError,
  ): readonly (Entry | Unreadable)[] {
    const found = this.#keeper.memory.recallList(prefix, options?.wanted, limits);
    if (!found) throw error;
    const oldest = found.values.reduce((least, [, { at }]) => Math.min(least, at), limits.now);
    const ageMs = limits.now - oldest;
    this.#emitter.emit('stale', { ageMs, outcome: error.code, operation: operationIn(options) });
    const holes = found.holes.map((key): Unreadable => {
      const source = this.#inner.where?.(key)?.split('\n')[0] || `${this.#inner.name} ${key}`;
      return Object.freeze({ key, origin: makeOrigin({ provider: this.#inner.name, source }), error });
    });
    return [...found.values.map(([key, leaf]) => this.#answer(key, leaf)), ...holes];
  }
}

/** Whether a read has nothing to do with the snapshot: one of an older version, or of sealed text. */
const passesBy = (options: VersionedRead | undefined): boolean =>
  options !== undefined && (options.version !== undefined || options[sealedText] === true);
