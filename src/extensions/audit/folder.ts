// The folders and files of logs: DIRECTORY/HOST/INSTANCE/FIRST.jsonl, where FIRST is the number of the
// first entry. Used by the log, `verify` and the commands. A log has a folder, and a process has a log.

import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isMissing } from '../../local/file.ts';
import type { HeldLock } from './held-lock.ts';

/** A file of a log. */
export interface LogFile {
  readonly path: string;
  /** The number of its first entry. */
  readonly first: number;
}

/** A log on disk. */
export interface LogFolder {
  readonly path: string;
  /** HOST/INSTANCE, or the name of the folder. */
  readonly name: string;
  /** By the number of the first entry. */
  readonly files: readonly LogFile[];
}

export const fileName = (first: number): string => `${String(first).padStart(16, '0')}.jsonl`;

const isFileName = /^\d{16}\.jsonl$/;

/** The files of one log. Empty if the folder does not exist. */
export async function filesOf(folder: string): Promise<readonly LogFile[]> {
  const names = (await namesIn(folder)).filter((name) => isFileName.test(name)).sort();
  return names.map((name) => ({ path: path.join(folder, name), first: Number.parseInt(name, 10) }));
}

/** The logs in and below a directory, which may itself be the folder of a log.
 *  @throws ConfigError `not_found` if there is none */
export async function logsIn(directory: string): Promise<readonly LogFolder[]> {
  const own = await filesOf(directory);
  const logs: LogFolder[] =
    own.length > 0 ? [{ path: directory, name: path.basename(directory), files: own }] : [];
  for (const host of (await namesIn(directory)).sort())
    for (const instance of (await namesIn(path.join(directory, host))).sort()) {
      const folder = path.join(directory, host, instance);
      const files = await filesOf(folder);
      if (files.length > 0) logs.push({ path: folder, name: `${host}/${instance}`, files });
    }
  if (logs.length > 0) return logs;
  throw new ConfigError('not_found', `audit: ${directory} holds no log`, {
    hint: 'Pass the directory that AuditLog.open received',
  });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isMissing(error) || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** Deletes the files of all logs below a directory that were last written before a time, except the newest
 *  file of a log that a process has open. `lock`: takes the lock of a log, unless it is open. */
export async function deleteBefore(
  directory: string,
  time: number,
  lock: (folder: string) => Promise<HeldLock | undefined>,
): Promise<void> {
  for (const log of await logsIn(directory).catch(() => [])) {
    const old: string[] = [];
    // from the oldest on: what stays of a log is one piece
    for (const file of log.files) {
      if ((await stat(file.path)).mtimeMs >= time) break;
      old.push(file.path);
    }
    const isWhole = old.length === log.files.length;
    const held = isWhole ? await lock(log.path) : undefined;
    if (isWhole && !held) old.pop();
    try {
      for (const file of old) await rm(file);
      if (held) await rm(path.join(log.path, 'keys.json'), { force: true });
    } finally {
      await held?.release();
    }
    if (!held || log.path === directory) continue;
    await rmdir(log.path).catch(() => undefined);
    await rmdir(path.dirname(log.path)).catch(() => undefined);
  }
}
