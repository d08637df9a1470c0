// The folders to watch below a folder, and the marks of its files. Used by DirectoryProvider. Synchronous,
// because a watch must not miss a change between two of its steps.

import { readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { foldersOf, markOf } from './watch.ts';

/** Files that are not keys: those that begin with a dot, `..data` of a mounted volume among them. */
export const isHidden = (name: string): boolean => name.startsWith('.');

/** Returns the folders to watch for every change below `root`, and a text that differs when one of the first
 *  `maxFiles` files may have changed. */
export function folderMarks(
  root: string,
  maxFiles: number,
): { readonly folders: readonly string[]; readonly mark: string } {
  const folders = foldersOf(root);
  const seen = new Set<string>();
  const marks: string[] = [];
  const walk = (folder: string): void => {
    const real = orUndefined(() => realpathSync(folder));
    const entries = orUndefined(() => readdirSync(folder, { withFileTypes: true }));
    if (real === undefined || entries === undefined || seen.has(real)) return;
    seen.add(real);
    folders.add(real);
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const file = path.join(folder, entry.name);
      if (marks.push(`${file} ${markOf(file)}`) > maxFiles) return;
      if (entry.isSymbolicLink()) for (const linked of foldersOf(file)) folders.add(linked);
      if (!entry.isFile()) walk(file);
    }
  };
  walk(root);
  return { folders: [...folders].sort(), mark: marks.sort().join('\n') };
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
