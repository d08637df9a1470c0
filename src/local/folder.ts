// The files below a folder, as one generation of a mounted Kubernetes volume. Used by volume.ts. A volume is
// swapped by renaming its link `..data`; a moment later the links of new files are added and those of old
// files removed.

import { type Dirent, existsSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Steps } from '../turns.ts';
import { ioError, isMissing } from './file.ts';
import { namesIn, realPathOf, statOf } from './file-system.ts';
import { isHidden } from './folder-marks.ts';

/** A file in a folder or below it, or the reason why it cannot be examined. */
export interface FolderFile {
  /** Its path below the folder. */
  readonly names: readonly string[];
  readonly file: string;
  readonly error?: ConfigError;
}

export interface Folder {
  /** Sorted by name. */
  readonly files: readonly FolderFile[];
  /** False if a volume was swapped since: its files belong to another generation. */
  readonly isCurrent: () => boolean;
}

/** No key has more segments. */
const maxDepth = 32;

/** Lists the files below a folder. Follows links and skips hidden files. `undefined` if the
 *  folder does not exist.
 *  @throws ConfigError `io` or `unavailable` if the folder cannot be listed or has too many files */
export function* filesBelow(
  root: string,
  shown: string,
  provider: string,
  maxFiles: number,
): Steps<Folder | undefined> {
  const found: FolderFile[] = [];
  const volumes = new Map<string, string | undefined>();
  const add = (file: FolderFile): void => {
    if (found.length === maxFiles)
      throw new ConfigError('io', `the folder ${shown} has more than ${maxFiles} files`, {
        provider,
        hint: 'Name a smaller folder, or raise maxFiles',
      });
    found.push(file);
  };
  function* walk(folder: string, names: readonly string[], above: readonly string[]): Steps<void> {
    const real = yield* realPathOf(folder);
    if (above.includes(real) || above.length > maxDepth) {
      const reason = above.includes(real)
        ? 'links back to a folder above it'
        : `is more than ${maxDepth} folders deep`;
      const what = `${path.join(shown, ...names)} ${reason}`;
      add({
        names,
        file: folder,
        error: new ConfigError('io', what, { provider, hint: 'Remove the link or the folder' }),
      });
      return;
    }
    volumes.set(folder, generation(folder));
    for (const entry of yield* entriesOf(folder)) {
      const file = path.join(entry.parentPath, entry.name);
      const inside = [...names, entry.name];
      try {
        const isFolder =
          entry.isDirectory() || (entry.isSymbolicLink() && (yield* statOf(file)).isDirectory());
        if (isFolder) yield* walk(file, inside, [...above, real]);
        else add({ names: inside, file });
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        if (!isMissing(error))
          add({ names: inside, file, error: ioError(error, path.join(shown, ...inside), provider) });
        else if (entry.isSymbolicLink() && !isLeftover(file))
          add({ names: inside, file, error: dangling(path.join(shown, ...inside), provider) });
      }
    }
  }
  try {
    yield* walk(root, [], []);
    return {
      files: found,
      isCurrent: () => [...volumes].every(([folder, before]) => generation(folder) === before),
    };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioError(error, `the folder ${shown}`, provider);
  }
}

/** The entries of a folder, and of the current generation of a volume: right after a swap its new files have
 *  no links yet. */
export function* entriesOf(folder: string): Steps<readonly Dirent[]> {
  const linked = (yield* namesIn(folder)).filter(({ name }) => !isHidden(name));
  if (generation(folder) === undefined) return linked.sort(byName);
  const known = new Set(linked.map(({ name }) => name));
  const all = yield* namesOrNone(path.join(folder, dataLink));
  return [...linked, ...all.filter(({ name }) => !known.has(name) && !isHidden(name))].sort(byName);
}

function* namesOrNone(folder: string): Steps<readonly Dirent[]> {
  try {
    return yield* namesIn(folder);
  } catch {
    return [];
  }
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

function dangling(shown: string, provider: string): ConfigError {
  return new ConfigError('io', `${shown} links to a file that does not exist`, {
    provider,
    hint: 'Correct or remove the link',
  });
}

/** Whether a dangling link is left over from an old generation: it is gone already, or it points into
 *  `..data` and the swap is about to remove it. */
function isLeftover(link: string): boolean {
  const target = targetOf(link);
  return (
    target === undefined ||
    (target.split(path.sep)[0] === dataLink && existsSync(path.join(path.dirname(link), dataLink)))
  );
}

const dataLink = '..data';

/** The target of a volume's `..data`. A new target means a new generation of all files. */
export const generation = (folder: string): string | undefined => targetOf(path.join(folder, dataLink));

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
