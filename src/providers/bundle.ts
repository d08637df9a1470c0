// A configuration file in JSON, JSONC, YAML or TOML, or all files that a pattern matches. Reading, caching
// and watching are in local/, parsing is in formats/. Of one file, `list` returns one entry for a whole
// section.

import { resolve } from 'node:path';
import type { Entry, Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { formatOf, formats } from '../formats/format.ts';
import type { Format, FormatName } from '../formats/parsed.ts';
import { lazy } from '../internal/lazy.ts';
import {
  aBoolean,
  anInteger,
  anObject,
  anything,
  aString,
  type Check,
  checkOptions,
  either,
  mapOf,
  oneOf,
  sensitiveNames,
} from '../internal/options.ts';
import { keyOf } from '../key.ts';
import { type Content, ReloadableContent } from '../local/content.ts';
import { FileProvider, readFor } from '../local/content-provider.ts';
import { fileContent } from '../local/file-content.ts';
import type { FileSet } from '../local/file-set.ts';
import type { ParsedKeys } from '../local/parsed-keys.ts';
import { loadFileSet, loadParsedKeys } from '../local/reading.ts';
import type { ReferenceValues } from '../local/references.ts';
import type { ListOptions } from '../provider.ts';
import { type Sensitive, taint } from '../redact.ts';
import type { SealedOptions } from '../sealing/opening.ts';
import { type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';

/** Options of a `BundleProvider`. */
export interface BundleOptions {
  /** The file. A relative path is resolved at construction. `*` in its last segment reads all files with such
   *  names, merged by the order of their names: later files win. */
  readonly path: string;
  /** The format of the file, or of all files: its name, or a value such as `yaml` of
   *  `llm-config-manager/yaml`, which `loadConfigSync` needs.
   *  @default from the extension: `.json`, `.jsonc`, `.yaml`, `.yml`, `.toml` */
  readonly format?: FormatName | Format;
  /** Treats a missing file, or a pattern without files, as empty. Every other failure is still an error.
   *  @default false */
  readonly optional?: boolean;
  /** More names whose values are secret. @default [] */
  readonly sensitive?: Sensitive;
  /** Refuses larger files. @default 16_777_216 */
  readonly maxBytes?: number;
  /** Opens sealed values (`sealed:eyJ…`): with the key of the environment, or with `keys` of your own. Give
   *  the file a `context` of its own if others can write it. @default false */
  readonly sealed?: boolean | SealedOptions;
  /** Replaces `${server.host}` and `${PORT:8080}` in texts with other values of the file. An object adds
   *  values by name, which win over those of the file; it is copied. `false`: keeps such texts without the
   *  notice that a load emits. @default none (such texts are kept) */
  readonly references?: boolean | ReferenceValues;
  /** The provider's name in errors and explanations. @default `bundle:` and the path */
  readonly name?: string;
}

type Keys = ParsedKeys | FileSet;

const loadOpening = lazy(() => import('../sealing/opening.ts'));
const aScalar: Check = (value) =>
  /^(?:string|number|boolean|undefined)$/.test(typeof value) ? undefined : 'a text, a number or a boolean';
/** A name, or a value of a format. */
const aFormat: Check = (value) =>
  typeof value === 'object' && typeof (value as Partial<Format> | null)?.parse === 'function'
    ? undefined
    : oneOf(...Object.keys(formats))(value);
/** A function, so that a bundler can drop it, and with it the parsers that `aFormat` knows. */
const allowed = () => ({
  path: aString,
  format: aFormat,
  optional: aBoolean,
  sensitive: sensitiveNames,
  maxBytes: anInteger(1),
  sealed: either(aBoolean, anObject),
  references: either(aBoolean, mapOf(aScalar)),
  name: aString,
});

/** Reads a configuration file: JSON, JSON with comments, YAML 1.2 or TOML 1.0. The file is read on first use,
 *  and again on `refresh`, on `maxAgeMs` and while it is watched. If it breaks, ordinary reads continue with
 *  its last good content. With `*` in its last segment, as in `conf.d/*.yaml`, the path names all such files.
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
  readonly #content: ReloadableContent<Keys | undefined>;

  constructor(options: string | BundleOptions) {
    const given: BundleOptions = typeof options === 'string' ? { path: options } : (options ?? {});
    checkOptions('BundleProvider', given, allowed());
    const { path, optional, sensitive, maxBytes, sealed = false } = given;
    if (typeof sealed === 'object')
      checkOptions('BundleProvider: sealed', sealed, { keys: anything, context: aString });
    if (!path)
      throw new ConfigError('invalid_option', 'BundleProvider: the option path is missing', {
        hint: "Give the path of a file: new BundleProvider('config.yaml')",
      });
    const provider = given.name ?? `bundle:${path}`;
    const isPattern = path.includes('*');
    if (/\*.*[/\\*]/.test(path))
      throw new ConfigError(
        'invalid_option',
        'BundleProvider: only the last segment of path may have one *',
        {
          hint: 'Use a BundleProvider for each folder',
        },
      );
    const { format } = given;
    const formatOfFile = (file: string): Format =>
      typeof format === 'object' ? format : formats[format ?? formatOf(file, 'BundleProvider')];
    if (!isPattern) formatOfFile(path);
    const references = typeof given.references === 'object' ? { ...given.references } : given.references;
    const keys = { provider, references, isSecret: taint(sensitive) };
    function* parse(text: string, file = path): Steps<ParsedKeys> {
      const { parsedKeys } = yield* wait(loadParsedKeys);
      const parsed = yield* formatOfFile(file).parse({ provider, file, text });
      return yield* parsedKeys(parsed, { ...keys, path: file, text });
    }
    const common = { provider, path, optional, maxBytes, parse };
    const pattern = resolve(path);
    const content = isPattern
      ? new ReloadableContent<Keys | undefined>({
          provider,
          *load(last, skips) {
            return yield* (yield* wait(loadFileSet)).readFileSet({ ...common, pattern }, last, skips);
          },
          watched: () => [{ pattern }],
        })
      : fileContent<Keys>(common);
    const opener = lazy(async () => (await loadOpening()).openingOf('BundleProvider', sealed));
    super(provider, content, sealed ? opener : undefined);
    this.#path = path;
    this.#content = content;
  }

  /** @internal */
  protected find(content: Content<Keys | undefined>, at: Key): Entry | undefined {
    return content.value?.find(at, content);
  }

  /** @internal */
  protected *listing(at: Key, options?: ListOptions): Steps<readonly (Entry | Unreadable)[]> {
    const content = yield* readFor(this.#content, at, options);
    return yield* this.opened(content.value?.list(at, content) ?? [], options);
  }

  /** The file and the key. Of a pattern, the file that has the key, once the files have been read. */
  where(key: Key): string {
    const at = keyOf(key);
    const value = this.#content.current?.value;
    return `${(value && 'fileOf' in value && value.fileOf(at)) || this.#path} ${at}`;
  }
}
