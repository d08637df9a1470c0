// A folder of files, read as keys and values. Called by DirectoryProvider on its first read. All files belong
// to one generation of the volume: if it is swapped during a read, the read starts over.

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { ConfigError, isConfigError } from '../errors.ts';
import { keyFrom, parent } from '../key.ts';
import { type Steps, together } from '../turns.ts';
import type { Key } from '../value.ts';
import { readBytesSteps, savingPause, settledMarkOf, utf8 } from './file.ts';
import { type FolderFile, filesBelow } from './folder.ts';

export interface VolumeOptions {
  readonly root: string;
  /** The folder as the user named it. */
  readonly shown: string;
  readonly provider: string;
  /** Keys whose files are binary. */
  readonly base64: ReadonlySet<Key>;
  readonly maxFiles: number;
  readonly maxBytes: number;
}

/** A file as the value of a key, or the reason why it cannot be read. */
export interface VolumeFile {
  readonly key: Key;
  readonly shown: string;
  readonly value?: string;
  readonly modifiedAt?: number;
  /** Equal as long as the file has not changed. */
  readonly mark?: string | undefined;
  readonly error?: ConfigError;
}

type Files = ReadonlyMap<Key, VolumeFile>;

const concurrency = 32;
const maxAttempts = 5;

/** Returns all files of one generation of a mounted folder, by key; `undefined` if the folder does not exist.
 *  `retry`: the folder existed before and may come back, so a missing one is looked up a second time.
 *  `known`: files that need not be read again if their marks are the same. */
export function* readVolume(
  options: VolumeOptions,
  { retry, known }: { readonly retry: boolean; readonly known?: Files | undefined },
): Steps<Files | undefined> {
  const files = yield* readOnce(options, known);
  if (files || !retry) return files;
  yield* savingPause();
  return yield* readOnce(options, known);
}

function* readOnce(options: VolumeOptions, known?: Files): Steps<Files | undefined> {
  const { root, shown, provider, maxFiles } = options;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const folder = yield* filesBelow(root, shown, provider, maxFiles);
    if (!folder) return undefined;
    const { files, isCurrent } = folder;
    const items: VolumeFile[] = [];
    for (let i = 0; i < files.length; i += concurrency)
      for (const item of yield* together(
        files.slice(i, i + concurrency).map((file) => read(file, options, known)),
      ))
        if (item) items.push(item);
    if (isCurrent()) return byKey(items, provider);
  }
  throw new ConfigError('unavailable', `the folder ${shown} kept changing while it was read`, { provider });
}

function* read(
  { names, file, error }: FolderFile,
  options: VolumeOptions,
  known?: Files,
): Steps<VolumeFile | undefined> {
  const { provider, base64, maxBytes } = options;
  const shown = path.join(options.shown, ...names);
  const key = keyOfFile(names, shown, provider);
  if (error) return unreadable(key, shown, error);
  const mark = settledMarkOf(file); // before the read: a later change gives another mark
  const before = known?.get(key);
  if (mark !== undefined && before?.mark === mark && before.shown === shown) return before;
  try {
    const bytes = yield* readBytesSteps(file, shown, provider, maxBytes);
    if (!bytes) return undefined; // removed since the folder was listed
    return {
      key,
      shown,
      value: base64.has(key) ? bytes.content.toString('base64') : text(bytes.content, shown, provider),
      modifiedAt: bytes.modifiedAt,
      mark,
    };
  } catch (reason) {
    if (isConfigError(reason)) return unreadable(key, shown, reason);
    throw reason;
  }
}

/** A failure that may pass fails the whole read; any other makes a hole of this file. */
function unreadable(key: Key, shown: string, error: ConfigError): VolumeFile {
  if (error.transient) throw error;
  return { key, shown, error: error.with({ key }) };
}

/** Folders and dots make sections. A name with an empty part, such as `a..b`, is one segment. */
function keyOfFile(names: readonly string[], shown: string, provider: string): Key {
  try {
    return keyFrom(names.flatMap((name) => (name.split('.').includes('') ? [name] : name.split('.'))));
  } catch (error) {
    throw new ConfigError('invalid_key', `${shown}: ${(error as Error).message}`, { provider });
  }
}

/** Decodes a text file without one line break at its end, which most editors and tools add. */
function text(bytes: Buffer, shown: string, provider: string): string {
  if (!isUtf8(bytes) || bytes.includes(0))
    throw new ConfigError('parse', `the file ${shown} is not text`, {
      provider,
      hint: 'Add its key to the option base64 to read the bytes',
    });
  return utf8(bytes, shown, provider).replace(/\r?\n$/, '');
}

/** Makes a hole of two files that have the same key, and of a value and a section at the same key. */
function byKey(items: readonly VolumeFile[], provider: string): ReadonlyMap<Key, VolumeFile> {
  const found = new Map<Key, VolumeFile>();
  const conflict = (key: Key, first: VolumeFile, second: VolumeFile, what: string): void => {
    const error = new ConfigError('conflict', `${first.shown} and ${second.shown} ${what}`, {
      provider,
      key,
      hint: 'Keep one of them',
    });
    found.set(key, { key, shown: first.shown, error });
  };
  for (const item of items) {
    const same = found.get(item.key);
    if (same) conflict(item.key, same, item, `have the same key "${item.key}"`);
    else found.set(item.key, item);
  }
  for (const item of [...found.values()])
    for (let above = parent(item.key); above !== ''; above = parent(above)) {
      const leaf = found.get(above);
      if (!leaf) continue;
      found.delete(item.key);
      if (leaf.value !== undefined) conflict(above, leaf, item, `make "${above}" both a value and a section`);
    }
  return found;
}

/** Equal for equal files. */
export function fingerprintOf(files: Files | undefined): string {
  const hash = createHash('sha256');
  for (const { key, value, error } of files?.values() ?? [])
    hash.update(JSON.stringify([key, value, error?.message]));
  return `${files !== undefined} ${hash.digest('base64')}`;
}
