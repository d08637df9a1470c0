// Records what a store has answered, each leaf with its own time. Used by reads.ts and remembered.ts. What
// may not be stored is left out here: leases, holes, failures, loose names.

import { type Entry, isUnreadable, type Unreadable } from '../../entry.ts';
import type { ConfigError, ErrorCode } from '../../errors.ts';
import { append, parent, quote, startsWith } from '../../key.ts';
import type { ConfigProvider, ListOptions } from '../../provider.ts';
import { toConfigError } from '../../query.ts';
import { isTree, type Key } from '../../value.ts';
import type { Keeper } from './keeper.ts';
import { addSections } from './memory.ts';
import { leafValue } from './remembered-leaf.ts';
import type { Times } from './times.ts';

/** What takes the right to read a value away. */
export const denials: ReadonlySet<ErrorCode> = new Set(['access_denied', 'disabled']);

export class Recorder {
  readonly #inner: ConfigProvider;
  readonly #keeper: Keeper;
  readonly #times: Times;
  /** Called after the store has answered. */
  readonly #succeeded: () => void;

  constructor(inner: ConfigProvider, keeper: Keeper, times: Times, succeeded: () => void) {
    this.#inner = inner;
    this.#keeper = keeper;
    this.#times = times;
    this.#succeeded = succeeded;
  }

  /** A value was written. */
  written(key: Key, entry: Entry): void {
    this.one(key, entry, this.#times.now());
  }

  deleted(key: Key): void {
    this.#keeper.put(key, { kind: 'absent', at: this.#times.now(), deleted: true });
  }

  #forget(key: Key, at: number): void {
    this.#keeper.memory.forget(key, at);
    this.#keeper.changed();
  }

  /** Whether this very entry was recorded. */
  isRecorded(key: Key, entry: Entry): boolean {
    const leaf = this.#keeper.memory.leaves.get(key);
    return leaf?.kind === 'value' && leaf.entry === entry;
  }

  /** Records a failed read of one key: a denial forgets what was known. */
  failed(thrown: unknown, key: Key, at: number): ConfigError {
    const error = toConfigError(thrown, this.#inner.name, key);
    if (denials.has(error.code)) this.#forget(key, at);
    return error;
  }

  /** Records the answer to a read that began at `from`. */
  one(key: Key, entry: Entry | undefined, from: number): void {
    if (!entry) {
      const ageMs = this.#inner.status?.(key)?.ageMs ?? 0;
      this.#keeper.put(key, { kind: 'absent', at: from - Math.max(0, ageMs) });
    } else if (!this.isRecorded(key, entry)) this.#recordEntry(entry, key, from, () => undefined);
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
    if (!isTree(entry.value)) {
      listed(key);
      this.#keeper.put(key, { kind: 'value', at, entry, path: '' });
      return at;
    }
    const walk = (value: unknown, path: Key): void => {
      const names = isTree(value) ? Object.keys(value) : [];
      if (names.length === 0) {
        const leaf = append(key, path);
        listed(leaf);
        this.#keeper.put(leaf, { kind: 'value', at, entry, path });
      }
      for (const name of names) walk((value as Record<string, unknown>)[name], append(path, quote(name)));
    };
    walk(entry.value, '');
    return at;
  }

  /** Records the answer to a listing that began at `from`. */
  list(
    prefix: Key,
    options: ListOptions | undefined,
    items: readonly (Entry | Unreadable)[],
    from: number,
  ): void {
    const { wanted } = options ?? {};
    const listed = new Set<Key>();
    const holes = new Set<Key>();
    let at = from;
    let isLoose = false;
    for (const item of items) {
      if (item.loose) isLoose = true;
      else if (isUnreadable(item)) holes.add(item.key);
      else if (this.isRecorded(item.key, item)) listed.add(item.key);
      else
        at = Math.min(
          at,
          this.#recordEntry(item, item.key, from, (key) => listed.add(key)),
        );
    }
    for (const item of items) if (isUnreadable(item) && !item.loose) this.#recordHole(item, from);
    this.#succeeded();
    if (isLoose) return; // a loose name may be that of any key
    const isInHole = (key: Key): boolean => {
      for (let at = key; ; at = parent(at)) {
        if (holes.has(at)) return true;
        if (at === '') return false;
      }
    };
    if (!wanted) {
      this.#keeper.memory.completed(prefix, at, (key) => listed.has(key) || isInHole(key));
      this.#keeper.changed();
      return;
    }
    const sections = new Set<Key>();
    for (const key of [...listed, ...holes]) addSections(sections, key);
    const isFound = (key: Key): boolean => {
      if (sections.has(key) || isInHole(key)) return true;
      for (let above = key; above !== ''; above = parent(above))
        if (listed.has(above) && !this.#isEmpty(above)) return true;
      return false;
    };
    for (const key of wanted.keys)
      if (startsWith(key, prefix) && !isFound(key) && this.#inner.leasedAt?.(key) === undefined)
        this.#keeper.put(key, {
          kind: 'absent',
          at: at - Math.max(0, this.#inner.status?.(key)?.ageMs ?? 0),
        });
  }

  /** Whether a section without keys is known there: what is below it is absent. */
  #isEmpty(key: Key): boolean {
    const leaf = this.#keeper.memory.leaves.get(key);
    return leaf?.kind === 'value' && isTree(leafValue(leaf));
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
  deniedList(prefix: Key, { wanted }: ListOptions = {}, error: ConfigError, at: number): void {
    for (const complete of [...this.#keeper.memory.complete.keys()])
      if (startsWith(complete, prefix)) this.#keeper.memory.complete.delete(complete);
    if (error.key !== undefined && error.key !== '') this.#forget(error.key, at);
    else for (const key of wanted?.keys ?? []) if (startsWith(key, prefix)) this.#forget(key, at);
  }
}
