// `encrypt` and `decrypt`: whole files. Encrypting parses the content first, so that a broken file fails
// before it is encrypted.

import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { ConfigError } from '../../errors.ts';
import { parseText } from '../../formats/format.ts';
import { missing, readBytes, utf8 } from '../../local/file.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { formatByName } from '../../providers/encrypted-file/file.ts';
import { isSealed } from '../../sealed.ts';
import { makeEnvelope } from '../../sealing/envelope.ts';
import { seal, unseal } from '../../sealing/seal.ts';
import { writePrivate } from '../argument-files.ts';
import type { Parsed } from '../arguments.ts';
import { UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Io } from '../io.ts';
import { withProgress } from '../io.ts';
import {
  contextFlag,
  encryptedFile,
  fileFlags,
  formatFlag,
  formatOption,
  keyFlags,
  keysOf,
  readersOf,
  toFlag,
} from '../keys.ts';
import { isDotenvFile, PlainFile } from '../plain-file.ts';
import { readStdin } from '../prompt.ts';
import { prefixOf } from '../variable-style.ts';

const prefixFlag = {
  prefix: {
    type: 'string',
    mayBeEmpty: true,
    value: 'NAME',
    summary: 'of a .env file: the prefix of its reader, if not that of the module in this folder',
  },
} as const;

export const encrypt: Command = {
  name: 'encrypt',
  arguments: ['FILE'],
  summary:
    'encrypt a JSON, YAML or TOML file into FILE.jwe, or each value of a .env file in place; - is stdin',
  flags: {
    ...keyFlags,
    ...toFlag,
    ...contextFlag,
    ...formatFlag,
    ...prefixFlag,
    out: { type: 'string', value: 'FILE', summary: 'the file to write' },
    force: { type: 'boolean', summary: 'replace an existing file' },
  },
  examples: [
    'llm-config encrypt config/secrets.yaml --context acme/production',
    'llm-config encrypt .env --prefix APP',
    'llm-config encrypt config/secrets.yaml --to x25519:hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
  ],
  async run(args, io) {
    const [file] = args.positionals as [string];
    if (isDotenvFile(file) && !args.text('format')) {
      if (args.text('out') === undefined) return sealAll(args, io, file);
      throw new UsageError('--out is not for a .env file, whose values are sealed in place');
    }
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
    const isReplaced = file !== '-' && (await realpath(file)) === (await realpath(out));
    return {
      text: out,
      json: { file: out, recipients: readers.map(({ kid = 'password' }) => kid) },
      note: isReplaced
        ? 'The old content may still be in version control'
        : file === '-'
          ? undefined
          : `${file} still exists unencrypted. Delete it, and keep it out of version control`,
    };
  },
};

export const decrypt: Command = {
  name: 'decrypt',
  arguments: ['FILE'],
  summary: 'print the content of an encrypted file, or a .env file with its sealed values opened',
  flags: {
    ...fileFlags,
    ...prefixFlag,
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
    const opened = await withProgress<Opened | undefined>(
      io,
      'Decrypting',
      isDotenvFile(file) ? unsealAll(args, io, file) : encryptedFile(args, io, file).read(),
    );
    if (!opened) throw missing(file, 'llm-config');
    const { text, format, left = [] } = opened;
    const note = left.map((name) => `${name} is still sealed: it lacks the prefix, or is not a valid key`);
    const more = { note: note.join('\n'), exit: left.length > 0 ? 1 : 0 };
    if (out === undefined)
      return { text, exact: true, json: { format, text, ...(left.length > 0 && { left }) }, ...more };
    await writePrivate(out, text, { force: args.is('force') });
    return { text: out, json: { file: out, format, ...(left.length > 0 && { left }) }, ...more };
  },
};

/** Seals each value of a `.env` file in place. Its reader opens them by itself. */
async function sealAll(args: Parsed, io: Io, file: string): Promise<CommandResult> {
  const plain = new PlainFile(file, undefined);
  const context = args.text('context');
  const prefix = await prefixOf(args, io);
  const [sealed, left]: [string[], string[]] = [[], []];
  await plain.text(); // a file that does not exist needs no key
  const [to, ...more] = await readersOf(args, io);
  if (!to || more.length > 0) throw new UsageError('a sealed value has one recipient. Name one key');
  const sealing = plain.changeEach(async (name, value) => {
    if (value === '' || isSealed(value)) return value;
    const found = plain.findKey(name, prefix);
    (found ? sealed : left).push(name);
    return found ? seal(value, { key: found.key, to, ...(context !== undefined && { context }) }) : value;
  });
  await withProgress(io, 'Sealing', sealing);
  const notes = [
    ...left.map((name) => `${name} is not sealed: it lacks the prefix, or is not a valid key`),
    ...(sealed.length > 0 ? ['The old values may still be in version control'] : []),
  ];
  return {
    text: sealed.join('\n'),
    json: { file, sealed, left },
    note: sealed.length === 0 ? [...notes, 'nothing to seal'].join('\n') : notes.join('\n'),
    exit: left.length > 0 ? 1 : 0,
  };
}

interface Opened {
  readonly text: string;
  readonly format: string;
  /** The variables of a `.env` file that are still sealed. */
  readonly left?: readonly string[];
}

/** The text of a `.env` file with its sealed values opened, but for those that its reader does not read. */
async function unsealAll(args: Parsed, io: Io, file: string): Promise<Opened> {
  const left: string[] = [];
  const plain = new PlainFile(file, undefined);
  const keys = keysOf(args, io);
  const prefix = await prefixOf(args, io);
  const text = await plain.changedEach(await plain.text(), async (name, value) => {
    if (!isSealed(value)) return value;
    const found = plain.findKey(name, prefix);
    if (!found) {
      left.push(name);
      return value;
    }
    const { key, loose } = found;
    const where = `the sealed value of "${key}" (${file})`;
    return (await unseal(value, { key, loose, context: args.text('context'), where }, () => keys.find()))
      .value;
  });
  return { text, format: 'env', left };
}
