// A folder of mounted secrets or a ConfigMap: one file per key. Reading a volume is in local/volume.ts and
// loads on first use. Kubernetes swaps all files of a volume at once through the link `..data`; a read never
// mixes two generations.

import path from 'node:path';
import type { Entry, Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import {
  aBoolean,
  anInteger,
  aString,
  checkOptions,
  either,
  listOf,
  sensitiveNames,
} from '../internal/options.ts';
import { keyOf, segments } from '../key.ts';
import { type Content, ReloadableContent } from '../local/content.ts';
import { FileProvider, readFor } from '../local/content-provider.ts';
import { loadVolume } from '../local/reading.ts';
import type { VolumeKeys } from '../local/volume-keys.ts';
import type { ListOptions } from '../provider.ts';
import { type Sensitive, taint } from '../redact.ts';
import { type Steps, wait } from '../turns.ts';
import type { Key } from '../value.ts';

/** Options of a `DirectoryProvider`. */
export interface DirectoryOptions {
  /** `true`: every value is secret. `false`: names and shapes decide. A list: more names whose values are
   *  secret. @default true */
  readonly sensitive?: boolean | Sensitive;
  /** Keys of binary files. Their value is the base64 of the bytes. @default [] */
  readonly base64?: readonly Key[];
  /** Treats a missing folder as empty. Every other failure is still an error. @default false */
  readonly optional?: boolean;
  /** Refuses folders with more files. @default 1_000 */
  readonly maxFiles?: number;
  /** Refuses larger files, one by one. @default 1_048_576 */
  readonly maxBytes?: number;
  /** The provider's name in errors and explanations. @default `directory:` and the path */
  readonly name?: string;
}

const allowed = {
  sensitive: either(aBoolean, sensitiveNames),
  base64: listOf(aString),
  optional: aBoolean,
  maxFiles: anInteger(1),
  maxBytes: anInteger(1),
  name: aString,
};

/** Reads mounted secrets and ConfigMaps. A file is a key and its text is the value, without one line break at
 *  the end. Folders and dotted file names make sections; hidden files are skipped. A file that cannot be read
 *  is a hole, and so are two files for one key. The folder is read on first use and always one generation of
 *  a Kubernetes volume at a time.
 *  @throws ConfigError `io` if the folder cannot be read or has too many files
 *  @example
 *  const secrets = new DirectoryProvider('/run/secrets');
 *  const entry = await secrets.get('database.password'); // from /run/secrets/database.password
 *  entry?.origin.source; // => '/run/secrets/database.password'
 *  @see EnvProvider reads files that variables name, with its option `fileSuffix`.
 */
export class DirectoryProvider extends FileProvider {
  readonly #path: string;
  readonly #content: ReloadableContent<VolumeKeys>;

  constructor(folder: string, options: DirectoryOptions = {}) {
    checkOptions('DirectoryProvider', options, allowed);
    if (typeof folder !== 'string' || folder === '')
      throw new ConfigError('invalid_option', 'DirectoryProvider: the path of the folder is missing', {
        hint: "Pass the folder: new DirectoryProvider('/run/secrets')",
      });
    const { sensitive = true, optional = false, maxFiles = 1000, maxBytes = 1024 * 1024 } = options;
    const provider = options.name ?? `directory:${folder}`;
    const root = path.resolve(folder);
    const base64 = new Set((options.base64 ?? []).map(keyOf));
    const isSecret = sensitive === true ? () => true : taint(sensitive || []);
    const volume = { root, shown: folder, provider, base64, maxFiles, maxBytes, isSecret };
    function* load(last: Content<VolumeKeys> | undefined, skips: boolean): Steps<Content<VolumeKeys>> {
      const [{ fingerprintOf, readVolume }, { VolumeKeys }] = yield* wait(loadVolume);
      const before = last?.value.files;
      const files = yield* readVolume(volume, {
        retry: before !== undefined && before.size > 0,
        known: skips ? before : undefined,
      });
      const at = root === folder ? '' : ` (looked for ${root})`;
      if (!files && !optional)
        throw new ConfigError('io', `the folder ${folder} does not exist${at}`, {
          provider,
          hint: 'Mount it, correct the path, or set optional',
        });
      const readAt = Date.now();
      const value = new VolumeKeys(files ?? new Map(), volume, readAt);
      return { value, fingerprint: fingerprintOf(files), readAt };
    }
    const content = new ReloadableContent({
      provider,
      load,
      watched: () => [{ folder: root, maxFiles }],
    });
    super(provider, content);
    this.#path = folder;
    this.#content = content;
  }

  /** @internal */
  protected find({ value }: Content<VolumeKeys>, at: Key): Entry | undefined {
    return value.find(at);
  }

  /** @internal */
  protected *listing(at: Key, options?: ListOptions): Steps<readonly (Entry | Unreadable)[]> {
    return (yield* readFor(this.#content, at, options)).value.list(at);
  }

  /** The files that could hold the key: with a dotted name, and in folders. One a line. */
  where(key: Key): string {
    const names = segments(keyOf(key));
    return [...new Set([path.join(this.#path, ...names), path.join(this.#path, names.join('.'))])].join('\n');
  }
}
