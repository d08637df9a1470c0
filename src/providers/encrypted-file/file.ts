import { ConfigError } from '../../errors.ts';
import { type FormatName, formatOf, formats, type Parsed } from '../../formats/format.ts';
import { writeAtomic } from '../../local/durable.ts';
import { missing, readBytes, utf8 } from '../../local/file.ts';
import { withLock } from '../../local/lock.ts';
import { quoted } from '../../redact.ts';
import { type Envelope, makeEnvelope, openEnvelope, rewriteEnvelope } from '../../sealing/envelope.ts';
import type { FoundKeys, Keys } from '../../sealing/key-sources.ts';

export interface EncryptedFileParts {
  readonly provider: string;
  /** Where it is, and how errors call it. */
  readonly file: string;
  readonly shown: string;
  readonly keys: Keys;
  readonly context: string | undefined;
  readonly format: FormatName | undefined;
  readonly maxBytes: number | undefined;
  readonly lockWaitMs: number | undefined;
}

/** A document that came out of an encrypted file. */
export interface Decrypted {
  readonly envelope: Envelope;
  readonly text: string;
  readonly format: FormatName;
}

/** What a change sees of the document that stands in the file; no text: there is no file yet. */
export type Change = (text: string | undefined, format: FormatName) => Promise<string | undefined>;

/** One encrypted file on the disk: opened, and rewritten under its lock. */
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
    return formats[format].parse({ provider: this.#parts.provider, file: this.#parts.shown, text });
  }

  /** Replaces the document by what `change` makes of it; the same text, or none, leaves the file as it is. True: it was written. */
  async rewrite(change: Change, signal?: AbortSignal): Promise<boolean> {
    const made = async (before: Decrypted | undefined, found: FoundKeys): Promise<string | undefined> => {
      const format = before?.format ?? this.#formatOf(undefined);
      const text = await change(before?.text, format);
      if (text === undefined || text === before?.text) return undefined;
      await this.parse({ text, format }); // nobody could read it again
      return this.#encrypt(text, format, before, found);
    };
    return this.#replace(made, signal);
  }

  /** The same document for other readers, or with a new content key; `make` answers the whole new file. */
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
    const { file, keys, lockWaitMs } = this.#parts;
    const options = { signal, ...(lockWaitMs !== undefined && { waitMs: lockWaitMs }) };
    return withLock(
      file,
      async (guard) => {
        const found = await keys.find();
        const made = await make(await this.read(found), found);
        if (made !== undefined) await writeAtomic(file, made, { guard });
        return made !== undefined;
      },
      options,
    );
  }

  /** The document as it is on the disk just now. */
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
      throw new ConfigError('crypto', `${this.#where} cannot be made: there is no key`, {
        hint: absent.join(', '),
      });
    return makeEnvelope(plaintext, keys, expected);
  }

  get #where(): string {
    return `the encrypted file ${this.#parts.shown}`;
  }

  #formatOf(contentType: string | undefined): FormatName {
    const { format, shown, provider } = this.#parts;
    if (contentType === undefined) return format ?? named(shown, provider);
    const known = Object.hasOwn(formats, contentType) ? (contentType as FormatName) : undefined;
    if (format && known && format !== known && ![format, known].every((one) => one.startsWith('json')))
      throw new ConfigError('parse', `${this.#where} holds ${known}, not ${format}`, {
        hint: 'Correct the option format, or leave it out',
      });
    if (!known && !format)
      throw new ConfigError(
        'parse',
        `${this.#where} holds ${quoted(contentType)}, which is no format known here`,
        {
          hint: `Say format: ${Object.keys(formats).join(', ')}`,
        },
      );
    return format ?? (known as FormatName);
  }
}

/** By the name that the file would have if it were not encrypted. */
export function named(file: string, owner: string): FormatName {
  try {
    return formatOf(file.replace(/\.(?:jwe|enc|encrypted)$/i, ''), owner);
  } catch {
    return 'json';
  }
}
