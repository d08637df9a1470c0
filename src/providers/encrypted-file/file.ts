// One encrypted file on disk: decrypts it, and rewrites it under a lock between processes. Used by
// EncryptedFileProvider and by cli/. A text that could not be parsed again is never written.

import { ConfigError } from '../../errors.ts';
import { formatOf, formats, parseText } from '../../formats/format.ts';
import type { FormatName, Parsed } from '../../formats/parsed.ts';
import { missing, readBytes, utf8 } from '../../local/file.ts';
import { withLock } from '../../local/lock.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { quoted } from '../../redact.ts';
import { type Envelope, makeEnvelope, openEnvelope, rewriteEnvelope } from '../../sealing/envelope.ts';
import type { FoundKeys, KeySources } from '../../sealing/key-sources.ts';

export interface EncryptedFileParts {
  readonly provider: string;
  /** The resolved path. */
  readonly file: string;
  /** The path in errors, as the user wrote it. */
  readonly shown: string;
  readonly keys: KeySources;
  readonly context: string | undefined;
  readonly format: FormatName | undefined;
  readonly maxBytes: number | undefined;
  readonly lockWaitMs: number | undefined;
}

/** The document in an encrypted file. */
export interface Decrypted {
  readonly envelope: Envelope;
  readonly text: string;
  readonly format: FormatName;
}

/** Makes the new text from the present one, which is undefined before the file exists. */
export type TextChange = (text: string | undefined, format: FormatName) => Promise<string | undefined>;

/** One encrypted file on disk. */
export class EncryptedFile {
  readonly #parts: EncryptedFileParts;

  constructor(parts: EncryptedFileParts) {
    this.#parts = parts;
  }

  async decrypt(text: string, found?: FoundKeys): Promise<Decrypted> {
    const { keys, shown, context, provider } = this.#parts;
    const envelope = await openEnvelope(text, found ?? (await keys.find()), { context, where: this.#where });
    return {
      envelope,
      text: utf8(envelope.plaintext, `${shown}, decrypted,`, provider),
      format: this.#formatOf(envelope.contentType),
    };
  }

  async parse({ text, format }: Pick<Decrypted, 'text' | 'format'>): Promise<Parsed> {
    return parseText(format, { provider: this.#parts.provider, file: this.#parts.shown, text });
  }

  /** Replaces the document by the result of `change`. The same text, or undefined, leaves the file untouched.
   *  Returns whether the file was written. */
  async rewrite(change: TextChange, signal?: AbortSignal): Promise<boolean> {
    const make = async (before: Decrypted | undefined, found: FoundKeys): Promise<string | undefined> => {
      const format = before?.format ?? this.#formatOf(undefined);
      const text = await change(before?.text, format);
      if (text === undefined || text === before?.text) return undefined;
      await this.parse({ text, format }); // throws for a text that could not be read again
      return this.#encrypt(text, format, before, found);
    };
    return this.#replace(make, signal);
  }

  /** Replaces the encryption of the same document: other recipients, or a new content key. `make` returns the
   *  whole new file. */
  async reseal(
    make: (envelope: Envelope, found: FoundKeys, where: string) => Promise<string>,
  ): Promise<void> {
    await this.#replace(async (before, found) => {
      if (!before) throw missing(this.#parts.shown, this.#parts.provider);
      return make(before.envelope, found, this.#where);
    });
  }

  async #replace(
    make: (before: Decrypted | undefined, found: FoundKeys) => Promise<string | undefined>,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { provider, file, keys, lockWaitMs } = this.#parts;
    const options = { owner: provider, signal, ...(lockWaitMs !== undefined && { waitMs: lockWaitMs }) };
    return withLock(
      file,
      async (guard) => {
        const found = await keys.find();
        const content = await make(await this.read(found), found);
        if (content !== undefined) await writeAtomic(file, content, { guard });
        return content !== undefined;
      },
      options,
    );
  }

  /** Reads and decrypts the file. Returns undefined when the file does not exist. */
  async read(found?: FoundKeys): Promise<Decrypted | undefined> {
    const { file, shown, provider, maxBytes } = this.#parts;
    const bytes = await readBytes(file, shown, provider, maxBytes);
    return bytes && this.decrypt(utf8(bytes.content, shown, provider), found);
  }

  #encrypt(
    text: string,
    format: FormatName,
    before: Decrypted | undefined,
    { keys, absent }: FoundKeys,
  ): Promise<string> {
    const plaintext = Buffer.from(text, 'utf8');
    const expected = { context: this.#parts.context, where: this.#where, contentType: format };
    if (before) return rewriteEnvelope(before.envelope, plaintext, keys, expected);
    if (keys.length === 0)
      throw new ConfigError(
        'crypto',
        `${this.#where} cannot be created without a key (${absent.join(', ')})`,
        {
          hint: 'Give a key in the option keys, or run: npx llm-config keygen',
        },
      );
    return makeEnvelope(plaintext, keys, expected);
  }

  get #where(): string {
    return `the encrypted file ${this.#parts.shown}`;
  }

  #formatOf(contentType: string | undefined): FormatName {
    const { format, shown, provider } = this.#parts;
    if (contentType === undefined) return format ?? formatByName(shown, provider);
    const known = Object.hasOwn(formats, contentType) ? (contentType as FormatName) : undefined;
    if (format && known && format !== known && ![format, known].every((name) => name.startsWith('json')))
      throw new ConfigError('parse', `${this.#where} holds ${known}, not ${format}`, {
        hint: 'Correct the option format, or omit it',
      });
    if (!known && !format)
      throw new ConfigError('parse', `${this.#where} holds the unknown format ${quoted(contentType)}`, {
        hint: `Set the option format to one of ${Object.keys(formats).join(', ')}`,
      });
    return format ?? (known as FormatName);
  }
}

/** How the name of an encrypted file ends. */
export const encryptedExtension = /\.(?:jwe|enc|encrypted)$/i;

/** The format by the file's name without `.jwe`, `.enc` or `.encrypted`. JSON when the name does not show
 *  one. */
export function formatByName(file: string, owner: string): FormatName {
  try {
    return formatOf(file.replace(encryptedExtension, ''), owner);
  } catch {
    return 'json';
  }
}
