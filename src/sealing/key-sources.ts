import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import process from 'node:process';
import { ConfigError, isConfigError } from '../errors.ts';
import type { KeyWrapper } from '../key-wrapper.ts';
import { ioError, isMissing } from '../local/file.ts';
import type { ConfigProvider } from '../provider.ts';
import type { Key } from '../value.ts';
import type { FileKey } from './file-key.ts';
import { parseKeys, password } from './keys.ts';
import { RemoteKey } from './remote-key.ts';

interface KeyText {
  /** What the text is. @default 'key' */
  readonly as?: 'key' | 'password';
  /** In place of the key's own name. */
  readonly kid?: string;
}
/** The environment variable that holds the key. */
export interface KeyFromVariable extends KeyText {
  readonly env: string;
}
/** The file that holds the key; refused when other users may read it. */
export interface KeyFromFile extends KeyText {
  readonly file: string;
}
/** Any other provider's entry: the keyring, Vault, a mounted secret. */
export interface KeyFromProvider extends KeyText {
  readonly provider: ConfigProvider;
  readonly key: Key;
}
/** What a function may answer: a key as text, its 32 bytes, or a key made by `password` or `parseKeys`. */
export type KeyMaterial = string | Uint8Array | FileKey | readonly FileKey[];

export type KeySource =
  | KeyFromVariable
  | KeyFromFile
  | KeyFromProvider
  | KeyWrapper
  | FileKey
  | (() => KeyMaterial | undefined | Promise<KeyMaterial | undefined>);

export interface FoundKeys {
  readonly keys: readonly FileKey[];
  /** The sources that hold no key just now, in words. */
  readonly absent: readonly string[];
}

/** The same source as in the beginning answers the same key objects, which remember what they have derived. */
interface Known {
  readonly text: string;
  readonly keys: readonly FileKey[];
}

/** All the keys that a provider was given, found anew each time: they may be rotated meanwhile. */
export class Keys {
  readonly #sources: readonly KeySource[];
  readonly #owner: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #known = new Map<KeySource, Known>();

  constructor(
    sources: KeySource | readonly KeySource[] = { env: 'LLM_CONFIG_KEY' },
    owner: string,
    env: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    this.#sources = Array.isArray(sources) ? sources : [sources as KeySource];
    this.#owner = owner;
    this.#env = env;
    if (this.#sources.length === 0)
      throw new ConfigError('invalid_option', `${owner}: the option keys must name at least one key`);
    for (const source of this.#sources) check(source, owner);
  }

  async find(): Promise<FoundKeys> {
    const absent: string[] = [];
    const keys: FileKey[] = [];
    for (const source of this.#sources) {
      const found = await this.#one(source);
      if (typeof found === 'string') absent.push(found);
      else keys.push(...found);
    }
    return { keys, absent };
  }

  async #one(source: KeySource): Promise<readonly FileKey[] | string> {
    if (typeof source === 'function') return this.#material(source, await this.#call(source));
    if ('opens' in source) return [source];
    if ('wrap' in source)
      return (this.#known.get(source) ?? this.#keep(source, '', [new RemoteKey(source)])).keys;
    if ('env' in source) {
      const text = this.#env[source.env];
      return text === undefined || text === ''
        ? `the variable ${source.env} is not set`
        : this.#text(source, text, `the variable ${source.env}`);
    }
    if ('file' in source) {
      const text = await keyFile(source.file, this.#owner);
      return text === undefined
        ? `the key file ${source.file} does not exist`
        : this.#text(source, text, `the key file ${source.file}`);
    }
    const entry = await source.provider.get(source.key);
    const where = entry ? `${entry.origin}` : `${source.provider.name} has no ${source.key}`;
    if (!entry) return where;
    return this.#text(source, String(entry.value), where);
  }

  /** A stranger's error may hold anything. */
  async #call(source: Extract<KeySource, () => unknown>): Promise<KeyMaterial | undefined> {
    try {
      return await source();
    } catch (error) {
      if (isConfigError(error)) throw error;
      throw new ConfigError('crypto', `${this.#owner}: the function in keys failed`, { cause: error });
    }
  }

  #material(source: KeySource, made: KeyMaterial | undefined): readonly FileKey[] | string {
    const where = 'the function in keys';
    if (made === undefined) return `${where} answered no key`;
    if (typeof made === 'string') return this.#text(source, made, where);
    if (made instanceof Uint8Array) {
      if (made.length !== 32)
        throw new ConfigError(
          'crypto',
          `${this.#owner}: ${where} answered ${made.length} bytes; a key has 32`,
        );
      return this.#text(source, Buffer.from(made).toString('hex'), where);
    }
    return Array.isArray(made) ? made : [made as FileKey];
  }

  #text(source: KeySource, text: string, where: string): readonly FileKey[] {
    const known = this.#known.get(source);
    if (known?.text === text) return known.keys;
    const { as, kid } = source as KeyText;
    const keys =
      as === 'password'
        ? [password(text.replace(/\r?\n$/, ''), kid)]
        : parseKeys(text, `${this.#owner}: ${where}`, kid);
    return this.#keep(source, text, keys).keys;
  }

  #keep(source: KeySource, text: string, keys: readonly FileKey[]): Known {
    const known = { text, keys };
    this.#known.set(source, known);
    return known;
  }
}

function check(source: KeySource, owner: string): void {
  const text = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const one = (typeof source === 'object' && source !== null ? source : {}) as Record<string, unknown>;
  if (typeof source === 'function' || ('wrap' in one && 'unwrap' in one)) return;
  const kind = ['env', 'file', 'provider'].filter((name) => name in one);
  const known = ['as', 'kid', ...kind, ...(kind[0] === 'provider' ? ['key'] : [])];
  const fits =
    kind[0] === 'provider'
      ? typeof (one.provider as ConfigProvider | null)?.get === 'function' && text(one.key)
      : text(one[kind[0] ?? '']);
  if (
    kind.length !== 1 ||
    !fits ||
    Object.keys(one).some((name) => !known.includes(name)) ||
    ![undefined, 'key', 'password'].includes(one.as as string)
  )
    throw new ConfigError(
      'invalid_option',
      `${owner}: a source in the option keys is none of those there are`,
      {
        hint: "Write { env: 'NAME' }, { file: 'path' } or { provider, key }, with as: 'password' for a password; or give a function or a KeyWrapper",
      },
    );
  if (isKey(one.env) || isKey(one.file))
    throw new ConfigError(
      'invalid_option',
      `${owner}: a source in the option keys holds a key where a name is wanted`,
      {
        hint: "Write { env: 'NAME' } or { file: 'path' }; a key that is at hand already is given by a function: () => key",
      },
    );
}

/** What is written like a variable or a path, of whatever length. */
const aName = /^(?:[A-Z_][A-Z0-9_]*$|[./~])/;

/** Names and paths stand in messages, so one that is a key itself must not be taken for a name. */
function isKey(text: unknown): boolean {
  try {
    return typeof text === 'string' && !aName.test(text) && parseKeys(text, '').length > 0;
  } catch {
    return false;
  }
}

const groupWritesOrOthers = 0o026;

async function keyFile(path: string, owner: string): Promise<string | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > 65_536)
      throw new ConfigError('crypto', `${owner}: the key file ${path} is no small regular file`);
    if (process.platform !== 'win32' && stats.mode & groupWritesOrOthers)
      throw new ConfigError(
        'crypto',
        `${owner}: the key file ${path} can be read or changed by other users (mode ${(stats.mode & 0o777).toString(8)})`,
        {
          hint: `Run: chmod 600 ${path}. Whoever may have read it has the key: think of a new one`,
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
