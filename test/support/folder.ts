import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

type Files = Readonly<Record<string, string | Buffer>>;

/** A temporary folder with files. Removed at the end of its scope. */
export async function folder(files: Files = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'lcm-'));
  const at = (name: string): string => path.join(root, name);
  const write = async (more: Files): Promise<void> => {
    for (const [name, content] of Object.entries(more)) {
      await mkdir(path.dirname(at(name)), { recursive: true });
      await writeFile(at(name), content);
    }
  };
  await write(files);
  return {
    path: root,
    at,
    write,
    /** Replaces the file by renaming a new one, like an editor. */
    replace: async (name: string, content: string): Promise<void> => {
      await writeFile(at(`${name}~`), content);
      await rename(at(`${name}~`), at(name));
    },
    remove: (name: string): Promise<void> => rm(at(name)),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
