// Where keys come from: variables, files, functions, other providers, key services. Used by encrypted files,
// `unsealed` and cli/. Sources are read again for each operation, because keys may be rotated
// meanwhile. Neither a key nor a source that might be one is ever quoted in an error.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import process from 'node:process';
import { ConfigError, isConfigError } from '../errors.ts';
import type { KeyWrapper } from '../key-wrapper.ts';
import { ioError, isMissing } from '../local/file.ts';
import type { Need } from '../needs.ts';
import type { ConfigProvider } from '../provider.ts';
import type { Key } from '../value.ts';
import type { FileKey } from './file-key.ts';
import { parseKeys, password } from './keys.ts';
import { RemoteKey } from './remote-key.ts';

interface KeyText {
  /** How to read the text. @default 'key' */
  readonly as?: 'key' | 'password';
  /** Replaces the key's own name. */
  readonly kid?: string;
}
/** An environment variable that holds the key. */
export interface KeyFromVariable extends KeyText {
  readonly env: string;
}
/** A file that holds the key. Refused when other users can read or write it, or its group can write it; on
 *  Windows, where files have no mode, that is not checked. */
export interface KeyFromFile extends KeyText {
  readonly file: string;
}
/** An entry of another provider: the keyring, Vault, a mounted secret. */
export interface KeyFromProvider extends KeyText {
  readonly provider: ConfigProvider;
  readonly key: Key;
}
/** The results that a key function may return: a key as text, its 32 bytes, or keys made by `password` or
 *  `parseKeys`. */
export type KeyMaterial = string | Uint8Array | FileKey | readonly FileKey[];

/** Where a key comes from. A function may return `undefined` when it has no key. */
export type KeySource =
  | KeyFromVariable
  | KeyFromFile
  | KeyFromProvider
  | KeyWrapper
  | FileKey
  | (() => KeyMaterial | undefined | Promise<KeyMaterial | undefined>);

export interface FoundKeys {
  readonly keys: readonly FileKey[];
  /** One phrase for each source that has no key at present, for error messages. */
  readonly absent: readonly string[];
}

/** The keys of a source, kept while its text stays the same: a password key caches what it has derived. */
interface CachedKeys {
  readonly text: string;
  readonly keys: readonly FileKey[];
}

/** The option `keys` of a provider: one or more sources, read again at each `find`. */
export class KeySources {
  readonly #sources: readonly KeySource[];
  readonly #owner: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #platform: NodeJS.Platform;
  readonly #cached = new Map<KeySource, CachedKeys>();

  constructor(
    sources: KeySource | readonly KeySource[] = { env: 'LLM_CONFIG_KEY' },
    owner: string,
    env: Readonly<Record<string, string | undefined>> = process.env,
    platform: NodeJS.Platform = process.platform,
  ) {
    this.#sources = Array.isArray(sources) ? sources : [sources as KeySource];
    this.#owner = owner;
    this.#env = env;
    this.#platform = platform;
    if (this.#sources.length === 0)
      throw new ConfigError('invalid_option', `${owner}: the option keys must name at least one key`);
    for (const source of this.#sources) checkSource(source, owner);
  }

  /** The files that hold keys, and what the key services must allow. */
  async needs(): Promise<readonly Need[]> {
    const all = this.#sources.map(async (source): Promise<readonly Need[]> => {
      if (typeof source === 'function' || 'opens' in source || 'env' in source) return [];
      if ('file' in source) return [{ kind: 'key-file', action: 'read', resource: source.file }];
      if ('wrap' in source) return unwrapping(source);
      return (await source.provider.needs?.({ keys: [source.key], prefixes: [] })) ?? [];
    });
    return (await Promise.all(all)).flat();
  }

  async find(): Promise<FoundKeys> {
    const absent: string[] = [];
    const keys: FileKey[] = [];
    for (const source of this.#sources) {
      const found = await this.#keysOf(source);
      if (typeof found === 'string') absent.push(found);
      else keys.push(...found);
    }
    return { keys, absent };
  }

  async #keysOf(source: KeySource): Promise<readonly FileKey[] | string> {
    if (typeof source === 'function')
      return this.#fromFunction(source, await this.#call('the function', source));
    if ('opens' in source) return [source];
    if ('wrap' in source)
      return (this.#cached.get(source) ?? this.#keep(source, '', [new RemoteKey(source)])).keys;
    if ('env' in source) {
      const text = this.#env[source.env];
      return text === undefined || text === ''
        ? `the variable ${source.env} is not set`
        : this.#fromText(source, text, `the variable ${source.env}`);
    }
    if ('file' in source) {
      const text = await keyFile(source.file, this.#owner, this.#platform);
      return text === undefined
        ? `the key file ${source.file} does not exist`
        : this.#fromText(source, text, `the key file ${source.file}`);
    }
    const entry = await this.#call(`the provider ${source.provider.name}`, () =>
      source.provider.get(source.key),
    );
    const where = entry ? `${entry.origin}` : `${source.provider.name} has no ${source.key}`;
    if (!entry) return where;
    return this.#fromText(source, String(entry.value), where);
  }

