import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, isConfigError } from '../errors.ts';
import { keyFrom, parent } from '../key.ts';
import type { Key } from '../value.ts';
import { readBytes, savingMs, utf8 } from './file.ts';
import { type Found, filesBelow } from './folder.ts';

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

/** A file as a key's value, or the reason why it is none. */
export interface VolumeFile {
  readonly key: Key;
  readonly shown: string;
  readonly value?: string;
  readonly modifiedAt?: number;
  readonly error?: ConfigError;
}

const atOnce = 32;
const attempts = 5;

/** All files of one generation of a mounted folder, by key; `undefined` when there is no such folder. `again`: there was one, and it
 *  may be about to come back. */
export async function readVolume(
  options: VolumeOptions,
  { again }: { readonly again: boolean },
): Promise<ReadonlyMap<Key, VolumeFile> | undefined> {
  const files = await readOnce(options);
  if (files || !again) return files;
  await delay(savingMs);
  return readOnce(options);
}

async function readOnce(options: VolumeOptions): Promise<ReadonlyMap<Key, VolumeFile> | undefined> {
  const { root, shown, provider, maxFiles } = options;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const folder = await filesBelow(root, shown, provider, maxFiles);
    if (!folder) return undefined;
    const { files, isCurrent } = folder;
    const items: VolumeFile[] = [];
    for (let i = 0; i < files.length; i += atOnce)
      for (const item of await Promise.all(files.slice(i, i + atOnce).map((file) => read(file, options))))
        if (item) items.push(item);
    if (isCurrent()) return byKey(items, provider);
  }
  throw new ConfigError('unavailable', `the folder ${shown} kept changing while it was read`, { provider });
}

async function read({ names, file, error }: Found, options: VolumeOptions): Promise<VolumeFile | undefined> {
  const { provider, base64, maxBytes } = options;
  const shown = path.join(options.shown, ...names);
  const key = keyOfFile(names, shown, provider);
  if (error) return failed(key, shown, error);
  try {
    const bytes = await readBytes(file, shown, provider, maxBytes);
    if (!bytes) return undefined; // it was there a moment ago
    return {
      key,
      shown,
      value: base64.has(key) ? bytes.content.toString('base64') : text(bytes.content, shown, provider),
      modifiedAt: bytes.modifiedAt,
    };
  } catch (reason) {
    if (isConfigError(reason)) return failed(key, shown, reason);
    throw reason;
  }
}

/** A failure of the moment fails the whole; any other is this file's own. */
function failed(key: Key, shown: string, error: ConfigError): VolumeFile {
  if (error.transient) throw error;
  return { key, shown, error: error.with({ key }) };
}

/** Folders and dots make sections; a name in which dots stand side by side or at an end is one segment. */
function keyOfFile(names: readonly string[], shown: string, provider: string): Key {
  try {
    return keyFrom(names.flatMap((name) => (name.split('.').includes('') ? [name] : name.split('.'))));
  } catch (error) {
    throw new ConfigError('invalid_key', `${shown}: ${(error as Error).message}`, { provider });
  }
}

/** Most files end with a line break that nobody means. */
function text(bytes: Buffer, shown: string, provider: string): string {
  if (!isUtf8(bytes) || bytes.includes(0))
    throw new ConfigError('parse', `the file ${shown} is no text`, {
      provider,
      hint: 'To read it as base64, name its key in the option base64',
    });
  return utf8(bytes, shown, provider).replace(/\r?\n$/, '');
}

/** Two files that would be one key, or a value and a section, are a conflict in their place. */
function byKey(items: readonly VolumeFile[], provider: string): ReadonlyMap<Key, VolumeFile> {
  const found = new Map<Key, VolumeFile>();
  const clash = (key: Key, one: VolumeFile, other: VolumeFile, what: string): void => {
    const error = new ConfigError('conflict', `${one.shown} and ${other.shown} are both ${what}`, {
      provider,
      key,
      hint: 'Keep one of them',
    });
    found.set(key, { key, shown: one.shown, error });
  };
  for (const item of items) {
    const same = found.get(item.key);
    if (same) clash(item.key, same, item, `the key "${item.key}"`);
    else found.set(item.key, item);
  }
  for (const item of [...found.values()])
    for (let above = parent(item.key); above !== ''; above = parent(above)) {
      const leaf = found.get(above);
      if (!leaf) continue;
      found.delete(item.key);
      if (leaf.value !== undefined) clash(above, leaf, item, `"${above}", as a value and as a section`);
    }
  return found;
}

/** The same for the same files. */
export function printOf(files: ReadonlyMap<Key, VolumeFile> | undefined): string {
  const hash = createHash('sha256');
  for (const { key, value, error } of files?.values() ?? [])
    hash.update(JSON.stringify([key, value, error?.message]));
  return `${files !== undefined} ${hash.digest('base64')}`;
}
