import { type FSWatcher, lstatSync, readlinkSync, statSync, watch as watchFolder } from 'node:fs';
import path from 'node:path';

export interface WatchOptions {
  /** The folders whose entries decide what is there, asked again before each look. */
  readonly folders: () => readonly string[];
  /** Looks again, and tells whoever has to know when something is different. Must not throw. */
  readonly look: () => Promise<void>;
  /** How long a hint waits for others. @default 30 */
  readonly settleMs?: number;
  /** How often to look without a hint: for network file systems, and when the system has no watches left. @default 5000 */
  readonly pollMs?: number;
}

export interface Watch extends Disposable {
  /** The first look is over. */
  readonly ready: Promise<void>;
}

/** Folders that vanish or fail while they are being watched, in a row, before the poll alone goes on. */
const patience = 10;
const maxLinks = 40;

/** Looks when the system says that something in `folders` moved, and every now and then. Never keeps the process alive. */
export function watch({ folders, look, settleMs = 30, pollMs = 5000 }: WatchOptions): Watch {
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
    if (++failures <= patience) hint();
  };

  // always from scratch: inode numbers are used again, so that a watch that was kept may be a dead one's
  const arm = (): string => {
    const old = watchers;
    const wanted = folders();
    watchers = wanted.flatMap((folder) => {
      try {
        return [watchFolder(folder, { persistent: false }, hint).on('error', failed)];
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') failed(); // ENOSPC, EMFILE and the like: the poll goes on
        return [];
      }
    });
    for (const watcher of old) watcher.close();
    return wanted.join('\0');
  };

  const rounds = async (): Promise<void> => {
    for (again = true; again && !closed; ) {
      again = false;
      const armed = arm(); // first watch, then look: no gap between
      await look();
      if (!closed && folders().join('\0') !== armed) hint(); // swapped in between
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

/** The folders whose entries decide what `file` is: every symlink's, the first missing link's, the file's own. */
export function foldersOf(file: string, found = new Set<string>(), links = 0): Set<string> {
  let folder = path.parse(file).root;
  const parts = file.slice(folder.length).split(path.sep).filter(Boolean);
  for (const [i, part] of parts.entries()) {
    const here = path.join(folder, part);
    const target = linkTarget(here);
    if (target !== false || i === parts.length - 1) found.add(folder);
    if (target === undefined || links > maxLinks) break;
    if (target !== false)
      return foldersOf(path.resolve(folder, target, ...parts.slice(i + 1)), found, links + 1);
    folder = here;
  }
  return found;
}

/** Where a link points; `false` for what is no link, `undefined` for what cannot be seen. */
function linkTarget(file: string): string | false | undefined {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : false;
  } catch {
    return undefined;
  }
}

/** Different when a file may be. */
export function markOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return `${(error as NodeJS.ErrnoException).code}`;
  }
}
