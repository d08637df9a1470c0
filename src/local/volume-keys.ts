// The files of a mounted folder as entries of keys. Loaded by DirectoryProvider with its first read; the
// files are read by volume.ts.

import { type Entry, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { parent, startsWith } from '../key.ts';
import { makeOrigin } from '../origin.ts';
import type { Key } from '../value.ts';
import type { VolumeFile, VolumeOptions } from './volume.ts';

export interface VolumeKeysOptions extends VolumeOptions {
  readonly isSecret: (key: Key, value: string) => boolean;
}

/** One generation of a folder. */
export class VolumeKeys {
  readonly files: ReadonlyMap<Key, VolumeFile>;
  readonly #options: VolumeKeysOptions;
  readonly #readAt: number;

  constructor(files: ReadonlyMap<Key, VolumeFile>, options: VolumeKeysOptions, readAt: number) {
    this.files = files;
    this.#options = options;
    this.#readAt = readAt;
  }

  /** The leaf at a key. Throws for a hole and for a section. */
  find(key: Key): Entry | undefined {
    const { provider, shown } = this.#options;
    const file = this.files.get(key) ?? this.#holeAbove(key);
    if (file?.error) throw file.error.with({ key });
    if (file) return this.#entry(file);
    for (const other of this.files.keys())
      if (startsWith(other, key))
        throw new ConfigError('invalid_key', `"${key}" is a section of ${shown}, not a value`, {
          provider,
          key,
          hint: 'Read it with tree',
        });
    return undefined;
  }

  list(prefix: Key): (Entry | Unreadable)[] {
    const above = this.files.has(prefix) ? undefined : this.#holeAbove(prefix);
    if (above) return [this.#hole({ ...above, key: prefix })];
    return [...this.files.values()]
      .filter(({ key }) => startsWith(key, prefix))
      .map((file) => (file.error ? this.#hole(file) : this.#entry(file)));
  }

  #entry({ key, shown, value = '', modifiedAt }: VolumeFile): Entry {
    const { provider, base64, isSecret } = this.#options;
    return makeEntry({
      key,
      value,
      secret: isSecret(key, value),
      origin: makeOrigin({ provider, source: shown }),
      readAt: this.#readAt,
      ...(modifiedAt !== undefined && { modifiedAt }),
      ...(base64.has(key) ? { metadata: Object.freeze({ encoding: 'base64' }) } : { text: true }),
    });
  }

  #hole({ key, shown, error }: VolumeFile): Unreadable {
    const origin = makeOrigin({ provider: this.#options.provider, source: shown });
    return Object.freeze({ key, origin, error: error as ConfigError });
  }

  /** The hole above a key, if there is one: an unreadable folder, or a file where a section should be. */
  #holeAbove(key: Key): VolumeFile | undefined {
    for (let above = parent(key); above !== ''; above = parent(above)) {
      const file = this.files.get(above);
      if (file?.error) return file;
    }
    return undefined;
  }
}
