import path from 'node:path';
import { type Entry, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import {
  aBoolean,
  anInteger,
  aString,
  checkOptions,
  either,
  listOf,
  sensitiveNames,
} from '../internal/options.ts';
import { keyOf, parent, segments, startsWith } from '../key.ts';
import { type Content, ReloadableContent } from '../local/content.ts';
import { folderMarks } from '../local/folder-marks.ts';
import type { VolumeFile } from '../local/volume.ts';
import { makeOrigin } from '../origin.ts';
import type { Change, ConfigProvider, Health, ListOptions, ReadOptions } from '../provider.ts';
import { type Sensitive, taint } from '../redact.ts';
import type { Key } from '../value.ts';

export interface DirectoryOptions {
  /** Everything in it is secret; `false`: names and shapes decide; a list: they and these names do. @default true */
  readonly sensitive?: boolean | Sensitive;
  /** Keys whose files are binary: their value is the base64 of the bytes. @default [] */
  readonly base64?: readonly Key[];
  /** A missing folder has no keys. Whatever else is wrong with it stays an error. @default false */
  readonly optional?: boolean;
  /** A folder of more files is refused. @default 1_000 */
  readonly maxFiles?: number;
  /** A larger file cannot be read. @default 1_048_576 */
  readonly maxBytes?: number;
  /** How errors and explanations call it. @default `directory:` and the path */
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

type Files = ReadonlyMap<Key, VolumeFile>;

/** Mounted secrets and ConfigMaps: a file is a key, its text the value, without one line break at its end. Folders and dotted
 *  names are sections; hidden files are left out. A file that cannot be read is a hole, and so are two files that would be one
 *  key. The folder is read on first use, one generation of a Kubernetes volume at a time. */
export class DirectoryProvider implements ConfigProvider {
  readonly name: string;
  readonly local = true;
  readonly #path: string;
  readonly #base64: ReadonlySet<Key>;
  readonly #held: ReloadableContent<Files>;
  readonly #secret: (key: Key, value: string) => boolean;

  constructor(folder: string, options: DirectoryOptions = {}) {
    checkOptions('DirectoryProvider', options, allowed);
    if (typeof folder !== 'string' || folder === '')
      throw new ConfigError('invalid_option', 'DirectoryProvider: it needs the path of a folder');
    const { sensitive = true, optional = false, maxFiles = 1000, maxBytes = 1024 * 1024 } = options;
    const provider = options.name ?? `directory:${folder}`;
    const root = path.resolve(folder);
    this.name = provider;
    this.#path = folder;
    this.#base64 = new Set((options.base64 ?? []).map(keyOf));
    this.#secret = sensitive === true ? () => true : taint(sensitive || []);
    const read = { root, shown: folder, provider, base64: this.#base64, maxFiles, maxBytes };
    const load = async (last: Content<Files> | undefined): Promise<Content<Files>> => {
      const { printOf, readVolume: readMounted } = await import('../local/volume.ts');
      const files = await readMounted(read, { again: last !== undefined && last.value.size > 0 });
      if (!files && !optional)
        throw new ConfigError('io', `the folder ${folder} does not exist`, {
          provider,
          hint: 'Mount it, correct the path, or make it optional',
        });
      return { value: files ?? new Map(), print: printOf(files), readAt: Date.now() };
    };
    this.#held = new ReloadableContent({
      provider,
      load,
      folders: () => folderMarks(root, maxFiles).folders,
      mark: () => folderMarks(root, maxFiles).mark,
    });
  }

  async get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    const at = keyOf(key);
    const content = await this.#read(at, options);
    const file = content.value.get(at) ?? holeAbove(content.value, at);
    if (file?.error) throw file.error.with({ key: at });
    if (file) return this.#entry(file, content);
    for (const one of content.value.keys())
      if (startsWith(one, at))
        throw new ConfigError('invalid_key', `"${at}" is a section of ${this.#path}, not a value`, {
          provider: this.name,
          key: at,
          hint: 'Read it with tree',
        });
    return undefined;
  }

  async list(prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    const at = keyOf(prefix);
    const content = await this.#read(at, options);
    const above = content.value.has(at) ? undefined : holeAbove(content.value, at);
    if (above) return [this.#hole({ ...above, key: at })];
    return [...content.value.values()]
      .filter(({ key }) => startsWith(key, at))
      .map((file) => (file.error ? this.#hole(file) : this.#entry(file, content)));
  }

  /** The file of that name, or in folders. */
  where(key: Key): string {
    const names = segments(keyOf(key));
    return [...new Set([path.join(this.#path, ...names), path.join(this.#path, names.join('.'))])].join('\n');
  }

  health(options?: ReadOptions): Promise<Health> {
    return this.#held.health(options);
  }

  /** Reads the folder again now. When that fails the failure is thrown, and what was read before stays. */
  refresh(): Promise<void> {
    return this.#held.refresh();
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.#held.watch(() => onChange({ provider: this.name, time: Date.now() }));
  }

  /** Ends every watch. */
  async close(): Promise<void> {
    this.#held.close();
  }

  async #read(key: Key, options: ReadOptions | undefined): Promise<Content<Files>> {
    try {
      return await this.#held.read(options);
    } catch (error) {
      throw key !== '' && isConfigError(error) ? error.with({ key }) : error;
    }
  }

  #entry({ key, shown, value = '', modifiedAt }: VolumeFile, { readAt }: Content<Files>): Entry {
    const binary = this.#base64.has(key);
    return makeEntry({
      key,
      value,
      secret: this.#secret(key, value),
      origin: makeOrigin({ provider: this.name, source: shown }),
      readAt,
      ...(modifiedAt !== undefined && { modifiedAt }),
      ...(binary ? { metadata: Object.freeze({ encoding: 'base64' }) } : { text: true }),
    });
  }

  #hole({ key, shown, error }: VolumeFile): Unreadable {
    return Object.freeze({
      key,
      origin: makeOrigin({ provider: this.name, source: shown }),
      error: error as ConfigError,
    });
  }
}

/** What keeps a key from being known: an unreadable folder, a file in the place of a section. */
function holeAbove(files: Files, key: Key): VolumeFile | undefined {
  for (let above = parent(key); above !== ''; above = parent(above)) {
    const file = files.get(above);
    if (file?.error) return file;
  }
  return undefined;
}