  /** Rebuilds an unknown error, whose message may hold a secret. */
  async #call<T>(what: string, read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (isConfigError(error)) throw error;
      throw new ConfigError('crypto', `${this.#owner}: ${what} in keys failed`, { cause: error });
    }
  }

  #fromFunction(source: KeySource, made: KeyMaterial | undefined): readonly FileKey[] | string {
    const where = 'the function in keys';
    if (made === undefined) return `${where} returned no key`;
    if (typeof made === 'string') return this.#fromText(source, made, where);
    if (made instanceof Uint8Array) {
      if (made.length !== 32)
        throw new ConfigError(
          'crypto',
          `${this.#owner}: ${where} returned ${made.length} bytes; expected 32`,
          { hint: 'Return 32 bytes, a key as text, or a key made by password or parseKeys' },
        );
      return this.#fromText(source, Buffer.from(made).toString('hex'), where);
    }
    return Array.isArray(made) ? made : [made as FileKey];
  }

  #fromText(source: KeySource, text: string, where: string): readonly FileKey[] {
    const cached = this.#cached.get(source);
    if (cached?.text === text) return cached.keys;
    const { as, kid } = source as KeyText;
    const keys =
      as === 'password'
        ? [password(text.replace(/\r?\n$/, ''), kid)]
        : parseKeys(text, `${this.#owner}: ${where}`, kid);
    return this.#keep(source, text, keys).keys;
  }

  #keep(source: KeySource, text: string, keys: readonly FileKey[]): CachedKeys {
    const cached = { text, keys };
    this.#cached.set(source, cached);
    return cached;
  }
}

/** The permission to open content keys. Files are written by people. */
function unwrapping({ algorithm, kid }: KeyWrapper): readonly Need[] {
  if (algorithm === 'vault-transit')
    return [{ kind: 'vault', action: 'update', resource: kid.replace(/\/([^/]*)$/, '/decrypt/$1') }];
  return algorithm === 'aws-kms' ? [{ kind: 'aws', action: 'kms:Decrypt', resource: kid }] : [];
}

function checkSource(source: KeySource, owner: string): void {
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const fields = (typeof source === 'object' && source !== null ? source : {}) as Record<string, unknown>;
  if (typeof source === 'function' || ('wrap' in fields && 'unwrap' in fields)) return;
  const kinds = ['env', 'file', 'provider'].filter((name) => name in fields);
  const known = ['as', 'kid', ...kinds, ...(kinds[0] === 'provider' ? ['key'] : [])];
  const fits =
    kinds[0] === 'provider'
      ? typeof (fields.provider as ConfigProvider | null)?.get === 'function' && isText(fields.key)
      : isText(fields[kinds[0] ?? '']);
  if (
    kinds.length !== 1 ||
    !fits ||
    Object.keys(fields).some((name) => !known.includes(name)) ||
    ![undefined, 'key', 'password'].includes(fields.as as string)
  )
    throw new ConfigError('invalid_option', `${owner}: the option keys has a source of an unknown kind`, {
      hint:
        "Use { env: 'NAME' }, { file: 'path' } or { provider, key }, with as: 'password' for a password; " +
        'or pass a function or a KeyWrapper',
    });
  if (isKey(fields.env) || isKey(fields.file))
    throw new ConfigError(
      'invalid_option',
      `${owner}: the option keys has a key in the place of a variable's name or a path`,
      {
        hint: "Use { env: 'NAME' } or { file: 'path' }, or pass the key itself as a function: () => key",
      },
    );
}

/** Looks like a variable's name or a path, of any length. */
const looksLikeName = /^(?:[A-Z_][A-Z0-9_]*$|[./~])/;

/** Whether the text is itself a key. Names and paths appear in messages, so a key must not pass for one. */
function isKey(text: unknown): boolean {
  try {
    return typeof text === 'string' && !looksLikeName.test(text) && parseKeys(text, '').length > 0;
  } catch {
    return false;
  }
}

/** Mode bits that refuse a key file: write access of the group, read or write access of others. */
const refusedModeBits = 0o026;

const octal = (mode: number): string => (mode & 0o777).toString(8);

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
