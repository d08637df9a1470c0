// The key of encrypted files as a target of a rotation: while both keys are recipients, applications read
// with either. The end of the old one is a new content key, and a new data key of the shared cache. Used by
// rotate.ts.

import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import {
  aFunction,
  anInteger,
  anything,
  aString,
  type Check,
  checkOptions,
  listOf,
} from '../../internal/options.ts';
import { missing, readBytes, utf8 } from '../../local/file.ts';
import { withLock } from '../../local/lock.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { changeRecipients, openEnvelope, rewriteEnvelope } from '../../sealing/envelope.ts';
import type { FileKey } from '../../sealing/file-key.ts';
import { parseJwe } from '../../sealing/jwe.ts';
import { type KeySource, KeySources } from '../../sealing/key-sources.ts';
import { newKey, parseKeys } from '../../sealing/keys.ts';
import { contentKeyOf } from '../../sealing/recipients.ts';
import type { Credential, OverlappingTarget, TargetCall } from './target.ts';

/** Options of `dataKeys`. */
export interface DataKeysOptions {
  /** Purpose of the files, as applications give it. @default none */
  readonly context?: string;
  /** Further keys: of recipients that are no key pair, without which the files cannot be encrypted again; and
   *  for files that the current key does not open. @default none */
  readonly keys?: KeySource | readonly KeySource[];
  /** What `shared` of `llm-config-manager/redis` returns, if the same key protects the shared cache. Its data
   *  key is made again when the old key is revoked. @default none */
  readonly second?: { rotate(): Promise<void> };
  /** Time that a write waits for other processes, in milliseconds. @default 10_000 */
  readonly lockWaitMs?: number;
}

/** The key that opens encrypted files, in the field `key` of the secret. Each key is an X25519 pair, so that
 *  applications can still write the files while there are two.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const target = dataKeys(['config/secrets.yaml.jwe'], { second });
 *  const rotation = rotate(store, target, { lock: fileLock('config/secrets.yaml.jwe'), revoke: 'auto' }); */
export function dataKeys(files: readonly string[], options: DataKeysOptions = {}): OverlappingTarget {
  checkOptions('dataKeys', { files: files ?? null }, { files: someFiles });
  checkOptions('dataKeys', options, {
    context: aString,
    keys: anything,
    second: canRotate,
    lockWaitMs: anInteger(0),
  });
  const further = options.keys === undefined ? undefined : new KeySources(options.keys, 'dataKeys');
  return new DataKeys(files, options, further);
}

class DataKeys implements OverlappingTarget {
  readonly kind = 'data_key';
  readonly fields = ['key'];
  readonly overlap = true;
  readonly #files: readonly SealedFile[];
  readonly #second: DataKeysOptions['second'];
  readonly #further: KeySources | undefined;
  /** The key of the last test that succeeded. It opens the files for the next key: each step begins with a
   *  test of the current one. */
  #proved: readonly FileKey[] = [];

  constructor(files: readonly string[], options: DataKeysOptions, further: KeySources | undefined) {
    this.#files = files.map((file) => new SealedFile(file, options));
    this.#second = options.second;
    this.#further = further;
  }

  next(): Credential {
    return { key: JSON.stringify(newKey('x25519')) };
  }

