// Where the text of a key comes from: a variable, a file, an entry of a provider. Used by key-sources.ts
// and by audit logs. The text is never quoted in an error.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import process from 'node:process';
import { ConfigError, isConfigError } from '../errors.ts';
import { ioError, isMissing } from '../local/file.ts';
import type { ConfigProvider } from '../provider.ts';
import type { Key } from '../value.ts';

/** Where the text of a key comes from. */
export type KeyTextSource =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly provider: ConfigProvider; readonly key: Key };

/** Mode bits that refuse a key file: write access of the group, read or write access of others. */
export const refusedModeBits = 0o026;

const octal = (mode: number): string => (mode & 0o777).toString(8);

/** The text of a key and what holds it, or a phrase that says why there is none. */
export async function keyTextOf(
  source: KeyTextSource,
  owner: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): Promise<{ readonly text: string; readonly where: string } | string> {
  if ('env' in source) {
    const text = env[source.env];
    const where = `the variable ${source.env}`;
    return text === undefined || text === '' ? `${where} is not set` : { text, where };
  }
  if ('file' in source) {
    const text = await keyFile(source.file, owner, platform);
    const where = `the key file ${source.file}`;
    return text === undefined ? `${where} does not exist` : { text, where };
  }
  const { provider, key } = source;
  const reading = `reading the key ${key} of ${provider.name}`;
  const entry = await called(reading, owner, () => provider.get(key));
  return entry ? { text: String(entry.value), where: `${entry.origin}` } : `${provider.name} has no ${key}`;
}

/** Rebuilds an unknown error, whose message may hold a secret. */
export async function called<T>(what: string, owner: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isConfigError(error)) throw error;
    throw new ConfigError('crypto', `${owner}: ${what} failed`, { cause: error });
  }
}

/** The text of a key file. Windows has access lists instead of modes, and Node reports every file there as
 *  readable by all: the mode says nothing. */
async function keyFile(path: string, owner: string, platform: NodeJS.Platform): Promise<string | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > 65_536)
      throw new ConfigError(
        'crypto',
        `${owner}: the key file ${path} is not a regular file of at most 64 kB`,
        {
          hint: 'Correct the path',
        },
      );
    if (platform !== 'win32' && stats.mode & refusedModeBits)
      throw new ConfigError(
        'crypto',
        `${owner}: other users can read or change the key file ${path} (mode ${octal(stats.mode)})`,
        {
          hint: `Run: chmod 600 ${path}. Consider a new key, because other users may have read this one`,
        },
      );
    return await handle.readFile('utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (isMissing(error)) return undefined;
    throw ioError(error, `the key file ${path}`, owner);
  } finally {
    await handle?.close();
  }
}
