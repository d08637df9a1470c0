// One file as ReloadableContent. Used by BundleProvider and EncryptedFileProvider. The code that reads files
// loads on first use.

import path from 'node:path';
import { lazyModule } from '../internal/lazy.ts';
import { type Steps, wait } from '../turns.ts';
import { type Content, ReloadableContent } from './content.ts';

export interface FileContentOptions<T> {
  /** The provider's name, for errors. */
  readonly provider: string;
  /** The path as the user gave it; errors print it. Resolved now, so a later change of the working directory
   *  has no effect. */
  readonly path: string;
  /** Receives the whole text without a byte order mark. Throws a ConfigError that does not quote the text. */
  readonly parse: (text: string) => Steps<T>;
  /** Returns `undefined` for a missing file. Every other failure is still an error. @default false */
  readonly optional?: boolean | undefined;
  /** @default 16 MiB */
  readonly maxBytes?: number | undefined;
}

/** Reads, parses, caches and watches one file. `value` is the result of `parse`, or `undefined` for a missing
 *  optional file. A file that is half-written, broken or unreadable keeps its last good content; only a read
 *  whose `maxAgeMs` the content exceeds fails. */
export function fileContent<T>({
  provider,
  path: shown,
  parse,
  optional = false,
  maxBytes,
}: FileContentOptions<T>): ReloadableContent<T | undefined> {
  const file = path.resolve(shown);
  function* load(last: Content<T | undefined> | undefined, skips: boolean): Steps<Content<T | undefined>> {
    const { missing, readBytesSteps, savingPause, settledMarkOf, utf8 } = yield* wait(loadFile);
    const mark = settledMarkOf(file); // before the read: a later change gives another mark
    if (skips && last && mark !== undefined && last.mark === mark) return { ...last, readAt: Date.now() };
    let bytes = yield* readBytesSteps(file, shown, provider, maxBytes);
    if (!bytes && last && last.fingerprint !== absent) {
      yield* savingPause();
      bytes = yield* readBytesSteps(file, shown, provider, maxBytes);
    }
    const readAt = Date.now();
    if (!bytes && optional) return { value: undefined, fingerprint: absent, readAt };
    if (!bytes) throw missing(shown, provider, 'Create it, correct the path, or set optional', file);
    const text = utf8(bytes.content, shown, provider);
    const { modifiedAt } = bytes;
    if (last?.fingerprint === text) return { ...last, modifiedAt, mark, readAt };
    return { value: yield* parse(text), fingerprint: text, modifiedAt, mark, readAt };
  }
  return new ReloadableContent({
    provider,
    load,
    watched: () => [file],
  });
}

/** The fingerprint of a missing file; no text is equal to it in practice. */
const absent = '\0absent';

export const loadFile = lazyModule(() => import('./file.ts'));