  async set({ key = '' }: Credential, { signal }: TargetCall): Promise<void> {
    const added = keysOf(key);
    const keys = [...this.#proved, ...(await this.#others()), ...added];
    for (const file of this.#files) await file.add(added, keys, signal);
  }

  async test({ key = '' }: Credential): Promise<boolean> {
    const keys = keysOf(key);
    const opened = await Promise.all(this.#files.map((file) => file.isOpenedBy(keys)));
    if (!opened.every(Boolean)) return false;
    this.#proved = keys;
    return true;
  }

  /** The files that the current key does not open. */
  async inUse(_old: Credential, { key = '' }: Credential): Promise<number> {
    const opened = await Promise.all(this.#files.map((file) => file.isOpenedBy(keysOf(key))));
    return opened.filter((isOpened) => !isOpened).length;
  }

  async revoke({ key: old = '' }: Credential, { key = '' }: Credential, call: TargetCall): Promise<void> {
    // first, because the files show whether all of this is done
    await this.#second?.rotate();
    const keys = [...keysOf(key), ...(await this.#others())];
    for (const file of this.#files) await file.remove(keysOf(old), keys, call.signal);
  }

  async isRevoked({ key = '' }: Credential): Promise<boolean> {
    const opened = await Promise.all(this.#files.map((file) => file.isOpenedBy(keysOf(key))));
    return !opened.some(Boolean);
  }

  async #others(): Promise<readonly FileKey[]> {
    return (await this.#further?.find())?.keys ?? [];
  }
}

/** One encrypted file, and who can open it. */
class SealedFile {
  readonly #shown: string;
  readonly #file: string;
  readonly #context: string | undefined;
  readonly #lockWaitMs: number | undefined;

  constructor(shown: string, { context, lockWaitMs }: DataKeysOptions) {
    this.#shown = shown;
    this.#file = path.resolve(shown);
    this.#context = context;
    this.#lockWaitMs = lockWaitMs;
  }

  async isOpenedBy(keys: readonly FileKey[]): Promise<boolean> {
    const text = await this.#read();
    if (!(await this.#recipientOf(text, keys))) return false;
    await this.#open(text, keys); // throws for a file that was changed by others
    return true;
  }

  async add(added: readonly FileKey[], keys: readonly FileKey[], signal: AbortSignal): Promise<void> {
    await this.#rewrite(signal, async (text) => {
      if (await this.#recipientOf(text, added)) return undefined;
      return changeRecipients(await this.#open(text, keys), { add: added }, this.#where);
    });
  }

  /** Removes the recipient, and encrypts the content with a new key, because the old one is known to it. */
  async remove(old: readonly FileKey[], keys: readonly FileKey[], signal: AbortSignal): Promise<void> {
    await this.#rewrite(signal, async (text) => {
      const opened = await this.#recipientOf(text, old);
      if (!opened) return undefined;
      const { kid } = opened.recipient.header;
      if (typeof kid !== 'string')
        throw new ConfigError('crypto', `${this.#where}: the recipient of the old key has no name`, {
          hint: 'Decrypt the file, and encrypt it again for the new key',
        });
      const without = await changeRecipients(await this.#open(text, keys), { remove: [kid] }, this.#where);
      const envelope = await this.#open(without, keys);
      const { plaintext, contentType = 'json' } = envelope;
      return rewriteEnvelope(envelope, plaintext, keys, { ...this.#expected, contentType });
    });
  }

  get #where(): string {
    return `the encrypted file ${this.#shown}`;
  }

  get #expected() {
    return { context: this.#context, where: this.#where };
  }

  #open(text: string, keys: readonly FileKey[]) {
    return openEnvelope(text, { keys, absent: [] }, this.#expected);
  }

  /** The recipient that one of the keys opens. */
  async #recipientOf(text: string, keys: readonly FileKey[]) {
    const jwe = parseJwe(text, this.#where);
    return contentKeyOf(jwe, keys, [], this.#where).catch((error: unknown) => {
      if (error instanceof ConfigError && error.code === 'crypto') return undefined;
      throw error;
    });
  }

  async #read(): Promise<string> {
    const bytes = await readBytes(this.#file, this.#shown, 'dataKeys');
    if (!bytes) throw missing(this.#shown, 'dataKeys');
    return utf8(bytes.content, this.#shown, 'dataKeys');
  }

  async #rewrite(signal: AbortSignal, make: (text: string) => Promise<string | undefined>): Promise<void> {
    const waitMs = this.#lockWaitMs;
    await withLock(
      this.#file,
      async (guard) => {
        const content = await make(await this.#read());
        if (content !== undefined) await writeAtomic(this.#file, content, { guard });
      },
      { owner: 'dataKeys', signal, ...(waitMs !== undefined && { waitMs }) },
    );
  }
}

const keysOf = (text: string): readonly FileKey[] => parseKeys(text, 'dataKeys: the key in the store');

const someFiles: Check = (value) =>
  Array.isArray(value) && value.length > 0 ? listOf(aString)(value) : 'a list of one or more paths';

const canRotate: Check = (value) =>
  aFunction((value as DataKeysOptions['second'] | null)?.rotate) && 'what shared(…) returns';
