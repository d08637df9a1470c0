// EncryptedFileProvider: reads keys from one decrypted document and writes them back. file.ts decrypts and
// rewrites the file, document.ts changes its text. Writes of one provider wait for each other before they
// take the file's lock, which is for other processes.

import path from 'node:path';
import { type Entry, makeEntry, type Secret } from '../../entry.ts';
import { abortedBy, ConfigError } from '../../errors.ts';
import { formats, parseText } from '../../formats/format.ts';
import type { FormatName } from '../../formats/parsed.ts';
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
import type { Content, ReloadableContent } from '../../local/content.ts';
import { FileProvider } from '../../local/content-provider.ts';
import { fileContent } from '../../local/file-content.ts';
import type { Need } from '../../needs.ts';
import { makeOrigin } from '../../origin.ts';
import type { ListOptions, WritableProvider, WriteOptions } from '../../provider.ts';
import { type KeySource, KeySources } from '../../sealing/key-sources.ts';
import { unlessAborted } from '../../shelter/abort.ts';
import { type Steps, wait } from '../../turns.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../../value.ts';
import { changedDocument, writableLeaf } from './document.ts';
import { EncryptedFile, type TextChange } from './file.ts';

/** Options of an `EncryptedFileProvider`. */
export interface EncryptedFileOptions {
  /** Path of the encrypted file, such as `config/secrets.yaml.jwe`. `llm-config encrypt` makes one. */
  readonly path: string;
  /** The keys that open the file; several during a rotation. @default { env: 'LLM_CONFIG_KEY' } */
  readonly keys?: KeySource | readonly KeySource[];
  /** Purpose of the file, such as `acme/inference/production`. A file of another context is refused.
   *  @default none */
  readonly context?: string;
  /** Format of the document: for a new file, and to verify an existing one.
   *  @default the file's own content type, else its name without `.jwe`, `.enc` or `.encrypted`, else JSON */
  readonly format?: FormatName;
  /** Treats a missing file as empty. Every other failure is still an error. @default false */
  readonly optional?: boolean;
  /** The provider's name in errors and explanations. @default `encrypted-file:` and the path */
  readonly name?: string;
  /** Refuses larger files. @default 16_777_216 */
  readonly maxBytes?: number;
  /** Time that a write waits for other processes, in milliseconds. @default 10_000 */
  readonly lockWaitMs?: number;
  /** The variables in which key sources `{ env }` look. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** New values by key. `undefined` deletes a key. */
export type DocumentChanges = Readonly<Record<Key, ConfigValue | Secret | undefined>>;

interface Document {
  readonly tree: ConfigTree;
  readonly at: (path: readonly string[]) => { readonly line: number; readonly column: number } | undefined;
}

/** Reads and writes secrets in one encrypted file, which may be committed: a JWE (RFC 7516) around a
 *  JSON, YAML or TOML document. All its values are secret. Comments survive writes, or the write is
 *  refused.
 *  @example
 *  const secrets = new EncryptedFileProvider({
 *    path: 'config/secrets.yaml.jwe',
 *    keys: { file: '/run/secrets/config-key' },
 *    context: 'acme/inference/production',
 *  });
 *  await secrets.set('database.password', 'fake-password');
 *  @see unsealed opens single encrypted values in a file that stays readable. */
export class EncryptedFileProvider extends FileProvider implements WritableProvider {
  readonly #path: string;
  readonly #file: EncryptedFile;
  readonly #keys: KeySources;
  readonly #content: ReloadableContent<Document | undefined>;
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
      throw new ConfigError('invalid_option', 'EncryptedFileProvider: the option path is missing', {
        hint: "Set path to the encrypted file: { path: 'config/secrets.yaml.jwe' }",
      });
    const { context, format, optional, maxBytes, lockWaitMs, env } = options;
    const provider = options.name ?? `encrypted-file:${options.path}`;
    const keys = new KeySources(options.keys, 'EncryptedFileProvider', env);
    const file = new EncryptedFile({
      provider,
      file: path.resolve(options.path),
      shown: options.path,
      keys,
      context,
      format,
      maxBytes,
      lockWaitMs,
    });
    const decrypted = async (text: string): Promise<Document> => {
      const { tree, at } = await file.parse(await file.decrypt(text));
      return { tree: frozen(tree), at };
    };
    const parse = (text: string): Steps<Document> =>
      wait({ who: `the decryption of ${provider}`, later: () => decrypted(text) });
    const content = fileContent({ provider, path: options.path, parse, optional, maxBytes });
    super(provider, content);
    this.#path = options.path;
    this.#file = file;
    this.#keys = keys;
    this.#content = content;
  }

  /** @internal */
  protected find(content: Content<Document | undefined>, asked: Key): Entry | undefined {
    const value = content.value && dig(content.value.tree, asked);
    if (value === undefined) return undefined;
    if (isTree(value))
      throw new ConfigError('invalid_key', `"${asked}" is a section of ${this.#path}, not a value`, {
        key: asked,
        provider: this.name,
        hint: 'Read a section with tree, or one of its keys',
      });
    return this.#entry(asked, value, content);
  }

