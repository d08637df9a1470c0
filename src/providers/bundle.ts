import { type Entry, makeEntry } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { type FormatName, formatOf, formats, type Parsed } from '../formats/format.ts';
import { dig } from '../internal/dig.ts';
import { aBoolean, anInteger, aString, checkOptions, oneOf, sensitiveNames } from '../internal/options.ts';
import { append, keyOf, segments } from '../key.ts';
import type { Content, ReloadableContent } from '../local/content.ts';
import { fileContent } from '../local/file-content.ts';
import { makeOrigin, type Origin } from '../origin.ts';
import type { Change, ConfigProvider, Health, ListOptions, ReadOptions } from '../provider.ts';
import { type Sensitive, taint } from '../redact.ts';
import { type ConfigValue, isTree, type Key } from '../value.ts';

export interface BundleOptions {
  /** The file. Relative to the working directory at construction. */
  readonly path: string;
  /** What the file is written in. @default what its extension says: `.json`, `.jsonc`, `.yaml`, `.yml`, `.toml` */
  readonly format?: FormatName;
  /** A missing file has no keys. Whatever else is wrong with it stays an error. @default false */
  readonly optional?: boolean;
  /** More names whose values are secret. @default [] */
  readonly sensitive?: Sensitive;
  /** A larger file is refused. @default 16_777_216 */
  readonly maxBytes?: number;
  /** How errors and explanations call it. @default `bundle:` and the path */
  readonly name?: string;
}

const allowed = {
  path: aString,
  format: oneOf(...Object.keys(formats)),
  optional: aBoolean,
  sensitive: sensitiveNames,
  maxBytes: anInteger(1),
  name: aString,
};

/** A file of configuration: JSON, JSON with comments, YAML 1.2 or TOML 1.0. Read on first use, and again when asked for, when
 *  refreshed or when watched; a file that breaks meanwhile keeps its last good content for ordinary reads.
 *  @throws ConfigError `parse` with line and column for what could be understood in two ways; `io` for what cannot be read. */
export class BundleProvider implements ConfigProvider {
  readonly name: string;
  readonly local = true;
  readonly #path: string;
  readonly #file: ReloadableContent<Parsed | undefined>;
  readonly #tainted: (key: Key, value: ConfigValue) => boolean;

  constructor(options: string | BundleOptions) {
    const given: BundleOptions = typeof options === 'string' ? { path: options } : options;
    checkOptions('BundleProvider', given, allowed);
    const { path, optional, sensitive, maxBytes } = given;
    if (!path) throw new ConfigError('invalid_option', 'BundleProvider: it needs the path of a file');
    const provider = given.name ?? `bundle:${path}`;
    const format = formats[given.format ?? formatOf(path, 'BundleProvider')];
    this.name = provider;
    this.#path = path;
    this.#tainted = taint(sensitive);
    const parse = (text: string): Promise<Parsed> => format.parse({ provider, file: path, text });
    this.#file = fileContent<Parsed>({ provider, path, optional, maxBytes, parse });
  }

  async get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    const at = keyOf(key);
    const content = await this.#read(at, options);
    const value = content.value && dig(content.value.tree, at);
    if (value === undefined) return undefined;
    if (!isTree(value)) return this.#entry(at, value, content, this.#leaf(content, at));
    throw new ConfigError('invalid_key', `"${at}" is a section of ${this.#path}, not a value`, {
      provider: this.name,
      key: at,
      hint: 'Read it with tree',
    });
  }

  /** One entry: the value at `prefix`, or the whole section below it. */
  async list(prefix: Key = '', options?: ListOptions): Promise<readonly Entry[]> {
    const at = keyOf(prefix);
    const content = await this.#read(at, options);
    const value = content.value && dig(content.value.tree, at);
    if (value === undefined) return [];
    if (!isTree(value)) return [this.#entry(at, value, content, this.#leaf(content, at))];
    const leaf = (inside: Key): Leaf => this.#leaf(content, append(at, inside));
    return [
      this.#entry(at, value, content, {
        secret: false,
        origin: makeOrigin({ provider: this.name, source: this.#path }),
        leaf,
      }),
    ];
  }

  where(key: Key): string {
    return `${this.#path} ${keyOf(key)}`;
  }

  health(options?: ReadOptions): Promise<Health> {
    return this.#file.health(options);
  }

  /** Reads the file again now. When that fails the failure is thrown, and what was read before stays. */
  refresh(): Promise<void> {
    return this.#file.refresh();
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.#file.watch(() => onChange({ provider: this.name, time: Date.now() }));
  }

  /** Ends every watch. */
  async close(): Promise<void> {
    this.#file.close();
  }

  async #read(key: Key, options: ReadOptions | undefined): Promise<Content<Parsed | undefined>> {
    try {
      return await this.#file.read(options);
    } catch (error) {
      throw key !== '' && isConfigError(error) ? error.with({ key }) : error;
    }
  }

  #entry(key: Key, value: ConfigValue, { modifiedAt, readAt }: Content<unknown>, said: Leaf): Entry {
    return makeEntry({ key, value, ...said, readAt, ...(modifiedAt !== undefined && { modifiedAt }) });
  }

  #leaf({ value: parsed }: Content<Parsed | undefined>, key: Key): Leaf {
    const { tree, at } = parsed as Parsed;
    const position = (): ReturnType<Parsed['at']> => at(segments(key));
    return {
      secret: this.#tainted(key, dig(tree, key) ?? null),
      origin: makeOrigin({ provider: this.name, source: this.#path, position }),
    };
  }
}

type Leaf = { readonly origin: Origin; readonly secret: boolean; readonly leaf?: Entry['leaf'] & object };
