import { type Dirent, existsSync, readlinkSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { ioError, isMissing } from './file.ts';
import { isHidden } from './folder-marks.ts';

/** A file in a folder or below it, by the names that lead there; `error` when it cannot even be looked at. */
export interface Found {
  readonly names: readonly string[];
  readonly file: string;
  readonly error?: ConfigError;
}

export interface Folder {
  /** In the order of their names. */
  readonly files: readonly Found[];
  /** False: a volume mounted there was swapped meanwhile, and all its files are others. */
  readonly isCurrent: () => boolean;
}

/** Deeper than any key. */
const maxDepth = 32;

/** The files below a folder; links are followed, hidden ones left out. `undefined`: no such folder. */
export async function filesBelow(
  root: string,
  shown: string,
  provider: string,
  most: number,
): Promise<Folder | undefined> {
  const found: Found[] = [];
  const volumes = new Map<string, string | undefined>();
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
      add({
        names,
        file: folder,
        error: new ConfigError('io', what, { provider, hint: 'Remove the link or the folder' }),
      });
      return;
    }
    volumes.set(folder, generation(folder));
    for (const entry of await entriesOf(folder)) {
      const file = path.join(entry.parentPath, entry.name);
      const inside = [...names, entry.name];
      try {
        const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await stat(file)).isDirectory());
        if (isFolder) await walk(file, inside, [...above, real]);
        else add({ names: inside, file });
      } catch (error) {
        if (error instanceof ConfigError) throw error;
        if (!isMissing(error))
          add({ names: inside, file, error: ioError(error, path.join(shown, ...inside), provider) });
        else if (entry.isSymbolicLink() && !isLeftover(file))
          add({ names: inside, file, error: dangling(path.join(shown, ...inside), provider) });
      }
    }
  };
  try {
    await walk(root, [], []);
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

/** What is in a folder, and in the generation of a mounted volume: whoever swaps it links what is new a moment later. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  const linked = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !isHidden(name));
  if (generation(folder) === undefined) return linked.sort(byName);
  const known = new Set(linked.map(({ name }) => name));
  const all = await readdir(path.join(folder, data), { withFileTypes: true }).catch(() => []);
  return [...linked, ...all.filter(({ name }) => !known.has(name) && !isHidden(name))].sort(byName);
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

function dangling(shown: string, provider: string): ConfigError {
  return new ConfigError('io', `${shown} is a link to what does not exist`, {
    provider,
    hint: 'Correct the link',
  });
}

/** Whether a link that leads nowhere is no more itself, or is one into `..data`, of a generation that is over: whoever swapped the
 *  volume removes it in a moment. */
function isLeftover(link: string): boolean {
  const target = pointsTo(link);
  return (
    target === undefined ||
    (target.split(path.sep)[0] === data && existsSync(path.join(path.dirname(link), data)))
  );
}

const data = '..data';

/** Where a mounted volume's `..data` points: another place means another generation of all files. */
const generation = (folder: string): string | undefined => pointsTo(path.join(folder, data));

function pointsTo(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
