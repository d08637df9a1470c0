// Writes a file so that a crash leaves the old one or the new one, never a part. Used by encrypted files,
// audit logs and cli/: a temporary file beside the target is synced and renamed over it, then the folder is
// synced.

import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../errors.ts';
import { transientCodes } from './file.ts';

export interface WriteFileOptions {
  /** @default 0o600 */
  readonly mode?: number | undefined;
  /** Runs just before the new file replaces the old one. Throw to keep the old one. */
  readonly guard?: (() => Promise<void>) | undefined;
}

/** The target of a link, so that links stay links and each file has one lock. The file itself may be
 *  missing. */
export const realFile = (file: string): Promise<string> =>
  realpath(file).catch(async () =>
    path.join(
      await realpath(path.dirname(path.resolve(file))).catch(() => path.dirname(path.resolve(file))),
      path.basename(file),
    ),
  );

/** Replaces `file` as a whole or not at all. It is on the disk when this returns. */
export async function writeAtomic(
  file: string,
  data: string | Buffer,
  { mode = 0o600, guard }: WriteFileOptions = {},
): Promise<void> {
  const target = await realFile(file);
  const temporary = `${target}.${randomUUID()}.tmp`; // not the pid: in each container it may be 1
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
    // a write as root must not take the file from the user that a service runs as
    if (before && before.uid !== process.geteuid?.())
      await handle.chown(before.uid, before.gid).catch(() => undefined);
    await handle.writeFile(data);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Fails silently: Windows cannot open a folder, and some file systems cannot sync one. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

const denied = [
  'cannot be written: permission denied',
  'Give the process write permission for its folder',
] as const;
const noHandles = [
  'cannot be written: no file handles are left',
  'Close some, or raise the limit (ulimit -n); the old file is unchanged',
] as const;
const reasons: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EACCES: denied,
  EPERM: denied,
  EROFS: ['is on a read-only file system', 'Choose another path, or mount the file system writable'],
  ENOSPC: ['cannot be written: the disk is full', 'Free some space; the old file is unchanged'],
  EDQUOT: ['cannot be written: the disk quota is used up', 'Free some space; the old file is unchanged'],
  ENOENT: ['cannot be written: its folder does not exist', 'Create the folder, or correct the path'],
  EISDIR: ['is a folder', 'Give the path of a file'],
  EMFILE: noHandles,
  ENFILE: noHandles,
};

/** The ConfigError for a failed write of `file`. `unavailable` if the failure may pass. */
export function writeError(error: unknown, file: string): ConfigError {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'an unknown error';
  const [reason, hint] = (Object.hasOwn(reasons, code) && reasons[code]) || [
    `cannot be written (${code})`,
    'Check the file system; the old file is unchanged',
  ];
  const kind = transientCodes.has(code) ? 'unavailable' : 'io';
  return new ConfigError(kind, `the file ${file} ${reason}`, { cause: error, hint });
}
