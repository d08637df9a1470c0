// The files that a pattern such as `conf.d/*.yaml` matches, merged by the order of their names: later files
// win. Loaded by BundleProvider with its first read of a pattern. Each file keeps its own origin, and is
// parsed again only if it has changed. All files belong to one generation of a mounted Kubernetes volume.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { startsWith } from '../key.ts';
import { merge } from '../merge/merge.ts';
import type { Merged } from '../merge/merged.ts';
import { makeOrigin } from '../origin.ts';
import { type Steps, together } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Content } from './content.ts';
import { ioError, isMissing, missing, readBytesSteps, savingPause, settledMarkOf, utf8 } from './file.ts';
import { entriesOf, generation } from './folder.ts';
import type { ParsedKeys } from './parsed-keys.ts';
import { patternOf } from './pattern.ts';

export interface FileSetOptions {
  readonly provider: string;
  /** The pattern as the user gave it. */
  readonly path: string;
  /** The same as an absolute path. */
  readonly pattern: string;
  readonly optional?: boolean | undefined;
  readonly maxBytes?: number | undefined;
  /** Parses a file. `shown`: its path as the user would give it. */
  readonly parse: (text: string, shown: string) => Steps<ParsedKeys>;
}

interface ReadFile {
  readonly shown: string;
  readonly text: string;
  readonly modifiedAt: number;
  readonly mark: string | undefined;
  readonly keys: ParsedKeys;
}

const maxFiles = 1_000;
const maxAttempts = 5;

/** The files of a pattern at one time. */
export class FileSet {
  readonly files: ReadonlyMap<string, ReadFile>;
  readonly #path: string;
  readonly #provider: string;
  readonly #merged: Merged;
  readonly #entries: ReadonlyMap<Key, Entry>;
  readonly #holes: readonly Unreadable[];

  constructor(files: readonly ReadFile[], { provider, path }: FileSetOptions, readAt: number) {
    this.files = new Map(files.map((file) => [file.shown, file]));
    this.#path = path;
    this.#provider = provider;
    this.#merged = merge(
      [...files].reverse().map(({ shown, keys, modifiedAt }) => ({
        name: shown,
        entries: keys.list('', { modifiedAt, readAt }),
        holes: [],
      })),
    );
    const { holes, empty } = this.#merged;
    const origin = makeOrigin({ provider, source: path });
    const entries = [
      ...this.#merged.entries().map((entry) => makeEntry({ ...entry, document: provider })),
      ...Array.from(empty, (key) => makeEntry({ key, value: {}, secret: false, origin, document: provider })),
    ];
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
    this.#holes = Array.from(
      holes.values(),
      (hole): Unreadable => Object.freeze({ key: hole.key, origin: hole.origin, error: hole.error }),
    );
  }

  /** The leaf at a key. Throws for a section, and where one file has a value and another a section. */
  find(key: Key): Entry | undefined {
    const found = this.#entries.get(key);
    if (found && this.#merged.leaves.has(key)) return found;
    const hole = this.#holes.find((one) => startsWith(key, one.key));
    if (hole) throw hole.error.with({ key });
    if (!this.#items().some((item) => startsWith(item.key, key))) return undefined;
    throw new ConfigError('invalid_key', `"${key}" is a section of ${this.#path}, not a value`, {
      provider: this.#provider,
      key,
      hint: 'Read it with tree',
    });
  }

  /** The file that has a key. */
  fileOf(key: Key): string | undefined {
    return this.#merged.leaves.get(key)?.layerName;
  }

  #items(): readonly (Entry | Unreadable)[] {
    return [...this.#entries.values(), ...this.#holes];
  }

  list(prefix: Key): readonly (Entry | Unreadable)[] {
    if (prefix === '') return this.#items();
    return this.#items().flatMap((item) => {
      if (startsWith(item.key, prefix)) return [item];
      return isUnreadable(item) && startsWith(prefix, item.key)
        ? [Object.freeze({ ...item, key: prefix })]
        : [];
    });
  }
}