  /** @internal */
  protected *listing(asked: Key, options?: ListOptions): Steps<readonly Entry[]> {
    const content = yield* this.#content.reading(options);
    const value = content.value && dig(content.value.tree, asked);
    if (value === undefined || (isTree(value) && Object.keys(value).length === 0)) return Object.freeze([]);
    return Object.freeze([this.#entry(asked, value, content)]);
  }

  /** @internal */
  override needs(): Promise<readonly Need[]> {
    return this.#keys.needs();
  }

  where(key: Key): string {
    return `${this.#path} (${keyOf(key)})`;
  }

  async set(key: Key, value: ConfigValue | Secret, options: WriteOptions = {}): Promise<Entry> {
    const asked = writableKey(key);
    const copy = writableLeaf(value, asked);
    await this.#write(options, (text, format) =>
      changedDocument(
        { provider: this.name, file: this.#path, text: text ?? emptyDocument(format) },
        format,
        asked,
        copy,
      ),
    );
    return this.#entry(asked, copy, { ...(await this.#content.read()), readAt: Date.now() });
  }

  async delete(key: Key, options: WriteOptions = {}): Promise<boolean> {
    const asked = writableKey(key);
    return this.#write(options, async (text, format) => {
      const source = { provider: this.name, file: this.#path, text: text ?? emptyDocument(format) };
      const { tree } = await parseText(format, source);
      return dig(tree, asked) === undefined ? undefined : changedDocument(source, format, asked, undefined);
    });
  }

  /** Changes several values in one step: no other writer comes between the read and the write, and a reader
   *  sees all of the new values or none. `change` receives the whole document, and returns the new values by
   *  key, without sections; `undefined` deletes a key. Returns whether the file was written. A write inside
   *  `change` would wait for this one: return its values instead.
   *  @example
   *  await secrets.update(({ active, next }) => ({ active: next, next: undefined, previous: active })); */
  async update(
    change: (document: ConfigTree) => DocumentChanges | Promise<DocumentChanges>,
    options: Pick<WriteOptions, 'signal'> = {},
  ): Promise<boolean> {
    return this.#write(options, async (before, format) => {
      const source = { provider: this.name, file: this.#path, text: before ?? emptyDocument(format) };
      const { tree } = await parseText(format, source);
      const made: unknown = await change(frozen(tree));
      if (!isTree(made))
        throw new ConfigError('validation', `${this.name}: the function given to update returned no object`, {
          provider: this.name,
          hint: "Return the new values by key: { 'database.password': value }",
        });
      const changes = Object.entries(made as DocumentChanges).map(([key, value]) => {
        const asked = writableKey(key);
        return [asked, value === undefined ? undefined : writableLeaf(value, asked)] as const;
      });
      // deleted first, so that a section may take the place of a value
      changes.sort(([, one], [, other]) => Number(one !== undefined) - Number(other !== undefined));
      let text = source.text;
      for (const [key, value] of changes)
        text = await changedDocument({ ...source, text }, format, key, value);
      return text === source.text ? before : text;
    });
  }

  /** Replaces the whole document by the result of `change`. The same text leaves the file untouched.
   *  @throws `parse`, and writes nothing, when the new text cannot be parsed. */
  async edit(
    change: (text: string) => string | Promise<string>,
    options: Pick<WriteOptions, 'signal'> = {},
  ): Promise<void> {
    await this.#write(options, async (text) => change(text ?? ''));
  }

  /** Runs writes one after the other, so that those of one process do not compete for the lock. */
  async #write({ signal }: Pick<WriteOptions, 'signal'>, change: TextChange): Promise<boolean> {
    if (signal?.aborted) throw abortedBy(this.name, 'the write');
    const earlier = this.#writes;
    const writing = unlessAborted(this.name, earlier, signal, 'the write').then(() =>
      this.#file.rewrite(change, signal),
    );
    this.#writes = Promise.allSettled([earlier, writing]);
    const isWritten = await writing;
    if (isWritten) await this.#content.refresh();
    return isWritten;
  }

  #entry(
    key: Key,
    value: ConfigValue,
    {
      value: content,
      modifiedAt,
      readAt,
    }: { value: Document | undefined; modifiedAt?: number; readAt: number },
  ): Entry {
    const origin = (inside: Key) =>
      makeOrigin({ provider: this.name, source: this.#path, position: () => content?.at(segments(inside)) });
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

function writableKey(key: Key): Key {
  const asked = keyOf(key);
  if (asked === '')
    throw new ConfigError('invalid_key', 'the root cannot be written as one value', {
      key: asked,
      hint: 'Name a key, or replace the whole document with edit',
    });
  return asked;
}

/** The text of a new document. Every format refuses an empty text. */
const emptyDocument = (format: FormatName): string => (format === 'toml' ? '# new\n' : '{}\n');
