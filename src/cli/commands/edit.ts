// `edit`: opens the decrypted content in an editor and encrypts what comes back. An edit that cannot be
// written is kept as FILE.rejected, encrypted for the same readers.

import path from 'node:path';
import { ConfigError, isConfigError } from '../../errors.ts';
import { missing } from '../../local/file.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import type { Decrypted, EncryptedFile } from '../../providers/encrypted-file/file.ts';
import { makeEnvelope } from '../../sealing/envelope.ts';
import type { KeySources } from '../../sealing/key-sources.ts';
import { keysForAll } from '../../sealing/recipients.ts';
import type { Command } from '../command.ts';
import { editText } from '../editor.ts';
import { withProgress } from '../io.ts';
import { encryptedFile, fileFlags, keysOf } from '../keys.ts';
import { confirm } from '../prompt.ts';

export const edit: Command = {
  name: 'edit',
  arguments: ['FILE'],
  summary: 'open the content of an encrypted file in $VISUAL or $EDITOR',
  flags: fileFlags,
  examples: [
    'llm-config edit config/secrets.yaml.jwe',
    "EDITOR='code --wait' llm-config edit config/secrets.yaml.jwe",
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const keys = keysOf(args, io);
    const encrypted = encryptedFile(args, io, file, keys);
    const before = await withProgress(io, 'Decrypting', encrypted.read());
    if (!before) throw missing(file, 'llm-config');
    let text = before.text;
    const written = await editText(
      plainName(file),
      text,
      io,
      async (edited) => {
        text = edited;
        if (text === before.text) return false;
        await withProgress(io, 'Encrypting', save(encrypted, before, text));
        return true;
      },
      async (error) => {
        if (!isConfigError(error) || error.code !== 'parse') return false;
        io.stderr.write(`${error.message}\n`);
        return confirm(io, 'Edit it again?');
      },
    ).catch(async (error: unknown) => {
      if (text === before.text) throw error;
      throw await keepRejected(error, file, text, before, keys, args.text('context'));
    });
    return {
      json: { changed: written },
      note: written ? `wrote ${file}` : 'nothing changed, so nothing was written',
    };
  },
};

/** The name that the editor shows, with the extension of the content. `.jwe` alone leaves no name. */
function plainName(file: string): string {
  const name = path.basename(file).replace(/\.(?:jwe|enc|encrypted)$/i, '');
  return /^\.*$/.test(name) ? 'secrets' : name;
}

async function save(encrypted: EncryptedFile, before: Decrypted, text: string): Promise<void> {
  await encrypted.rewrite(async (now) => {
    if (now === before.text) return text;
    throw new ConfigError('conflict', 'the file has changed since it was opened');
  });
}

/** Keeps an edit that could not be written: encrypts it beside the file for the same readers. Returns
 *  the error to throw. */
async function keepRejected(
  error: unknown,
  file: string,
  text: string,
  before: Decrypted,
  keys: KeySources,
  context: string | undefined,
): Promise<unknown> {
  const rejected = `${file}.rejected`;
  const where = `the encrypted file ${rejected}`;
  try {
    const readers = await keysForAll(
      before.envelope.jwe,
      before.envelope.opened,
      before.envelope.trusted,
      (await keys.find()).keys,
      where,
    );
    await writeAtomic(
      rejected,
      await makeEnvelope(Buffer.from(text, 'utf8'), readers, { contentType: before.format, context, where }),
    );
  } catch {
    return error;
  }
  const reason = isConfigError(error) ? error : new ConfigError('io', 'the edit failed', { cause: error });
  const command = `llm-config decrypt ${rejected}`;
  return new ConfigError(reason.code, reason.message, {
    cause: reason,
    hint: `${file} is unchanged. Your edit is encrypted in ${rejected}: run \`${command}\``,
  });
}
