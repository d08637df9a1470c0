// `encrypt` and `decrypt`: whole files. Encrypting parses the content first, so that a broken file fails
// before it is encrypted.

import { existsSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { parseText } from '../../formats/format.ts';
import { missing, readBytes, utf8 } from '../../local/file.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { formatByName } from '../../providers/encrypted-file/file.ts';
import { makeEnvelope } from '../../sealing/envelope.ts';
import { writePrivate } from '../argument-files.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { withProgress } from '../io.ts';
import {
  contextFlag,
  encryptedFile,
  fileFlags,
  formatFlag,
  formatOption,
  keyFlags,
  readersOf,
  toFlag,
} from '../keys.ts';
import { readStdin } from '../prompt.ts';

export const encrypt: Command = {
  name: 'encrypt',
  arguments: ['FILE'],
  summary: 'encrypt a JSON, YAML or TOML file into FILE.jwe; - reads from stdin',
  flags: {
    ...keyFlags,
    ...toFlag,
    ...contextFlag,
    ...formatFlag,
    out: { type: 'string', value: 'FILE', summary: 'the file to write' },
    force: { type: 'boolean', summary: 'replace an existing file' },
  },
  examples: [
    'llm-config encrypt config/secrets.yaml --context acme/production',
    'llm-config encrypt config/secrets.yaml --to x25519:hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const out = args.text('out') ?? (file === '-' ? undefined : `${file}.jwe`);
    if (out === undefined) throw new UsageError('--out is missing: stdin has no file name');
    if (existsSync(out) && !args.is('force'))
      throw new ConfigError('io', `the file ${out} exists already`, {
        hint: 'Use set or edit to change it, or --force to replace it',
      });
    const bytes = file === '-' ? undefined : await readBytes(file, file, 'llm-config');
    if (file !== '-' && !bytes) throw missing(file, 'llm-config');
    const text = bytes ? utf8(bytes.content, file, 'llm-config') : await readStdin(io);
    const format = formatOption(args) ?? formatByName(file === '-' ? out : file, 'llm-config');
    await parseText(format, { provider: 'llm-config', file: file === '-' ? 'stdin' : file, text });
    const expected = {
      contentType: format,
      context: args.text('context'),
      where: `the encrypted file ${out}`,
    };
    const readers = await readersOf(args, io);
    await writeAtomic(
      out,
      await withProgress(io, 'Encrypting', makeEnvelope(Buffer.from(text, 'utf8'), readers, expected)),
    );
    return {
      text: out,
      json: { file: out, recipients: readers.map(({ kid = 'password' }) => kid) },
      note:
        file === '-'
          ? undefined
          : `${file} still exists unencrypted. Delete it, and keep it out of version control`,
    };
  },
};

export const decrypt: Command = {
  name: 'decrypt',
  arguments: ['FILE'],
  summary: 'print the content of an encrypted file',
  flags: {
    ...fileFlags,
    out: {
      type: 'string',
      value: 'FILE',
      summary: 'write it to a new file that only you can read, instead of printing it',
    },
    force: { type: 'boolean', summary: 'replace an existing file; of a link, the link itself' },
  },
  examples: [
    'llm-config decrypt config/secrets.yaml.jwe',
    'llm-config decrypt config/secrets.yaml.jwe --context acme/production --out secrets.yaml',
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    const out = args.text('out');
    const opened = await withProgress(io, 'Decrypting', encryptedFile(args, io, file).read());
    if (!opened) throw missing(file, 'llm-config');
    if (out === undefined)
      return { text: opened.text, exact: true, json: { format: opened.format, text: opened.text } };
    await writePrivate(out, opened.text, {
      force: args.is('force'),
      hint: 'Choose another name, or use --force to replace it',
    });
    return { text: out, json: { file: out, format: opened.format } };
  },
};
