// The base of all providers that read a local source as a whole: BundleProvider, DirectoryProvider,
// EncryptedFileProvider, EnvProvider, DotEnvProvider. Forwards what does not depend on a key; a subclass adds
// get, list and where.

import type { Entry, Unreadable } from '../entry.ts';
import { isConfigError } from '../errors.ts';
import type { Health } from '../health.ts';
import type { Change, ConfigProvider, ListOptions, ReadOptions } from '../provider.ts';
import type { Key } from '../value.ts';
import type { Content, ReloadableContent } from './content.ts';

/** A provider of content that is read as a whole and kept in memory. */
export abstract class ContentProvider implements ConfigProvider {
  readonly name: string;
  readonly local = true;
  readonly #content: Pick<ReloadableContent<unknown>, 'health' | 'refresh' | 'watch' | 'close'>;

  /** The content has no type parameter here: it would show in the declarations of every public subclass.
   *  @internal */
  constructor(
    name: string,
    content: Pick<ReloadableContent<unknown>, 'health' | 'refresh' | 'watch' | 'close'>,
  ) {
    this.name = name;
    this.#content = content;
  }

  abstract get(key: Key, options?: ReadOptions): Promise<Entry | undefined>;
  abstract list(prefix?: Key, options?: ListOptions): Promise<readonly (Entry | Unreadable)[]>;
  abstract where(key: Key): string;

  /** Reads the source without keeping the result. Never throws because the source cannot be read. */
  health(options?: ReadOptions): Promise<Health> {
    return this.#content.health(options);
  }

  /** Reads the source again. Throws if that fails and keeps the last good content. */
  refresh(): Promise<void> {
    return this.#content.refresh();
  }

  /** Ends every watch. Reads still work. */
  async close(): Promise<void> {
    this.#content.close();
  }

  /** @internal */
  protected watchContent(onChange: (change: Change) => void): Disposable {
    return this.#content.watch(onChange);
  }
}

/** A ContentProvider that can always be watched, because its content is in files. */
export abstract class FileProvider extends ContentProvider {
  /** Calls `onChange` when the content changes, and when it becomes unreadable or readable again. */
  watch(onChange: (change: Change) => void): Disposable {
    return this.watchContent(onChange);
  }
}

/** Reads the content for one key and adds the key to an error. */
export async function readFor<T>(
  content: ReloadableContent<T>,
  key: Key,
  options: ReadOptions | undefined,
): Promise<Content<T>> {
  try {
    return await content.read(options);
  } catch (error) {
    throw key !== '' && isConfigError(error) ? error.with({ key }) : error;
  }
}
