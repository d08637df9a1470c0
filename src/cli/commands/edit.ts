// `edit`: opens the decrypted content in an editor and encrypts what comes back. An edit that cannot be
// written is kept as FILE.rejected, encrypted for the same readers.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, isConfigError } from '../../errors.ts';
import type { FormatName } from '../../formats/parsed.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import {
  type Decrypted,
  type EncryptedFile,
  encryptedExtension,
  formatByName,
} from '../../providers/encrypted-file/file.ts';
import { makeEnvelope } from '../../sealing/envelope.ts';
import type { KeySources } from '../../sealing/key-sources.ts';
import { keysForAll } from '../../sealing/recipients.ts';
import type { Parsed } from '../arguments.ts';
import type { Command } from '../command.ts';
import { editText } from '../editor.ts';
import { withProgress } from '../io.ts';
import { encryptedFile, fileFlags, formatOption, keysOf, mustFindKey } from '../keys.ts';
import { confirm } from '../prompt.ts';

export const edit: Command = {
  name: 'edit',
  arguments: ['FILE'],
  summary: 'open the content of an encrypted file in $VISUAL or $EDITOR; creates the file if there is none',
  flags: fileFlags,
  examples: [
    'llm-config edit config/secrets.yaml.jwe',
    "EDITOR='code --wait' llm-config edit config/secrets.yaml.jwe",
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const keys = keysOf(args, io, !existsSync(file));
    const encrypted = encryptedFile(args, io, file, keys);
    const before = await withProgress(io, 'Decrypting', encrypted.read());
    if (!before) await mustFindKey(file, keys);
    const first = before?.text ?? firstText(formatOption(args) ?? formatByName(file, 'llm-config'));
    let text = first;
    const written = await editText(
      plainName(file),
      text,
      io,
      async (edited) => {
        text = edited;
        if (text === first) return false;
        await withProgress(io, 'Encrypting', save(encrypted, before, text));
        return true;
      },
      async (error) => {
        if (!isConfigError(error) || error.code !== 'parse') return false;
        io.stderr.write(`${error.message}\n`);
        return confirm(io, 'Edit it again?');
      },
    ).catch(async (error: unknown) => {
      if (text === first) throw error;
      throw await keepRejected(error, file, text, before, keys, args);
    });
    return {
      json: { changed: written },
      note: written ? `wrote ${file}` : 'nothing changed, so nothing was written',
    };
  },
};

/** The name that the editor shows, with the extension of the content. `.jwe` alone leaves no name. */
function plainName(file: string): string {
  const name = path.basename(file).replace(encryptedExtension, '');
  return /^\.*$/.test(name) ? 'secrets' : name;
}

/** What the editor shows of a file that does not exist yet. */
const firstText = (format: FormatName): string => (format.startsWith('json') ? '{\n}\n' : '# secrets\n');

async function save(encrypted: EncryptedFile, before: Decrypted | undefined, text: string): Promise<void> {
  await encrypted.rewrite(async (now) => {
    if (now === before?.text) return text;
    throw new ConfigError('conflict', 'the file has changed since it was opened');
  });
}

/** Keeps an edit that could not be written: encrypts it beside the file for the same readers. Returns
 *  the error to throw. */
async function keepRejected(
  error: unknown,
  file: string,
  text: string,
  before: Decrypted | undefined,
  keys: KeySources,
  args: Parsed,
): Promise<unknown> {
  const rejected = `${file}.rejected`;
  const where = `the encrypted file ${rejected}`;
  try {
    const own = (await keys.find()).keys;
    const { jwe, opened, trusted } = before?.envelope ?? {};
    const readers = jwe && opened && trusted ? await keysForAll(jwe, opened, trusted, own, where) : own;
    const contentType = before?.format ?? formatOption(args) ?? formatByName(file, 'llm-config');
    const context = args.text('context');
    await writeAtomic(
      rejected,
      await makeEnvelope(Buffer.from(text, 'utf8'), readers, { contentType, context, where }),
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
