// A path with `*` in its last segment. Used by file-set.ts, which reads the files that it names, and by
// content-watch.ts, which watches them.

import path from 'node:path';

/** The folder of a pattern, and the names that it matches there. */
export function patternOf(file: string): { readonly folder: string; readonly names: RegExp } {
  const text = path
    .basename(file)
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*');
  return { folder: path.resolve(path.dirname(file)), names: new RegExp(`^${text}$`, 's') };
}
