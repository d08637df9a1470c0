// Files that arguments name: values, keys and reports to read, and files for this user alone to write. Used
// by `audit`, `decrypt`, `keygen`, `prompts` and `report`, and for the options `--to` and `--from-file`.
// Encrypted files and their formats are read elsewhere.

import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import { ioError, missing, readBytes } from '../local/file.ts';
import { writeError } from '../local/write-atomic.ts';

const provider = 'llm-config';

/** A pipe that the shell has opened, as in `--from-file <(pass show db)`. Unlike others, it ends. */
const openPipe = /^\/(?:dev|proc\/self)\/fd\/\d+$|^\/dev\/stdin$/;

/** Reads a file that an argument names. Refuses a pipe or a device, which may never end. */
export async function readGiven(file: string, shown = file): Promise<Buffer> {
  if (openPipe.test(file))
    return readFile(file).catch((error: unknown) =>
      Promise.reject(ioError(error, `the file ${shown}`, provider)),
    );
  const bytes = await readBytes(file, shown, provider);
  if (!bytes) throw missing(shown, provider);
  return bytes.content;
}

/** Writes a file that only this user can read. Never follows a link, and never gives the file to the owner of
 *  another one. `force` replaces what has this name; otherwise a file that exists is an error with `hint`. */
export async function writePrivate(
  file: string,
  text: string,
  {
    force,
    hint = 'Choose another name, or use --force to replace it',
  }: { readonly force: boolean; readonly hint?: string },
): Promise<void> {
  const written = force ? `${file}.${randomUUID()}.tmp` : file;
  let created = false;
  try {
    const handle = await open(written, 'wx', 0o600);
    created = true;
    try {
      await handle.writeFile(text);
      await handle.chmod(0o600);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (force) await rename(written, file);
  } catch (error) {
    if (created) await rm(written, { force: true }).catch(() => undefined);
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw writeError(error, file);
    throw new ConfigError('io', `the file ${file} exists already`, { hint });
  }
}
