// Where keys come from: variables, files, functions, other providers, key services. Used by encrypted files,
// sealed values, cli/, and the extensions that encrypt. Sources are read again for each operation, because
// keys may be rotated meanwhile. Neither a key nor a source that might be one is ever quoted in an error.

import process from 'node:process';
import { ConfigError } from '../errors.ts';
import type { KeyWrapper } from '../key-wrapper.ts';
import type { Need } from '../needs.ts';
import type { ConfigProvider } from '../provider.ts';
import type { Key } from '../value.ts';
import type { FileKey } from './file-key.ts';
import { called, keyTextOf } from './key-text.ts';
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
      return this.#fromFunction(source, await called('the function in keys', this.#owner, source));
    if ('opens' in source) return [source];
    if ('wrap' in source)
      return (this.#cached.get(source) ?? this.#keep(source, '', [new RemoteKey(source)])).keys;
    const found = await keyTextOf(source, this.#owner, this.#env, this.#platform);
    return typeof found === 'string' ? found : this.#fromText(source, found.text, found.where);
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
