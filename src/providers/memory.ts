// Values in memory: defaults, overrides, tests. Leaves are kept by key, together with a count of the leaves
// below each section, so that a key is never both. Plain values are copied and checked in
// plain-value.ts.

import { type Entry, makeEntry, Secret } from '../entry.ts';
import { abortedBy, ConfigError, type ErrorCode, isConfigError } from '../errors.ts';
import { Listeners } from '../internal/listeners.ts';
import { aString, checkOptions, sensitiveNames } from '../internal/options.ts';
import { keyFrom, keyOf, parent, segments, startsWith } from '../key.ts';
import { makeOrigin } from '../origin.ts';
import { descend, members, plainValue, UnsupportedValue } from '../plain-value.ts';
import {
  type Change,
  InSteps,
  type Known,
  type ReadOptions,
  type WritableProvider,
  type WriteOptions,
} from '../provider.ts';
import { type Sensitive, taint } from '../redact.ts';
import { immediate, inTurns, type Steps } from '../turns.ts';
import { type ConfigValue, frozen, isTree, type Key, sameValue } from '../value.ts';

/** A value in which `secret()` may mark any part. */
export type MemoryValue = ConfigValue | Secret | readonly MemoryValue[] | MemoryValues;
/** Values by name. Names at the top level may be dotted keys. */
export interface MemoryValues {
  readonly [name: string]: MemoryValue;
}

/** Options of a `MemoryProvider`. */
export interface MemoryOptions {
  /** The provider's name in errors and explanations. @default 'memory' */
  readonly name?: string;
  /** More names whose values are secret. @default [] */
  readonly sensitive?: Sensitive;
}

const absent: Known = Object.freeze({ entry: undefined });

/** Keeps values in memory: defaults, overrides, tests. Nested objects are sections. Keys at the top level may
 *  be dotted; a name further down is one segment, even with dots. Values are copied and frozen.
 *  @throws ConfigError `validation` for a value that is not a ConfigValue, `conflict` for a key that is given
 *  twice, `invalid_key`
 *  @example
 *  const defaults = new MemoryProvider({
 *    'llm.model': 'small',
 *    database: { host: 'localhost', password: secret('local only') },
 *  });
 *  const chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), defaults]);
 */
export class MemoryProvider implements WritableProvider {
  readonly name: string;
  readonly local = true;
  readonly unnamed: boolean;
  readonly #leaves = new Map<Key, Entry>();
  /** The number of leaves below each section. */
  readonly #sections = new Map<Key, number>();
  readonly #listeners = new Listeners<Change>();
  readonly #tainted: (key: Key, value: ConfigValue) => boolean;

  constructor(values: MemoryValues = {}, options: MemoryOptions = {}) {
    checkOptions('MemoryProvider', options, { name: aString, sensitive: sensitiveNames });
    if (!isTree(values))
      throw new ConfigError('invalid_option', 'MemoryProvider: the values must be an object');
    this.name = options.name ?? 'memory';
    this.unnamed = options.name === undefined;
    this.#tainted = taint(options.sensitive);
    this.#fill([], values, false, []);
  }

  async get(key: Key, { signal }: ReadOptions = {}): Promise<Entry | undefined> {
    const at = keyOf(key);
    if (signal?.aborted) throw abortedBy(this.name, `the read of "${at}"`);
    const entry = this.#leaves.get(at);
    if (entry && !isTree(entry.value)) return entry;
    this.#refuseSection(at);
    return undefined;
  }

  /** @internal */
  known(key: Key): Known | undefined {
    const entry = this.#leaves.get(key);
    if (entry) return isTree(entry.value) ? undefined : { entry };
    return key === '' || this.#sections.has(key) ? undefined : absent;
  }

  /** The same as `get`: what is in memory is current. */
  renew(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    return this.get(key, options);
  }

