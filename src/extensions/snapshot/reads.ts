// How a remembered provider reads: it asks the provider, records the answer, and answers from memory only if
// the provider failed with a transient error. Made by remembered.ts; memory.ts decides what may be answered.

import type { Entry, Unreadable } from '../../entry.ts';
import type { ConfigError } from '../../errors.ts';
import type { Emitter } from '../../internal/listeners.ts';
import { keyOf } from '../../key.ts';
import { listFrom } from '../../listing.ts';
import { operationIn, thread } from '../../operation.ts';
import { makeOrigin } from '../../origin.ts';
import type { ConfigProvider, Known, ListOptions, VersionedRead } from '../../provider.ts';
import { getFrom, getManyFrom, knownIn, type Results, renewIn, toConfigError } from '../../query.ts';
import { sealedText } from '../../sealed.ts';
import { inTurns, type Steps, stepLength } from '../../turns.ts';
import { isTree, type Key } from '../../value.ts';
import type { Keeper } from './keeper.ts';
import type { Limits, Recalled, RecalledList } from './memory.ts';
import { denials, type Recorder } from './recorder.ts';
import { leafValue, rememberedEntry, type ValueLeaf } from './remembered-leaf.ts';
import type { Times } from './times.ts';

/** Reads that must see the store itself. */
const causes: ReadonlySet<string> = new Set(['reload', 'poll', 'change']);

export class RememberedReads {
  readonly #inner: ConfigProvider;
  readonly #keeper: Keeper;
  readonly #times: Times;
  readonly #emitter: Emitter;
  readonly #maxStaleMs: number;
  readonly #recorder: Recorder;

  constructor(
    inner: ConfigProvider,
    keeper: Keeper,
    times: Times,
    emitter: Emitter,
    maxStaleMs: number,
    recorder: Recorder,
  ) {
    this.#inner = inner;
    this.#keeper = keeper;
    this.#times = times;
    this.#emitter = emitter;
    this.#maxStaleMs = maxStaleMs;
    this.#recorder = recorder;
  }

  async get(spelling: Key, options?: VersionedRead): Promise<Entry | undefined> {
    if (passesBy(options)) return getFrom(this.#inner, spelling, options);
    const key = keyOf(spelling);
    const from = this.#times.now();
    try {
      const entry = await getFrom(this.#inner, key, options);
      this.#recorder.one(key, entry, from);
      return entry;
    } catch (thrown) {
      const error = this.#recorder.failed(thrown, key, from);
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
      if (!passesBy(options)) this.#recorder.one(key, entry, from);
      return entry;
    } catch (thrown) {
      throw this.#recorder.failed(thrown, key, from);
    }
  }

  known(key: Key, peek?: boolean): Known | undefined {
    const known = knownIn(this.#inner, key, peek);
    if (known?.entry && !peek && !this.#recorder.isRecorded(key, known.entry))
      this.#recorder.one(key, known.entry, this.#times.now());
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
      if (!(result instanceof Error)) this.#recorder.one(key, result, from);
      else if (this.#recorder.failed(result, key, from).transient && limits) failed.push([key, result]);
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
      this.#recorder.list(prefix, options, items, from);
      return items;
    } catch (thrown) {
      const error = toConfigError(thrown, this.#inner.name);
      if (denials.has(error.code)) this.#recorder.deniedList(prefix, options, error, from);
      const limits = this.#limits(options);
      if (!error.transient || !limits) throw error;
      await this.#keeper.read();
      return this.#recalledList(prefix, options, limits, error);
    }
  }

  /** How old the answer for a key is, if it came from memory. */
  ageOf(key: Key): number | undefined {
    const leaf = this.#keeper.answered.has(key) ? this.#keeper.memory.leaves.get(key) : undefined;
    return leaf && this.#times.now() - leaf.at;
  }

  /** What a read may get from memory. `undefined`: nothing. */
  #limits(options: ListOptions | undefined): Limits | undefined {
    if (options?.maxAgeMs === 0 || causes.has(options?.[thread]?.cause ?? 'call')) return undefined;
    const maxAgeMs = Math.min(this.#maxStaleMs, options?.maxAgeMs ?? Number.POSITIVE_INFINITY);
    return { now: this.#times.now(), shown: this.#times.shown(), maxAgeMs };
  }

  #recalled(
    key: Key,
    limits: Limits,
    error: ConfigError,
    options: ListOptions | undefined,
  ): Entry | undefined {
    const found: Recalled = this.#keeper.memory.recall(key, limits);
    // a section is not a value, also one without keys
    if (!found || (found.kind === 'value' && isTree(leafValue(found)))) throw error;
    const ageMs = limits.now - found.at;
    this.#emitter.emit('stale', { key, ageMs, outcome: error.code, operation: operationIn(options) });
    return found.kind === 'value' ? this.#answer(key, found) : this.#answer(key, undefined);
  }

  #answer(key: Key, leaf: ValueLeaf): Entry;
  #answer(key: Key, leaf: undefined): undefined;
  #answer(key: Key, leaf: ValueLeaf | undefined): Entry | undefined {
    this.#keeper.counts.answers++;
    this.#keeper.answered.add(key);
    return leaf && rememberedEntry(key, leaf, this.#times.system(leaf.at));
  }

  #recalledList(
    prefix: Key,
    options: ListOptions | undefined,
    limits: Limits,
    error: ConfigError,
  ): Promise<readonly (Entry | Unreadable)[]> {
    const found = this.#keeper.memory.recallList(prefix, options?.wanted, limits);
    if (!found) throw error;
    const oldest = found.values.reduce((least, [, { at }]) => Math.min(least, at), limits.now);
    const ageMs = limits.now - oldest;
    this.#emitter.emit('stale', { ageMs, outcome: error.code, operation: operationIn(options) });
    return inTurns(this.#items(found, error));
  }

  /** The entries and holes of an answer. In turns: there may be 100,000. */
  *#items({ values, holes }: RecalledList, error: ConfigError): Steps<readonly (Entry | Unreadable)[]> {
    const items: (Entry | Unreadable)[] = [];
    for (const [key, leaf] of values) {
      items.push(this.#answer(key, leaf));
      if (items.length % stepLength === 0) yield;
    }
    for (const key of holes) {
      const source = this.#inner.where?.(key)?.split('\n')[0] || `${this.#inner.name} ${key}`;
      const origin = makeOrigin({ provider: this.#inner.name, source });
      items.push(Object.freeze({ key, origin, error }));
    }
    return items;
  }
}

/** Whether a read has nothing to do with the snapshot: one of an older version, or of sealed text. */
const passesBy = (options: VersionedRead | undefined): boolean =>
  options !== undefined && (options.version !== undefined || options[sealedText] === true);
