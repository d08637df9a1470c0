// The file of a snapshot: read, judged, replaced as a whole. Used by keeper.ts and by the command line. The
// file that was there before is kept beside it.

import { link, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import { ioError } from '../../local/file.ts';
import { type Guard, withLock } from '../../local/lock.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import type { FoundKeys } from '../../sealing/key-sources.ts';
import { type Content, type FromFile, openContent, type SnapshotHead } from './content.ts';
import { toleranceMs } from './times.ts';

const maxBytes = 512 * 1024 * 1024;

/** Where the file from before is. */
export const fileBefore = (file: string): string => `${file}.before`;

export const shownAs = (file: string): string => `the snapshot ${file}`;

/** Identifies the content of a file. `undefined`: the file does not exist. */
export async function stampOf(file: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs, size } = await stat(file, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioError(error, file, 'remembered');
  }
}

/** The text of a file.
 *  @throws ConfigError `io`, `unavailable` */
export async function textOf(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > maxBytes)
      throw new ConfigError('io', `${shownAs(file)} has more than ${maxBytes} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw error instanceof ConfigError ? error : ioError(error, file, 'remembered');
  }
}

/** Whose snapshot a reader expects, and when. */
export interface Expected {
  readonly app: string;
  readonly tenant: string | undefined;
  readonly maxStaleMs: number;
  /** The time of the system. */
  readonly now: number;
}

/** Opens a text, and judges it.
 *  @throws ConfigError `crypto` or `parse`: the text counts as none */
export async function openText(
  text: string,
  found: FoundKeys,
  fromFile: FromFile,
  file: string,
  expected: Expected,
): Promise<Content> {
  const content = await openContent(text, found, fromFile, shownAs(file));
  const fault = faultOf(content.head, expected);
  if (fault)
    throw new ConfigError('crypto', `${shownAs(file)} ${fault}`, {
      hint: 'It counts as none, and the next write replaces it',
    });
  return content;
}

/** Why a snapshot is not the one that is expected. */
export function faultOf({ app, tenant, savedAt }: SnapshotHead, expected: Expected): string | undefined {
  if (app !== expected.app) return 'belongs to another application';
  if (tenant !== expected.tenant) return 'belongs to another tenant';
  const ageMs = expected.now - savedAt;
  if (ageMs > expected.maxStaleMs) return `is ${Math.round(ageMs / 1000)} s old`;
  if (ageMs < -toleranceMs) return 'is from the future: check the clock of this machine';
  return undefined;
}

/** Runs `work` while no other process writes the file. Makes its folder. */
export async function locked<T>(
  file: string,
  waitMs: number,
  work: (guard: Guard) => Promise<T>,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw ioError(error, path.dirname(file), 'remembered');
  });
  return withLock(file, work, { owner: 'remembered', waitMs });
}

/** Keeps the file that is there now as the one from before. */
export async function keepBefore(file: string): Promise<void> {
  const before = fileBefore(file);
  const temporary = `${before}.tmp`;
  await rm(temporary, { force: true });
  try {
    await link(file, temporary);
    await rename(temporary, before);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    await writeAtomic(before, await textOf(file)); // a file system without links
  }
}

/** Removes a snapshot and the file from before. Returns whether there was one. */
export async function clearSnapshot(file: string): Promise<boolean> {
  const all = [file, fileBefore(file)];
  const stamps = await Promise.all(all.map(stampOf));
  if (stamps.every((stamp) => stamp === undefined)) return false;
  await locked(file, 10_000, () => Promise.all(all.map((one) => rm(one, { force: true }))));
  return true;
}
