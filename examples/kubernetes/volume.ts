import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A mounted ConfigMap or Secret, as a kubelet maintains it. All files are in one folder, the link `..data`
 *  points to that folder, and an update replaces the link in one step. */
export class Volume {
  readonly path: string;
  #generation = 0;

  constructor(path: string) {
    this.path = path;
  }

  async update(files: Readonly<Record<string, string>>): Promise<void> {
    const before = `..2026_${this.#generation}`;
    const folder = `..2026_${++this.#generation}`;
    await mkdir(join(this.path, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.path, folder, name), text);
    await symlink(folder, join(this.path, '..data_tmp'));
    await rename(join(this.path, '..data_tmp'), join(this.path, '..data'));
    if (this.#generation === 1)
      for (const name of Object.keys(files)) await symlink(`..data/${name}`, join(this.path, name));
    await rm(join(this.path, before), { recursive: true, force: true });
  }
}
