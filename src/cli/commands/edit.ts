import path from 'node:path';
import { ConfigError, isConfigError } from '../../errors.ts';
import { writeAtomic } from '../../local/durable.ts';
import { missing } from '../../local/file.ts';
import type { Decrypted, EncryptedFile } from '../../providers/encrypted-file/file.ts';
import { makeEnvelope } from '../../sealing/envelope.ts';
import type { Keys } from '../../sealing/key-sources.ts';
import { keysForAll } from '../../sealing/recipients.ts';
import type { Command } from '../command.ts';
import { inEditor } from '../editor.ts';
import { patiently } from '../io.ts';
import { encryptedFile, fileFlags, keysOf } from '../keys.ts';
import { agrees } from '../prompt.ts';

export const edit: Command = {
  name: 'edit',
  arguments: ['FILE'],
  says: 'change an encrypted file in your editor ($VISUAL, $EDITOR)',
  flags: fileFlags,
  examples: [
    'llm-config edit config/secrets.yaml.jwe',
    "EDITOR='code --wait' llm-config edit config/secrets.yaml.jwe",
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const keys = keysOf(args, io);
    const encrypted = encryptedFile(args, io, file, keys);
    const before = await patiently(io, 'Decrypting', encrypted.read());
    if (!before) throw missing(file, 'llm-config');
    let text = before.text;
    const written = await inEditor(
      path.basename(file).replace(/\.(?:jwe|enc|encrypted)$/i, ''),
      text,
      io,
      async (edited) => {
        text = edited;
        if (text === before.text) return false;
        await patiently(io, 'Encrypting', save(encrypted, before, text));
        return true;
      },
      async (error) => {
        if (!isConfigError(error) || error.code !== 'parse') return false;
        io.stderr.write(`${error.message}\n`);
        return agrees(io, 'Edit it again?');
      },
    ).catch(async (error: unknown) => {
      if (text === before.text) throw error;
      throw await kept(error, file, text, before, keys, args.text('context'));
    });
    return {
      json: { changed: written },
      note: written ? `${file} is written` : 'nothing changed, nothing written',
    };
  },
};

async function save(encrypted: EncryptedFile, before: Decrypted, text: string): Promise<void> {
  await encrypted.rewrite(async (now) => {
    if (now === before.text) return text;
    throw new ConfigError('conflict', 'the file was changed by somebody else while it was being edited');
  });
}

/** What could not be written is not lost: it lies beside the file, encrypted for the same readers. */
async function kept(
  error: unknown,
  file: string,
  text: string,
  before: Decrypted,
  keys: Keys,
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
  return new ConfigError(reason.code, reason.message, {
    cause: reason,
    hint: `${file} is untouched; what you wrote is in ${rejected}, encrypted: llm-config decrypt ${rejected}`,
  });
}
