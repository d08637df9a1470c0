import { isUtf8 } from 'node:buffer';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ConfigError, isConfigError } from '../errors.ts';

export const defaultMaxBytes = 16 * 1024 * 1024;

/** How long an editor may take between removing a file and putting the new one in its place. */
export const savingMs = 50;

export interface FileBytes {
  readonly content: Buffer;
  readonly modifiedAt: number;
}

/** A regular file's bytes, bounded; `undefined` when there is no such file. `shown` is its name in errors. */
export async function readBytes(
  file: string,
  shown: string,
  provider: string,
  maxBytes: number = defaultMaxBytes,
): Promise<FileBytes | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a pipe would block for ever
    const stats = await handle.stat();
    if (!stats.isFile()) throw notAFile(stats, shown, provider);
    const content = await atMost(handle, stats.size, maxBytes);
    if (content) return { content, modifiedAt: stats.mtimeMs };
    throw new ConfigError('io', `the file ${shown} is larger than ${maxBytes} bytes`, {
      provider,
      hint: 'Split it, or raise maxBytes',
    });
  } catch (error) {
    if (isConfigError(error)) throw error;
    if (isMissing(error)) return undefined;
    throw ioError(error, `the file ${shown}`, provider);
  } finally {
    await handle?.close();
  }
}

/** All bytes of a file that may grow meanwhile; `undefined` when they are more than `most`. */
async function atMost(handle: FileHandle, size: number, most: number): Promise<Buffer | undefined> {
  if (size > most) return undefined;
  let buffer = Buffer.allocUnsafe(size + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
    length += bytesRead;
    if (bytesRead === 0 || length === size) return buffer.subarray(0, length); // there was room for more than `size`
    if (length > most) return undefined;
    if (length === buffer.length)
      buffer = Buffer.concat([buffer, Buffer.allocUnsafe(Math.max(4096, length))]);
  }
}

/** Bytes as text without a byte order mark. What is no UTF-8 is refused with the line that holds it. */
export function utf8(bytes: Buffer, shown: string, provider: string): string {
  if (!isUtf8(bytes)) {
    const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw new ConfigError(
      'parse',
      `the file ${shown} is not UTF-8${wide ? ': it is UTF-16' : `, in line ${badLine(bytes)}`}`,
      {
        provider,
        hint: 'Save it as UTF-8',
      },
    );
  }
  return bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
}

function badLine(bytes: Buffer): number {
  for (let line = 1, start = 0; ; line++) {
    const end = bytes.indexOf(10, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}

export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

export function missing(
  shown: string,
  provider: string,
  hint = 'Create it, or correct the path',
): ConfigError {
  return new ConfigError('io', `the file ${shown} does not exist`, { provider, hint });
}

function notAFile(stats: Stats, shown: string, provider: string): ConfigError {
  return stats.isDirectory()
    ? ioError({ code: 'EISDIR' }, shown, provider)
    : new ConfigError('io', `${shown} is no regular file, but a pipe, a socket or a device`, {
        provider,
        hint: 'Name a regular file',
      });
}

const why: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EACCES: [
    'may not be read by this process',
    'Give its user the permission to read it and to enter its folders',
  ],
  EPERM: ['may not be read by this process', 'Give its user the permission to read it'],
  EISDIR: ['is a folder', 'Name a file in it; a folder of mounted secrets is read by DirectoryProvider'],
  ENOTDIR: ['is no folder', 'Name the folder that holds the file'],
  ELOOP: ['is a symbolic link that leads to itself', 'Correct the link'],
  ENAMETOOLONG: ['has too long a name', 'Correct the path'],
};
/** The machine's state of the moment: asking again may help. */
const passing = new Set([
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

/** A failed look at the file system in our words; `what` is the file or folder as the user named it. */
export function ioError(error: unknown, what: string, provider: string): ConfigError {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'an unknown error';
  const [reason, hint] = (Object.hasOwn(why, code) && why[code]) || [`cannot be read (${code})`, undefined];
  return new ConfigError(passing.has(code) ? 'unavailable' : 'io', `${what} ${reason}`, {
    provider,
    cause: error,
    ...(hint && { hint }),
  });
}
