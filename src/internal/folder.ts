import { type Dirent, existsSync, readlinkSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { ioError, isMissing } from './file.ts';
import { isHidden } from './survey.ts';

/** A file in a folder or below it, by the names that lead there; `error` when it cannot even be looked at. */
export interface Found {
  readonly names: readonly string[];
  readonly file: string;
  readonly error?: ConfigError;
}

/** Deeper than any key. */
const maxDepth = 32;

/** The files below a folder in the order of their names; links are followed, hidden ones left out. `undefined`: no such folder. */
export async function filesBelow(root: string, shown: string, provider: string, most: number): Promise<readonly Found[] | undefined> {
  const found: Found[] = [];
  const add = (one: Found): void => {
    if (found.length === most)
      throw new ConfigError('io', `the folder ${shown} has more than ${most} files`, {
        provider,
        hint: 'Name a smaller folder, or raise maxFiles',
      });
    found.push(one);
  };
  const walk = async (folder: string, names: readonly string[], above: readonly string[]): Promise<void> => {
    const real = await realpath(folder);
    if (above.includes(real) || above.length > maxDepth) {
      const what = `${path.join(shown, ...names)} ${above.includes(real) ? 'leads back to a folder above it' : 'lies too deep'}`;
      add({ names, file: folder, error: new ConfigError('io', what, { provider, hint: 'Remove the link or the folder' }) });
      return;
    }
    for (const entry of (await readdir(folder, { withFileTypes: true })).sort(byName)) {
      if (isHidden(entry.name)) continue;
      const file = path.join(folder, entry.name);
      const inside = [...names, entry.name];
      try {
        const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await stat(file)).isDirectory());
        if (isFolder) await walk(file, inside, [...above, real]);
        else add({ names: inside, file });
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        if (!isMissing(error)) add({ names: inside, file, error: ioError(error, path.join(shown, ...inside), provider) });
        else if (entry.isSymbolicLink() && !isLeftover(file))
          add({ names: inside, file, error: dangling(path.join(shown, ...inside), provider) });
      }
    }
  };
  try {
    await walk(root, [], []);
    return found;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioError(error, `the folder ${shown}`, provider);
  }
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

function dangling(shown: string, provider: string): ConfigError {
  return new ConfigError('io', `${shown} is a link to what does not exist`, { provider, hint: 'Correct the link' });
}

/** Whether a link into `..data` is of a generation that is over: whoever swapped the volume removes it in a moment. */
function isLeftover(link: string): boolean {
  const folder = path.dirname(link);
  return pointsTo(link)?.split(path.sep)[0] === '..data' && existsSync(path.join(folder, '..data'));
}

/** Where a mounted volume's `..data` points: another place means another generation of all files. */
export function generation(root: string): string | undefined {
  return pointsTo(path.join(root, '..data'));
}

function pointsTo(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
