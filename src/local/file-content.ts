import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lazy } from '../internal/lazy.ts';
import { type Content, ReloadableContent } from './content.ts';
import { foldersOf, markOf } from './watch.ts';

export interface FileContentOptions<T> {
  /** The provider's name, for errors. */
  readonly provider: string;
  /** As the user gave it; errors print it so. Relative to the working directory of now, wherever the process goes later. */
  readonly path: string;
  /** The whole text, without a byte order mark. Throws a ConfigError for what it cannot read, without quoting it. */
  readonly parse: (text: string) => T | Promise<T>;
  /** A missing file is `undefined`; every other failure is still one. @default false */
  readonly optional?: boolean | undefined;
  /** @default 16 MiB */
  readonly maxBytes?: number | undefined;
}

/** One file that is read, parsed, held and watched. `(await file.read(options)).value` is what `parse` made of it, or `undefined`
 *  for a missing optional file; `file.refresh()`, `file.watch(onChange)`, `file.health()` and `file.close()` are a provider's own.
 *  A file that is half-written, broken or unreadable keeps its last good content for ordinary reads and fails a read with
 *  `maxAgeMs: 0`. */
export function fileContent<T>({
  provider,
  path: shown,
  parse,
  optional = false,
  maxBytes,
}: FileContentOptions<T>): ReloadableContent<T | undefined> {
  const file = path.resolve(shown);
  const load = async (last: Content<T | undefined> | undefined): Promise<Content<T | undefined>> => {
    const { missing, readBytes, savingMs, utf8 } = await reading();
    let bytes = await readBytes(file, shown, provider, maxBytes);
    if (!bytes && last && last.print !== absent) {
      await delay(savingMs);
      bytes = await readBytes(file, shown, provider, maxBytes);
    }
    const readAt = Date.now();
    if (!bytes && optional) return { value: undefined, print: absent, readAt };
    if (!bytes) throw missing(shown, provider, 'Create it, correct the path, or make it optional');
    const text = utf8(bytes.content, shown, provider);
    if (last?.print === text) return { ...last, modifiedAt: bytes.modifiedAt, readAt };
    return { value: await parse(text), print: text, modifiedAt: bytes.modifiedAt, readAt };
  };
  return new ReloadableContent({
    provider,
    load,
    folders: () => [...foldersOf(file)],
    mark: () => markOf(file),
  });
}

const absent = '\0absent';
const reading = lazy(() => import('./file.ts'));
