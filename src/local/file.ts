// Reads regular files within limits, and turns failures of the file system into ConfigErrors. Used by all
// local providers, sealing and cli/. `shown` is always the path as the user named it; errors print
// that and not the resolved path.

import { isUtf8 } from 'node:buffer';
import { constants, type Stats, statSync } from 'node:fs';
import { ConfigError, isConfigError } from '../errors.ts';
import { inTurns, type Steps } from '../turns.ts';
import { closeFile, type OpenFile, openFile, pause, readFile, statFile } from './file-system.ts';

export const defaultMaxBytes = 16 * 1024 * 1024;

/** Waits as long as an editor may take between removing a file and renaming the new one. */
export const savingPause = (): Steps<unknown> => pause(50);

export interface FileBytes {
  readonly content: Buffer;
  readonly modifiedAt: number;
}

/** The time of reads, for tests. */
export interface ReadTime {
  now(): number;
  pause(ms: number): Steps<unknown>;
}
const realTime: ReadTime = { now: () => Date.now(), pause };

/** A file that is written in place is read once it has not changed for so long. */
const settleMs = 25;
/** The most that creating a file and writing it takes. A file that was modified later was written in
 *  place. */
const creationMs = 10;
const maxRounds = 12;

/** Returns the bytes of a regular file, or `undefined` if the file does not exist. What was written in place
 *  during the read is read again.
 *  @throws ConfigError `io`, or `unavailable` if the failure may pass */
export const readBytes = (...options: Parameters<typeof readBytesSteps>): Promise<FileBytes | undefined> =>
  inTurns(readBytesSteps(...options));

/** `readBytes` in steps. */
export function* readBytesSteps(
  file: string,
  shown: string,
  provider: string,
  maxBytes: number = defaultMaxBytes,
  time: ReadTime = realTime,
): Steps<FileBytes | undefined> {
  let handle: OpenFile | undefined;
  try {
    // opening a pipe would block
    handle = yield* openFile(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    for (let round = 1; round <= maxRounds; round++) {
      const stats = yield* statFile(handle);
      if (!stats.isFile()) throw notAFile(stats, shown, provider);
      if (isBeingWritten(stats, time.now())) {
        yield* time.pause(settleMs);
        continue;
      }
      const content = yield* readAtMost(handle, stats.size, maxBytes);
      const after = yield* statFile(handle);
      if (after.mtimeMs !== stats.mtimeMs || after.size !== stats.size) continue;
      if (content) return { content, modifiedAt: stats.mtimeMs };
      throw new ConfigError('io', `the file ${shown} is larger than ${maxBytes} bytes`, {
        provider,
        hint: 'Split it, or raise maxBytes',
      });
    }
    throw new ConfigError('unavailable', `the file ${shown} keeps changing while it is read`, {
      provider,
      hint: 'Write a second file, and rename it over the first',
    });
  } catch (error) {
    if (isConfigError(error)) throw error;
    if (isMissing(error)) return undefined;
    throw ioError(error, `the file ${shown}`, provider);
  } finally {
    if (handle !== undefined) yield* closeFile(handle);
  }
}

/** Whether a file was written in place a moment ago, so that the rest may follow. A file that was renamed
 *  over another one is as old as its content. */
function isBeingWritten({ mtimeMs, birthtimeMs }: Stats, now: number): boolean {
  return mtimeMs - birthtimeMs > creationMs && Math.abs(now - mtimeMs) < settleMs;
}

/** Reads a file that may grow meanwhile; `undefined` if it has more than `most` bytes. */
function* readAtMost(handle: OpenFile, size: number, most: number): Steps<Buffer | undefined> {
  if (size > most) return undefined;
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const bytesRead = yield* readFile(handle, buffer, length);
    length += bytesRead;
    if (bytesRead === 0 || length === size) return buffer.subarray(0, length); // the buffer has room for more
    if (length > most) return undefined;
    if (length === buffer.length)
      buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.max(4096, length))]);
  }
}

/** How long ago a file must have changed for its mark to be certain. A second change may have the same time
 *  as the first; FAT counts two seconds as one. */
const settledMs = 2_100;

/** A text that, if it was the same before, means that the file is the same. `undefined` if that is not
 *  certain: for a file that has just changed, an empty one (those of `/proc` are), and one that cannot be
 *  examined. */
export function settledMarkOf(file: string): string | undefined {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    const changedAt = Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n);
    return size === 0n || Date.now() - changedAt < settledMs
      ? undefined
      : `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch {
    return undefined;
  }
}

/** Decodes text and drops a byte order mark.
 *  @throws ConfigError `parse` with the first line that is not UTF-8 */
export function utf8(bytes: Buffer, shown: string, provider: string): string {
  if (!isUtf8(bytes)) {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw new ConfigError(
      'parse',
      `the file ${shown} is not UTF-8${isUtf16 ? ': it is UTF-16' : `, in line ${firstBadLine(bytes)}`}`,
      {
        provider,
        hint: 'Save it as UTF-8',
      },
    );
  }
  return bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
}

function firstBadLine(bytes: Buffer): number {
  for (let line = 1, start = 0; ; line++) {
    const end = bytes.indexOf(10, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}

export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

/** `file`: the absolute path, to show where a relative one leads. */
export function missing(
  shown: string,
  provider: string,
  hint = 'Create it, or correct the path',
  file = shown,
): ConfigError {
  const at = file === shown ? '' : ` (looked for ${file})`;
  return new ConfigError('io', `the file ${shown} does not exist${at}`, { provider, hint });
}

function notAFile(stats: Stats, shown: string, provider: string): ConfigError {
  return stats.isDirectory()
    ? ioError({ code: 'EISDIR' }, shown, provider)
    : new ConfigError('io', `${shown} is a pipe, a socket or a device, not a regular file`, {
        provider,
        hint: 'Give the path of a regular file',
      });
}

const reasons: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EACCES: [
    'cannot be read: permission denied',
    'Give the process permission to read it and to enter its folders',
  ],
  EPERM: ['cannot be read: permission denied', 'Give the process permission to read it'],
  EISDIR: ['is a folder', 'Name a file in it, or read the folder with DirectoryProvider'],
  ENOTDIR: ['is not a folder', 'Name the folder that contains the file'],
  ELOOP: ['is a symbolic link that leads to itself', 'Correct the link'],
  ENAMETOOLONG: ['has a name that is too long', 'Correct the path'],
};
/** Failures that may pass: another read, or write, can succeed. */
export const transientCodes: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'EBUSY',
  'EINTR',
  'EIO',
  'ESTALE',
  'ETIMEDOUT',
  'EHOSTDOWN',
  'ENOTCONN',
]);

/** The ConfigError for a failed read. `what` is the file or folder as the user named it. */
export function ioError(error: unknown, what: string, provider: string): ConfigError {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'an unknown error';
  const [reason, hint] = (Object.hasOwn(reasons, code) && reasons[code]) || [
    `cannot be read (${code})`,
    undefined,
  ];
  return new ConfigError(transientCodes.has(code) ? 'unavailable' : 'io', `${what} ${reason}`, {
    provider,
    cause: error,
    ...(hint && { hint }),
  });
}
