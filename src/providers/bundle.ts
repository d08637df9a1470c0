// A configuration file in JSON, JSONC, YAML or TOML. Reading, caching and watching are in local/, parsing is
// in formats/. `list` returns one entry for a whole section; `leaf` of that entry gives the origin and
// secrecy of each value.

import { type Entry, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { type FormatName, formatOf, formats } from '../formats/format.ts';
import type { Parsed } from '../formats/parsed.ts';
import { dig } from '../internal/dig.ts';
import { lazy } from '../internal/lazy.ts';
import {
  aBoolean,
  anInteger,
  anObject,
  anything,
  aString,
  checkOptions,
  either,
  oneOf,
  sensitiveNames,
} from '../internal/options.ts';
import { append, keyOf, segments } from '../key.ts';
import type { Content, ReloadableContent } from '../local/content.ts';
import { FileProvider, readFor } from '../local/content-provider.ts';
import { fileContent } from '../local/file-content.ts';
import { makeOrigin, type Origin } from '../origin.ts';
import type { ListOptions } from '../provider.ts';
import { type Sensitive, taint } from '../redact.ts';
import type { SealedOptions } from '../sealing/opening.ts';
import { type ConfigValue, isTree, type Key } from '../value.ts';

/** Options of a `BundleProvider`. */
export interface BundleOptions {
  /** The file. A relative path is resolved at construction. */
  readonly path: string;
  /** The format of the file. @default from the extension: `.json`, `.jsonc`, `.yaml`, `.yml`, `.toml` */
  readonly format?: FormatName;
  /** Treats a missing file as empty. Every other failure is still an error. @default false */
  readonly optional?: boolean;
  /** More names whose values are secret. @default [] */
  readonly sensitive?: Sensitive;
  /** Refuses larger files. @default 16_777_216 */
  readonly maxBytes?: number;
  /** Opens sealed values (`sealed:eyJ…`): with the key of the environment, or with `keys` of your own. Give the
   *  file a `context` of its own if others can write it. @default false */
  readonly sealed?: boolean | SealedOptions;
  /** The provider's name in errors and explanations. @default `bundle:` and the path */
  readonly name?: string;
}

const loadOpening = lazy(() => import('../sealing/opening.ts'));
const allowed = {
  path: aString,
  format: oneOf(...Object.keys(formats)),
  optional: aBoolean,
  sensitive: sensitiveNames,
  maxBytes: anInteger(1),
  sealed: either(aBoolean, anObject),
  name: aString,
};

/** Reads a configuration file: JSON, JSON with comments, YAML 1.2 or TOML 1.0. The file is read on first use,
 *  and again on `refresh`, on `maxAgeMs` and while it is watched. If it breaks, ordinary reads continue with
 *  its last good content.
 *  @throws ConfigError `parse` with line and column if the text is invalid or ambiguous, `io` if the file
 *  cannot be read
 *  @example
 *  const chain = new ProviderChain([
 *    new EnvProvider({ prefix: 'APP' }),
 *    new BundleProvider('config/base.yaml'),
 *  ]);
 *  @see DotEnvProvider reads `.env` files, EncryptedFileProvider reads encrypted files.
 */
export class BundleProvider extends FileProvider {
  readonly #path: string;
  readonly #content: ReloadableContent<Parsed | undefined>;
  readonly #tainted: (key: Key, value: ConfigValue) => boolean;

  constructor(options: string | BundleOptions) {
    const given: BundleOptions = typeof options === 'string' ? { path: options } : (options ?? {});
    checkOptions('BundleProvider', given, allowed);
    const { path, optional, sensitive, maxBytes, sealed = false } = given;
    if (typeof sealed === 'object')
      checkOptions('BundleProvider: sealed', sealed, { keys: anything, context: aString });
    if (!path)
      throw new ConfigError('invalid_option', 'BundleProvider: the option path is missing', {
        hint: "Give the path of a file: new BundleProvider('config.yaml')",
      });
    const provider = given.name ?? `bundle:${path}`;
    const format = formats[given.format ?? formatOf(path, 'BundleProvider')];
    const parse = (text: string): Promise<Parsed> => format.parse({ provider, file: path, text });
    const content = fileContent<Parsed>({ provider, path, optional, maxBytes, parse });
    const opener = lazy(async () => (await loadOpening()).openingOf('BundleProvider', sealed));
    super(provider, content, sealed ? opener : undefined);
    this.#path = path;
    this.#content = content;
    this.#tainted = taint(sensitive);
  }

  /** @internal */
  protected find(content: Content<Parsed | undefined>, at: Key): Entry | undefined {
    const value = content.value && dig(content.value.tree, at);
    if (value === undefined) return undefined;
    if (!isTree(value)) return this.#entry(at, value, content, this.#leaf(content, at));
    throw new ConfigError('invalid_key', `"${at}" is a section of ${this.#path}, not a value`, {
      provider: this.name,
      key: at,
      hint: 'Read it with tree',
    });
  }

  /** Returns one entry, the value at `prefix` or the whole section below it, and the holes of values that
   *  cannot be opened. */
  async list(prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    const at = keyOf(prefix);
    const content = await readFor(this.#content, at, options);
    return this.opened(this.#list(content, at), options);
  }

  #list(content: Content<Parsed | undefined>, at: Key): readonly (Entry | Unreadable)[] {
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

  #entry(key: Key, value: ConfigValue, { modifiedAt, readAt }: Content<unknown>, leaf: Leaf): Entry {
    return makeEntry({ key, value, ...leaf, readAt, ...(modifiedAt !== undefined && { modifiedAt }) });
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
