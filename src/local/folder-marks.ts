import { readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { foldersOf, markOf } from './watch.ts';

/** What no mounted volume means as a key: its `..data`, and files that begin with a dot. */
export const isHidden = (name: string): boolean => name.startsWith('.');

/** The folders to watch so that nothing below `root` changes unseen, and a mark of its files, `most` of them at most. */
export function folderMarks(
  root: string,
  most: number,
): { readonly folders: readonly string[]; readonly mark: string } {
  const folders = foldersOf(root);
  const seen = new Set<string>();
  const marks: string[] = [];
  const walk = (folder: string): void => {
    const real = quietly(() => realpathSync(folder));
    const entries = quietly(() => readdirSync(folder, { withFileTypes: true }));
    if (real === undefined || entries === undefined || seen.has(real)) return;
    seen.add(real);
    folders.add(real);
    for (const entry of entries) {
      if (isHidden(entry.name)) continue;
      const file = path.join(folder, entry.name);
      if (marks.push(`${file} ${markOf(file)}`) > most) return;
      if (entry.isSymbolicLink()) for (const one of foldersOf(file)) folders.add(one);
      if (!entry.isFile()) walk(file);
    }
  };
  walk(root);
  return { folders: [...folders].sort(), mark: marks.sort().join('\n') };
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
