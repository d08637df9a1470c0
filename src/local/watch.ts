// Watches folders. Used by content-watch.ts, and for files that hold credentials. Own code because Kubernetes
// changes a volume by swapping the link `..data`, and the files themselves never change. Events are only
// hints: each leads to a fresh comparison.

import { type FSWatcher, lstatSync, readlinkSync, statSync, watch as watchFolder } from 'node:fs';
import path from 'node:path';

/** Folders, each with the names in it that matter; `undefined`: all names. */
export type Folders = ReadonlyMap<string, ReadonlySet<string> | undefined>;

export interface WatchOptions {
  /** The folders to watch. Called again before each check, because links may point elsewhere by then. */
  readonly folders: () => Folders;
  /** Compares the source with its last state and notifies listeners. Must not throw. */
  readonly recheck: () => Promise<void>;
  /** Debounce window for events. @default 30 */
  readonly settleMs?: number;
  /** Interval of checks without an event: for network file systems, and if the system has no watches left.
   *  @default 5000 */
  readonly pollMs?: number;
}

export interface Watch extends Disposable {
  /** Resolves after the first check. */
  readonly ready: Promise<void>;
}

/** After so many failures in a row only the poll continues. */
const maxFailures = 10;
const maxLinks = 40;

/** Calls `recheck` at once, after events in `folders`, and at an interval. Never keeps the process alive. */
export function watch({ folders, recheck, settleMs = 30, pollMs = 5000 }: WatchOptions): Watch {
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let closed = false;
  let failures = 0;

  const hint = (): void => {
    if (!closed) timer ??= setTimeout(check, settleMs).unref();
  };
  const failed = (): void => {
    if (++failures <= maxFailures) hint();
  };

  // always new watchers: inode numbers are reused, so an old watcher may belong to a deleted folder
  const arm = (): string => {
    const old = watchers;
    const wanted = folders();
    watchers = [...wanted].flatMap(([folder, names]) => {
      const matters = matcher(folder, names);
      try {
        const watcher = watchFolder(folder, { persistent: false }, (_, name) => {
          if (matters(name)) hint();
        });
        return [watcher.on('error', failed)];
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') failed(); // after ENOSPC only the poll continues
        return [];
      }
    });
    for (const watcher of old) watcher.close();
    return textOf(wanted);
  };

  const rounds = async (): Promise<void> => {
    for (again = true; again && !closed; ) {
      again = false;
      const armed = arm(); // watch before the check, so no change falls between them
      await recheck();
      if (!closed && textOf(folders()) !== armed) hint(); // folders were swapped during the check
    }
  };
  const check = (): Promise<void> => {
    timer = undefined;
    if (running) again = true;
    else
      running = rounds().finally(() => {
        running = undefined;
      });
    return running as Promise<void>;
  };

  const poll = setInterval(() => {
    failures = 0;
    void check();
  }, pollMs).unref();
  return {
    ready: check(),
    [Symbol.dispose]() {
      closed = true;
      clearTimeout(timer);
      clearInterval(poll);
      for (const watcher of watchers.splice(0)) watcher.close();
    },
  };
}

/** Calls `changed` when one of the files is another one than before. */
export function watchFiles(files: readonly string[], changed: () => void): Watch {
  const marks = (): string => files.map(markOf).join();
  let known = marks();
  const recheck = async (): Promise<void> => {
    const now = marks();
    if (now === known) return;
    known = now;
    changed();
  };
  const folders = (): Folders => {
    const found = new Map<string, Set<string> | undefined>();
    for (const file of files) addFolders(found, foldersOf(file));
    return found;
  };
  return watch({ folders, recheck });
}

/** Adds folders to others: all names of a folder matter if they do in one of the two. */
export function addFolders(folders: Map<string, Set<string> | undefined>, more: Folders): void {
  for (const [folder, names] of more)
    if (!names || !folders.has(folder)) folders.set(folder, names && new Set(names));
    else for (const name of names) folders.get(folder)?.add(name);
}

const textOf = (folders: Folders): string =>
  [...folders].map(([folder, names]) => [folder, ...(names ?? [])].join('\0')).join('\0\0');

/** Whether an event in a folder is about one of the names, or about the folder itself. Systems differ in
 *  case and in the form of accents. */
function matcher(folder: string, names: ReadonlySet<string> | undefined): (name: string | null) => boolean {
  const same = (name: string): string => name.normalize('NFC').toLowerCase();
  const known = names && new Set([...names, path.basename(folder)].map(same));
  return (name) => !known || !name || known.has(same(name));
}

/** The folders in which a change can replace `file`, with the name in question: those of every symlink on its
 *  path, and that of the file or of the first missing part. */
export function foldersOf(
  file: string,
  targetOf = linkTarget,
  found = new Map<string, Set<string>>(),
  links = 0,
): Map<string, Set<string>> {
  let folder = path.parse(file).root;
  const parts = file.slice(folder.length).split(path.sep).filter(Boolean);
  for (const [i, part] of parts.entries()) {
    const here = path.join(folder, part);
    const target = targetOf(here);
    if (target !== false || i === parts.length - 1)
      found.set(folder, (found.get(folder) ?? new Set()).add(part));
    if (target === undefined || links > maxLinks) break;
    if (target !== false)
      return foldersOf(path.resolve(folder, target, ...parts.slice(i + 1)), targetOf, found, links + 1);
    folder = here;
  }
  return found;
}

/** The target of a link; `false` if it is not a link, `undefined` if it cannot be examined. */
export function linkTarget(file: string): string | false | undefined {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : false;
  } catch {
    return undefined;
  }
}

/** A text that differs when the file may have changed.
 *  @see settledMarkOf returns a mark only if equal marks prove that a file has not changed. */
export function markOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return `${(error as NodeJS.ErrnoException).code}`;
  }
}
