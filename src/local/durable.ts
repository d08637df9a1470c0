import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../errors.ts';

export interface WriteFileOptions {
  /** @default 0o600 */
  readonly mode?: number | undefined;
  /** Runs last before the new file takes the old one's place; throws to leave the old one. */
  readonly guard?: (() => Promise<void>) | undefined;
}

/** The file itself, where `file` is a link to it: a link stays a link, and one file has one lock. */
export const realFile = (file: string): Promise<string> =>
  realpath(file).catch(async () =>
    path.join(
      await realpath(path.dirname(path.resolve(file))).catch(() => path.dirname(path.resolve(file))),
      path.basename(file),
    ),
  );

/** Replaces `file` whole or not at all; it is on the disk when this returns. */
export async function writeAtomic(
  file: string,
  data: string | Buffer,
  { mode = 0o600, guard }: WriteFileOptions = {},
): Promise<void> {
  const target = await realFile(file);
  const temporary = `${target}.${randomUUID()}.tmp`; // not the pid: containers share pid 1
  try {
    const before = await stat(target).catch(() => undefined);
    await writeSynced(temporary, data, mode, before);
    await guard?.();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error instanceof ConfigError ? error : writeError(error, file);
  }
  await syncFolder(path.dirname(target));
}

async function writeSynced(
  file: string,
  data: string | Buffer,
  mode: number,
  before: Stats | undefined,
): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    // who writes as root for a service must not take the file away from it
    if (before && before.uid !== process.geteuid?.())
      await handle.chown(before.uid, before.gid).catch(() => undefined);
    await handle.writeFile(data);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows cannot open a folder, and some file systems refuse to sync one. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

const reasons: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EACCES: ['may not be written by this process', 'Give its user the permission to write into its folder'],
  EPERM: ['may not be written by this process', 'Give its user the permission to write into its folder'],
  EROFS: ['is on a file system that is read-only', 'Write it where it is mounted to be written'],
  ENOSPC: ['cannot be written: the disk is full', 'Make room; the old file is untouched'],
  EDQUOT: ['cannot be written: the quota is used up', 'Make room; the old file is untouched'],
  ENOENT: ['cannot be written: its folder does not exist', 'Create the folder, or correct the path'],
  EISDIR: ['is a folder', 'Name a file'],
};

export function writeError(error: unknown, file: string): ConfigError {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'an unknown error';
  const [reason, hint] = (Object.hasOwn(reasons, code) && reasons[code]) || [
    `cannot be written (${code})`,
    'The old file is untouched',
  ];
  return new ConfigError('io', `the file ${file} ${reason}`, { cause: error, hint });
}
