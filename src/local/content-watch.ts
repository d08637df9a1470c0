// Watches the files or the folder of a ReloadableContent. Loaded by content.ts with the first watch.

import { foldersBelow, marksBelow } from './folder-marks.ts';
import { patternOf } from './pattern.ts';
import { addFolders, type Folders, foldersOf, markOf, type Watch, watch } from './watch.ts';

/** A file, a folder with at most so many files, or the files that a pattern names. */
export type Watched =
  | string
  | { readonly folder: string; readonly maxFiles: number }
  | { readonly pattern: string };

export interface ContentWatch {
  readonly watched: () => readonly Watched[];
  /** The fingerprint of the content that the listeners know, if any. */
  readonly known: string | undefined;
  /** Reads the content again. Returns its fingerprint, or a text that says why it cannot be read. */
  readonly read: () => Promise<string>;
  readonly changed: () => void;
}

export function watchContent({ watched, known, read, changed }: ContentWatch): Watch {
  const folders = (): Folders => {
    const found = new Map<string, Set<string> | undefined>();
    for (const one of watched()) addFolders(found, foldersAround(one));
    return found;
  };
  // a cheap text that differs when the source may have changed, because there is no fingerprint yet
  const marks = (): string => watched().map(markAround).join();
  let last = known;
  let mark = last === undefined ? marks() : undefined;
  const recheck = async (): Promise<void> => {
    let before = mark === undefined ? undefined : marks();
    let now = await read();
    // a change during the read: listeners must find the new content when they hear of it
    for (let again = 0; again < 5 && before !== undefined && before !== marks(); again++) {
      before = marks();
      now = await read();
    }
    const isChanged = mark === undefined ? now !== last : mark !== before;
    [last, mark] = [now, undefined];
    if (isChanged) changed();
  };
  return watch({ folders, recheck });
}

function foldersAround(one: Watched): Folders {
  if (typeof one === 'string') return foldersOf(one);
  if ('folder' in one) return foldersBelow(one.folder, one.maxFiles);
  const { folder, names } = patternOf(one.pattern);
  return foldersBelow(folder, Number.POSITIVE_INFINITY, names);
}

function markAround(one: Watched): string {
  if (typeof one === 'string') return markOf(one);
  if ('folder' in one) return marksBelow(one.folder, one.maxFiles);
  const { folder, names } = patternOf(one.pattern);
  return marksBelow(folder, Number.POSITIVE_INFINITY, names);
}
