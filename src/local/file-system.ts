// The calls of the file system that reading takes, each in both forms: a promise, and at once. Used by
// file.ts and folder.ts. All that is above them is written once.

import {
  closeSync,
  type Dirent,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Steps, wait } from '../turns.ts';

/** An open file: a handle if it was opened by a promise, else a descriptor. */
export type OpenFile = FileHandle | number;

/** A call in both forms. The second form gets what the second form of `openFile` has made. */
const call = <T>(later: () => Promise<T>, now: () => T): Steps<T> => wait({ later, now });

export const openFile = (path: string, flags: number): Steps<OpenFile> =>
  call<OpenFile>(
    () => open(path, flags),
    () => openSync(path, flags),
  );

export const statFile = (file: OpenFile): Steps<Stats> =>
  call(
    () => (file as FileHandle).stat(),
    () => fstatSync(file as number),
  );

/** Reads into `buffer` from `at` on, from the same offset of the file. Returns the number of bytes. */
export const readFile = (file: OpenFile, buffer: Buffer, at: number): Steps<number> =>
  call(
    async () => (await (file as FileHandle).read(buffer, at, buffer.length - at, at)).bytesRead,
    () => readSync(file as number, buffer, at, buffer.length - at, at),
  );

export const closeFile = (file: OpenFile): Steps<void> =>
  call(
    () => (file as FileHandle).close(),
    () => closeSync(file as number),
  );

export const statOf = (path: string): Steps<Stats> =>
  call(
    () => stat(path),
    () => statSync(path),
  );

export const realPathOf = (path: string): Steps<string> =>
  call(
    () => realpath(path),
    () => realpathSync(path),
  );

export const namesIn = (folder: string): Steps<Dirent[]> =>
  call(
    () => readdir(folder, { withFileTypes: true }),
    () => readdirSync(folder, { withFileTypes: true }),
  );

/** Does nothing for some milliseconds. At once, it blocks the thread. */
export const pause = (ms: number): Steps<unknown> =>
  call<unknown>(
    () => delay(ms),
    () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  );
