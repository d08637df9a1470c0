// What a renamed provider returns. Loaded by renamed.ts at the first call. Renamed entries are kept, so that
// a repeated read makes none.

import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { layersOfSteps, listFromSteps } from '../listing.ts';
import type { CallOptions } from '../operation.ts';
import { makeOrigin, type Origin } from '../origin.ts';
import type {
  ConfigProvider,
  Known,
  Layer,
  Listings,
  ListOptions,
  ReadOptions,
  VersionInfo,
  VersionsOptions,
  WritableProvider,
  WriteOptions,
} from '../provider.ts';
import { getFrom, knownIn, manyFrom, renewIn, setIn, toConfigError, versionsFrom } from '../query.ts';
import { inTurns, type Steps } from '../turns.ts';
import type { ConfigValue, Key } from '../value.ts';

/** Reads and writes a provider, and renames what comes back. */
export class Renaming {
  readonly #inner: ConfigProvider;
  readonly #name: string;
  readonly #renamed = new WeakMap<Entry, Entry>();
  readonly inSteps: Listings = {
    list: (prefix, options) => this.#list(prefix, options),
    layers: (prefix, options) => this.#layers(prefix, options),
  };

  constructor(inner: ConfigProvider, name: string) {
    this.#inner = inner;
    this.#name = name;
  }

  async get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    const entry = await this.#failing(getFrom(this.#inner, key, options));
    return entry && this.#entry(entry);
  }

  async renew(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    const entry = await this.#failing(renewIn(this.#inner, key, options));
    return entry && this.#entry(entry);
  }

  known(key: Key, peek?: boolean): Known | undefined {
    const known = knownIn(this.#inner, key, peek);
    return known?.entry ? { entry: this.#entry(known.entry) } : known;
  }

  list(prefix?: Key, options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    return inTurns(this.#list(prefix, options));
  }

  *#list(prefix: Key = '', options?: ListOptions): Steps<readonly (Entry | Unreadable)[]> {
    try {
      return (yield* listFromSteps(this.#inner, prefix, options)).map((item) => this.#item(item));
    } catch (error) {
      throw this.#error(error);
    }
  }

  async getMany(
    keys: readonly Key[],
    options?: ReadOptions,
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    const found = await this.#failing(manyFrom(this.#inner, keys, options));
    return new Map(
      Array.from(found, ([key, one]) => [
        key,
        one instanceof ConfigError ? this.#error(one) : one && this.#entry(one),
      ]),
    );
  }

  layers(prefix?: Key, options?: ListOptions): Promise<readonly Layer[]> {
    return inTurns(this.#layers(prefix, options));
  }

  *#layers(prefix: Key = '', options?: ListOptions): Steps<readonly Layer[]> {
    const layers = yield* layersOfSteps(this.#inner, prefix, options);
    return layers.map((layer) => ({
      ...layer,
      name: layer.name === this.#inner.name ? this.#name : layer.name,
      entries: layer.entries.map((entry) => this.#entry(entry)),
      holes: layer.holes.map((hole) => this.#item(hole) as Unreadable),
      ...(layer.error && { error: this.#error(layer.error) }),
      ...(layer.tolerated && { tolerated: this.#error(layer.tolerated) }),
    }));
  }

  async set(key: Key, value: ConfigValue, options?: WriteOptions): Promise<Entry> {
    return this.#entry(await this.#failing(setIn(this.#inner as WritableProvider, key, value, options)));
  }

  delete(key: Key, options?: WriteOptions): Promise<boolean> {
    return this.#failing((this.#inner as WritableProvider).delete(key, options));
  }

  versions(key: Key, options?: VersionsOptions): Promise<readonly VersionInfo[]> {
    return this.#failing(versionsFrom(this.#inner, key, options));
  }

  refresh(prefix: Key | undefined, options?: CallOptions): Promise<void> {
    return this.#failing(this.#inner.refresh?.(prefix, options) ?? Promise.resolve());
  }

  #failing<T>(result: Promise<T>): Promise<T> {
    return result.catch((error: unknown) => Promise.reject(this.#error(error)));
  }

  #error(error: unknown): ConfigError {
    const { name } = this.#inner;
    return toConfigError(error, name).renamed(name, this.#name);
  }

  #item(item: Entry | Unreadable): Entry | Unreadable {
    return isUnreadable(item)
      ? Object.freeze({ ...item, origin: this.#origin(item.origin), error: this.#error(item.error) })
      : this.#entry(item);
  }

  #entry(entry: Entry): Entry {
    let own = this.#renamed.get(entry);
    if (own) return own;
    const { leaf, document = '' } = entry;
    own = makeEntry({
      ...entry,
      origin: this.#origin(entry.origin),
      ...(Object.hasOwn(entry, 'document') && { document: this.#place(document) }),
      ...(leaf && {
        leaf: (inside) => {
          const { origin, secret } = leaf(inside);
          return { origin: this.#origin(origin), secret };
        },
      }),
    });
    this.#renamed.set(entry, own);
    return own;
  }

  /** The text of a place or a document, which begins with the provider's name. */
  #place(text: string): string {
    const prefix = `${this.#inner.name} `;
    return text.startsWith(prefix) ? `${this.#name} ${text.slice(prefix.length)}` : text;
  }

  #origin(origin: Origin): Origin {
    if (origin.provider !== this.#inner.name) return origin;
    const { source, version } = origin;
    return makeOrigin({
      provider: this.#name,
      source: this.#place(source),
      version,
      position: () =>
        origin.line === undefined ? undefined : { line: origin.line, column: origin.column ?? 1 },
    });
  }
}
