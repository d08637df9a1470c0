// The folders to watch below a folder, and the marks of its files. Used by DirectoryProvider, and by
// BundleProvider for the files of a pattern. Synchronous, because a watch must not miss a change between
// two of its steps.

import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { addFolders, type Folders, foldersOf, linkTarget, markOf } from './watch.ts';

/** Files that are not keys: those that begin with a dot, `..data` of a mounted volume among them. */
export const isHidden = (name: string): boolean => name.startsWith('.');

/** The folders to watch for every change of the first `maxFiles` files below `root`. */
export function foldersBelow(root: string, maxFiles: number, names?: RegExp): Folders {
  const targets = new Map<string, string | false | undefined>();
  // the links of a volume have the same folders on their paths
  const targetOf = (file: string): string | false | undefined => {
    if (!targets.has(file)) targets.set(file, linkTarget(file));
    return targets.get(file);
  };
  const folders = new Map<string, Set<string> | undefined>(foldersOf(root, targetOf));
  walk(root, maxFiles, names, {
    folder: (real) => folders.set(real, undefined),
    file: (file, entry) => {
      if (entry.isSymbolicLink()) addFolders(folders, foldersOf(file, targetOf));
    },
  });
  return new Map([...folders].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A text that differs when one of the first `maxFiles` files below `root` may have changed. */
export function marksBelow(root: string, maxFiles: number, names?: RegExp): string {
  const marks: string[] = [];
  const file = (one: string): number => marks.push(`${one} ${markOf(one)}`);
  walk(root, maxFiles, names, { folder: () => {}, file });
  return marks.sort().join('\n');
}

interface Visitor {
  /** Called for each folder with its real path. */
  readonly folder: (real: string) => void;
  readonly file: (file: string, entry: Dirent) => void;
}

/** `names`: visits only files with such names, and no folder inside. */
function walk(root: string, maxFiles: number, names: RegExp | undefined, visitor: Visitor): void {
  const seen = new Set<string>();
  let files = 0;
  const visit = (folder: string): void => {
    const real = orUndefined(() => realpathSync(folder));
    const entries = orUndefined(() => readdirSync(folder, { withFileTypes: true }));
    if (real === undefined || entries === undefined || seen.has(real)) return;
    seen.add(real);
    visitor.folder(real);
    for (const entry of entries) {
      if (isHidden(entry.name) || names?.test(entry.name) === false) continue;
      const file = path.join(folder, entry.name);
      visitor.file(file, entry);
      if (++files > maxFiles) return;
      if (!entry.isFile() && !names) visit(file);
    }
  };
  visit(root);
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
