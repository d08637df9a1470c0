import path from 'node:path';
import { type Entry, makeEntry, type Secret, type Unreadable } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { type FormatName, formats } from '../../formats/format.ts';
import { dig } from '../../internal/dig.ts';
import {
  aBoolean,
  anInteger,
  anObject,
  anything,
  aString,
  checkOptions,
  oneOf,
} from '../../internal/options.ts';
import { append, keyOf, segments } from '../../key.ts';
import type { ReloadableContent } from '../../local/content.ts';
import { fileContent } from '../../local/file-content.ts';
import { makeOrigin } from '../../origin.ts';
import type {
  Change,
  Health,
  ListOptions,
  ReadOptions,
  WritableProvider,
  WriteOptions,
} from '../../provider.ts';
import { type KeySource, Keys } from '../../sealing/key-sources.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../../value.ts';
import { changed, writableLeaf } from './document.ts';
import { EncryptedFile } from './file.ts';

export interface EncryptedFileOptions {
  /** The encrypted file, as `llm-config encrypt` makes it: `config/secrets.yaml.jwe`. */
  readonly path: string;
  /** What opens it; several while keys are being rotated. @default { env: 'LLM_CONFIG_KEY' } */
  readonly keys?: KeySource | readonly KeySource[];
  /** What the file must be for, say `acme/inference/production`: the file of another environment is refused. @default none */
  readonly context?: string;
  /** What is in it: for a new file, and to be sure of an old one. @default what the file says, else its name without `.jwe`, `.enc` or `.encrypted`, else JSON */
  readonly format?: FormatName;
  /** A missing file is an empty one; every other failure is still one. @default false */
  readonly optional?: boolean;
  /** How errors and explanations call it. @default `encrypted-file:` and the path */
  readonly name?: string;
  /** A larger file is refused. @default 16_777_216 */
  readonly maxBytes?: number;
  /** How long a write waits for other writers. @default 10_000 */
  readonly lockWaitMs?: number;
  /** Where keys in variables are looked for. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

interface Content {
  readonly tree: ConfigTree;
  readonly at: (path: readonly string[]) => { readonly line: number; readonly column: number } | undefined;
}

/** Secrets in a file that may be committed: a JWE (RFC 7516) around a JSON, YAML or TOML document. Everything in it is secret. */
export class EncryptedFileProvider implements WritableProvider {
  readonly name: string;
  readonly local = true;
  readonly #path: string;
  readonly #file: EncryptedFile;
  readonly #held: ReloadableContent<Content | undefined>;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(options: EncryptedFileOptions) {
    checkOptions('EncryptedFileProvider', options, {
      path: aString,
      keys: anything,
      context: aString,
      format: oneOf(...Object.keys(formats)),
      optional: aBoolean,
      name: aString,
      maxBytes: anInteger(1),
      lockWaitMs: anInteger(0),
      env: anObject,
    });
    if (options.path === undefined)
      throw new ConfigError('invalid_option', 'EncryptedFileProvider: the option path is missing');
    const { context, format, optional, maxBytes, lockWaitMs, env } = options;
    this.#path = options.path;
    this.name = options.name ?? `encrypted-file:${options.path}`;
    const keys = new Keys(options.keys, 'EncryptedFileProvider', env);
    const file = path.resolve(options.path);
    this.#file = new EncryptedFile({
      provider: this.name,
      file,
      shown: this.#path,
      keys,
      context,
      format,
      maxBytes,
      lockWaitMs,
    });
    const parse = async (text: string): Promise<Content> => {
      const { tree, at } = await this.#file.parse(await this.#file.decrypt(text));
      return { tree: frozen(tree), at };
    };
    this.#held = fileContent({ provider: this.name, path: this.#path, parse, optional, maxBytes });
  }

  async get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    const asked = keyOf(key);
    const content = await this.#held.read(options);
    const value = content.value && dig(content.value.tree, asked);
    if (value === undefined) return undefined;
    if (isTree(value))
      throw new ConfigError('invalid_key', `"${asked}" is a section of ${this.#path}`, {
        key: asked,
        provider: this.name,
        hint: 'Read it with tree',
      });
    return this.#entry(asked, value, content);
  }

  async list(prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    const asked = keyOf(prefix);
    const content = await this.#held.read(options);
    const value = content.value && dig(content.value.tree, asked);
    if (value === undefined || (isTree(value) && Object.keys(value).length === 0)) return Object.freeze([]);
    return Object.freeze([this.#entry(asked, value, content)]);
  }

  where(key: Key): string {
    return `${this.#path} (${keyOf(key)})`;
  }

  async set(key: Key, value: ConfigValue | Secret, options: WriteOptions = {}): Promise<Entry> {
    const asked = leaf(key);
    const copy = writableLeaf(value, asked);
    await this.#write(options, (text, format) =>
      changed({ provider: this.name, file: this.#path, text: text ?? nothing(format) }, format, asked, copy),
    );
    return this.#entry(asked, copy, { ...(await this.#held.read()), readAt: Date.now() });
  }

  async delete(key: Key, options: WriteOptions = {}): Promise<boolean> {
    const asked = leaf(key);
    return this.#write(options, async (text, format) => {
      const source = { provider: this.name, file: this.#path, text: text ?? nothing(format) };
      const { tree } = await formats[format].parse(source);
      return dig(tree, asked) === undefined ? undefined : changed(source, format, asked, undefined);
    });
  }

  /** Replaces the whole document by what `change` makes of its text. The same text leaves the file untouched. */
  async edit(
    change: (text: string) => string | Promise<string>,
    options: Pick<WriteOptions, 'signal'> = {},
  ): Promise<void> {
    await this.#write(options, async (text) => change(text ?? ''));
  }

  health(options?: ReadOptions): Promise<Health> {
    return this.#held.health(options);
  }

  async refresh(): Promise<void> {
    await this.#held.refresh();
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.#held.watch(() => onChange({ provider: this.name, time: Date.now() }));
  }

  async close(): Promise<void> {
    this.#held.close();
  }

  /** One after the other: within a process there is no need to fight for the lock. */
  async #write(
    { signal }: Pick<WriteOptions, 'signal'>,
    change: Parameters<EncryptedFile['rewrite']>[0],
  ): Promise<boolean> {
    const aborted = () =>
      new ConfigError('aborted', `${this.name}: the write was aborted by its caller`, {
        provider: this.name,
      });
    if (signal?.aborted) throw aborted();
    const before = this.#writes;
    const written = (async () => {
      await before.catch(() => undefined);
      if (signal?.aborted) throw aborted();
      return this.#file.rewrite(change, signal);
    })();
    this.#writes = written.catch(() => undefined);
    const done = await written;
    if (done) await this.#held.refresh();
    return done;
  }

  #entry(
    key: Key,
    value: ConfigValue,
    { value: held, modifiedAt, readAt }: { value: Content | undefined; modifiedAt?: number; readAt: number },
  ): Entry {
    const origin = (inside: Key) =>
      makeOrigin({ provider: this.name, source: this.#path, position: () => held?.at(segments(inside)) });
    return makeEntry({
      key,
      value,
      secret: true,
      origin: origin(key),
      readAt,
      ...(modifiedAt !== undefined && { modifiedAt }),
      ...(isTree(value) && {
        leaf: (inside: Key) => ({ origin: origin(append(key, inside)), secret: true }),
      }),
    });
  }
}

function leaf(key: Key): Key {
  const asked = keyOf(key);
  if (asked === '')
    throw new ConfigError('invalid_key', 'the root is no key to write to', {
      key: asked,
      hint: 'Name a key, or replace the whole document with edit',
    });
  return asked;
}

const nothing = (format: FormatName): string => (format === 'toml' ? '# new\n' : '{}\n');