type Last = Content<unknown> | undefined;

/** Reads the files of a pattern. `undefined` if there are none and the pattern is optional.
 *  @throws ConfigError with the name of the file that cannot be read or parsed */
export function* readFileSet(
  options: FileSetOptions,
  last: Last,
  skips: boolean,
): Steps<Content<FileSet | undefined>> {
  const { path: shown, provider, optional } = options;
  const { folder } = patternOf(options.pattern);
  const before = last?.value instanceof FileSet ? last.value : undefined;
  const known = before?.files ?? new Map<string, ReadFile>();
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const mounted = generation(folder);
    let files = yield* read(options, known, skips);
    if (files.length === 0 && known.size > 0) {
      yield* savingPause();
      files = yield* read(options, known, skips);
    }
    if (generation(folder) !== mounted) continue;
    const readAt = Date.now();
    const fingerprint = JSON.stringify(files.map((file) => [file.shown, file.text]));
    if (last?.fingerprint === fingerprint) return { ...last, value: before, readAt };
    if (files.length > 0) return { value: new FileSet(files, options, readAt), fingerprint, readAt };
    if (optional) return { value: undefined, fingerprint, readAt };
    const where = path.dirname(shown);
    if (!existsSync(folder))
      throw missing(where, provider, 'Create it, correct the path, or set optional', folder);
    throw new ConfigError('io', `no file matches ${shown} (looked in ${folder})`, {
      provider,
      hint: 'Create one, correct the path, or set optional',
    });
  }
  throw new ConfigError('unavailable', `the folder of ${shown} kept changing while it was read`, {
    provider,
  });
}

function* read(
  options: FileSetOptions,
  known: ReadonlyMap<string, ReadFile>,
  skips: boolean,
): Steps<ReadFile[]> {
  const { provider, path: pattern } = options;
  const { folder, names } = patternOf(options.pattern);
  const found = yield* attempt(entriesOf(folder));
  if ('error' in found && !isMissing(found.error))
    throw ioError(found.error, `the folder ${path.dirname(pattern)}`, provider);
  const matching = 'error' in found ? [] : found.result.filter(({ name }) => names.test(name));
  if (matching.length > maxFiles)
    throw new ConfigError('io', `${pattern} matches more than ${maxFiles} files`, {
      provider,
      hint: 'Use a narrower pattern',
    });
  const folderShown = path.dirname(pattern);
  const files = yield* together(
    matching.map(({ name, parentPath }) =>
      attempt(readOne(path.join(parentPath, name), path.join(folderShown, name), options, skips, known)),
    ),
  );
  return files.flatMap((file) => {
    if ('error' in file) throw file.error; // of the first file that cannot be read
    return file.result ?? [];
  });
}

/** The result of steps, or what they threw. */
function* attempt<T>(steps: Steps<T>): Steps<{ readonly result: T } | { readonly error: unknown }> {
  try {
    return { result: yield* steps };
  } catch (error) {
    return { error };
  }
}

/** One file. `undefined` if it was removed after the folder was listed. */
function* readOne(
  file: string,
  shown: string,
  { provider, maxBytes, parse }: FileSetOptions,
  skips: boolean,
  known: ReadonlyMap<string, ReadFile>,
): Steps<ReadFile | undefined> {
  const last = known.get(shown);
  const mark = settledMarkOf(file); // before the read: a later change gives another mark
  if (skips && last && mark !== undefined && last.mark === mark) return last;
  let bytes = yield* readBytesSteps(file, shown, provider, maxBytes);
  if (!bytes && last) {
    yield* savingPause(); // an editor may be replacing it
    bytes = yield* readBytesSteps(file, shown, provider, maxBytes);
  }
  if (!bytes) return undefined;
  const text = utf8(bytes.content, shown, provider);
  const keys = last?.text === text ? last.keys : yield* parse(text, shown);
  return { shown, text, keys, mark, modifiedAt: bytes.modifiedAt };
}