  list(prefix: Key = '', options?: ReadOptions): Promise<readonly Entry[]> {
    return inTurns(this.#list(prefix, options));
  }

  /** @internal */
  get inSteps(): InSteps {
    const { list } = MemoryProvider.prototype;
    return new InSteps([list], { list: (prefix, options) => this.#list(prefix, options) });
  }

  #list(prefix: Key, { signal }: ReadOptions = {}): Steps<readonly Entry[]> {
    return immediate(() => {
      const at = keyOf(prefix);
      if (signal?.aborted) throw abortedBy(this.name, `the list of "${at}"`);
      const all = [...this.#leaves.values()];
      return at === '' ? all : all.filter((entry) => startsWith(entry.key, at));
    });
  }

  where(key: Key): string {
    return `${this.name} ${keyOf(key)}`;
  }

  /** Writes one leaf. Write a section leaf by leaf. */
  async set(key: Key, value: ConfigValue | Secret, options: WriteOptions = {}): Promise<Entry> {
    const at = this.#writable(key, options);
    const plain = this.#checked(at, () => plainValue(value));
    if (isTree(plain.value))
      throw this.#error('validation', `the value for "${at}" is a section`, 'Set its leaves one by one', at);
    const before = this.#leaves.get(at);
    const { metadata } = options;
    const entry = this.#entry(at, plain.value, options.secret === true || plain.marked, {
      modifiedAt: Date.now(),
      ...(metadata && { metadata: frozen(metadata) }),
    });
    this.#put(entry);
    if (!before || before.secret !== entry.secret || !sameValue(before.value, entry.value)) this.#changed(at);
    return entry;
  }

  async delete(key: Key, options: WriteOptions = {}): Promise<boolean> {
    const at = this.#writable(key, options);
    if (!this.#leaves.delete(at)) return false;
    for (const section of above(at)) {
      const left = (this.#sections.get(section) as number) - 1;
      if (left > 0) this.#sections.set(section, left);
      else this.#sections.delete(section);
    }
    this.#changed(at);
    return true;
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.#listeners.add(onChange);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  /** Adds the leaves of a section. An empty section is itself a leaf, until a key is set below it. */
  #fill(path: readonly string[], value: MemoryValue, secret: boolean, within: readonly object[]): void {
    const key = keyFrom(path);
    this.#checked(key, () => {
      if (value instanceof Secret) {
        this.#fill(path, Secret.reveal(value), true, within);
        return;
      }
      const inside = isTree(value) ? members(value) : [];
      for (const [name, inner] of inside) {
        const below = key === '' ? segments(keyOf(name)) : [...path, name];
        this.#fill(below, inner as MemoryValue, secret, descend(value as object, within));
      }
      if (inside.length > 0 || within.length === 0) return;
      const plain = plainValue(value, within);
      if (isTree(value) && this.#sections.has(key)) return;
      if (this.#leaves.has(key))
        throw this.#error('conflict', `"${key}" is given twice`, 'Keep one of them', key);
      this.#put(this.#entry(key, plain.value, secret || plain.marked));
    });
  }

  #entry(
    key: Key,
    value: ConfigValue,
    secret: boolean,
    more: Pick<Entry, 'metadata' | 'modifiedAt'> = {},
  ): Entry {
    const origin = makeOrigin({ provider: this.name, source: this.where(key) });
    return makeEntry({ key, value, secret: secret || this.#tainted(key, value), origin, ...more });
  }

  #put(entry: Entry): void {
    const { key } = entry;
    if (key === '')
      throw this.#error('invalid_key', 'a value has the empty key, which is the root', 'Name the value');
    if (!this.#leaves.has(key)) {
      if (this.#sections.has(key)) throw this.#clash(key, key);
      const sections = above(key);
      for (const section of sections) {
        const leaf = this.#leaves.get(section);
        if (leaf && !isTree(leaf.value)) throw this.#clash(section, key);
      }
      for (const section of sections) {
        this.#leaves.delete(section);
        this.#sections.set(section, (this.#sections.get(section) ?? 0) + 1);
      }
    }
    this.#leaves.set(key, entry);
  }

  #clash(place: Key, key: Key): ConfigError {
    return this.#error(
      'conflict',
      `"${place}" cannot be both a section and a value`,
      'Keep one of them',
      key,
    );
  }

  #refuseSection(key: Key): void {
    if (key === '' || this.#sections.has(key) || this.#leaves.has(key))
      throw this.#error(
        'invalid_key',
        `"${key}" is a section, not a value`,
        'Read it with tree, write it leaf by leaf',
        key,
      );
  }

  #writable(key: Key, { signal }: WriteOptions): Key {
    const at = keyOf(key);
    if (signal?.aborted) throw abortedBy(this.name, `the write of "${at}"`, { key: at });
    const entry = this.#leaves.get(at);
    if (!entry || isTree(entry.value)) this.#refuseSection(at);
    return at;
  }

  #changed(key: Key): void {
    this.#listeners.notify({ provider: this.name, keys: [key], time: Date.now() });
  }

  #checked<T>(key: Key, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof UnsupportedValue)
        throw this.#error('validation', `the value of "${key}" is ${error.message}`, undefined, key);
      throw isConfigError(error) ? error.with({ provider: this.name }) : error;
    }
  }

  #error(code: ErrorCode, what: string, hint?: string, key?: Key): ConfigError {
    return new ConfigError(code, `${this.name}: ${what}`, {
      provider: this.name,
      ...(key !== undefined && { key }),
      ...(hint && { hint }),
    });
  }
}

/** The sections above a key, without the root. */
function above(key: Key): Key[] {
  const sections: Key[] = [];
  for (let at = parent(key); at !== ''; at = parent(at)) sections.push(at);
  return sections;
}
