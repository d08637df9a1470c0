// The options that name keys, readers, context and format, and what they mean. Used by every command that
// opens or writes an encrypted file or a sealed value. A secret key is never accepted as an argument.

import path from 'node:path';
import { ConfigError, isConfigError } from '../errors.ts';
import { formats } from '../formats/format.ts';
import type { FormatName } from '../formats/parsed.ts';
import { EncryptedFile } from '../providers/encrypted-file/file.ts';
import type { FileKey } from '../sealing/file-key.ts';
import { type KeySource, KeySources } from '../sealing/key-sources.ts';
import { parseKeys, password } from '../sealing/keys.ts';
import { readGiven } from './argument-files.ts';
import { type Flags, type Parsed, UsageError } from './arguments.ts';
import type { Io } from './io.ts';
import { newPassword, readHidden } from './prompt.ts';

export const keyFlags: Flags = {
  'key-file': {
    type: 'string',
    multiple: true,
    value: 'FILE',
    summary: 'a file that holds a key (mode 0600)',
  },
  'key-env': { type: 'string', multiple: true, value: 'NAME', summary: 'a variable that holds a key' },
  password: { type: 'boolean', summary: 'prompt for a password' },
  'password-env': { type: 'string', value: 'NAME', summary: 'a variable that holds a password' },
};
export const contextFlag: Flags = {
  context: {
    type: 'string',
    value: 'TEXT',
    summary: 'the purpose of the file; its reader must pass the same text: acme/inference/production',
  },
};
export const formatFlag: Flags = {
  format: {
    type: 'string',
    value: 'NAME',
    summary: `the format of the content: ${Object.keys(formats).join(', ')}`,
  },
};
export const toFlag: Flags = {
  to: {
    type: 'string',
    multiple: true,
    value: 'KEY',
    summary: 'the key of a recipient: a public key (x25519:…), or a file with a key',
  },
};
export const fileFlags: Flags = { ...keyFlags, ...contextFlag, ...formatFlag };

const namesKeys = (args: Parsed): boolean =>
  args.texts('key-file').length + args.texts('key-env').length > 0 ||
  args.is('password') ||
  args.text('password-env') !== undefined;

/** The keys that the flags name, or else those of the environment. Prompts for a password at most
 *  once, on first use; `isNew` prompts twice and compares. */
export function keysOf(args: Parsed, io: Io, isNew = false): KeySources {
  const sources: KeySource[] = [
    ...args.texts('key-file').map((file) => ({ file })),
    ...args.texts('key-env').map((env) => ({ env })),
  ];
  const env = args.text('password-env');
  if (env !== undefined) sources.push({ env, as: 'password' });
  if (args.is('password')) {
    if (!io.stdin.isTTY)
      throw new UsageError('--password needs a terminal to prompt on. Use --password-env instead');
    let prompted: Promise<FileKey> | undefined;
    sources.push(
      () =>
        (prompted ??= (isNew ? newPassword(io) : readHidden(io, 'Password')).then((text) => password(text))),
    );
  }
  if (!namesKeys(args)) {
    sources.push({ env: 'LLM_CONFIG_KEY' });
    if (io.env.LLM_CONFIG_KEY_FILE) sources.push({ file: io.env.LLM_CONFIG_KEY_FILE });
  }
  return new KeySources(sources, 'llm-config', io.env);
}

/** Throws before anything is typed that could not be encrypted. */
export async function mustFindKey(file: string, keys: KeySources): Promise<void> {
  const { keys: found, absent } = await keys.find();
  if (found.length > 0) return;
  throw new ConfigError('crypto', `cannot create the file ${file} without a key (${absent.join(', ')})`, {
    hint: 'Run `llm-config keygen` to make one',
  });
}

/** The keys to encrypt for: those of `--to` and those that the flags name. Without both, the keys of
 *  the environment. */
export async function readersOf(args: Parsed, io: Io): Promise<readonly FileKey[]> {
  const recipients = await recipientKeys(args.texts('to'), io);
  if (recipients.length > 0 && !namesKeys(args)) return recipients;
  const { keys, absent } = await keysOf(args, io, true).find();
  if (keys.length === 0 && recipients.length === 0)
    throw new UsageError(`no key found: ${absent.join(', ')}. Run \`llm-config keygen\` to make one`);
  return [...recipients, ...keys];
}

async function recipientKeys(list: readonly string[], io: Io): Promise<FileKey[]> {
  const found: FileKey[] = [];
  for (const recipient of list) {
    if (recipient.startsWith('x25519:')) found.push(...parseKeys(recipient, '--to'));
    else if (recipient.startsWith('{') || /^[\w+/-]{43}=?$|^[0-9a-f]{64}$/i.test(recipient))
      throw new UsageError(
        '--to needs a public key (x25519:…) or a file. Arguments are visible: keep a secret key in a file',
      );
    else found.push(...(await keysFromFile(recipient, io)));
  }
  return found;
}

/** Reads a key file for `--to`. Only a file with a secret key must have the mode of a key file. */
async function keysFromFile(file: string, io: Io): Promise<readonly FileKey[]> {
  const bytes = await readGiven(file).catch((error: unknown) => {
    throw isConfigError(error) ? new UsageError(`--to: ${error.message}`) : error;
  });
  const text = bytes.toString('utf8');
  const keys = parseKeys(text, `the key file ${file}`);
  return keys.some((key) => key.opens)
    ? (await new KeySources({ file }, 'llm-config --to', io.env).find()).keys
    : keys;
}

export function formatOption(args: Parsed): FormatName | undefined {
  const format = args.text('format');
  if (format !== undefined && !Object.hasOwn(formats, format))
    throw new UsageError(`--format must be one of ${Object.keys(formats).join(', ')}`);
  return format as FormatName | undefined;
}

export function encryptedFile(args: Parsed, io: Io, shown: string, keys = keysOf(args, io)): EncryptedFile {
  return new EncryptedFile({
    provider: 'llm-config',
    file: path.resolve(shown),
    shown,
    keys,
    context: args.text('context'),
    format: formatOption(args),
    maxBytes: undefined,
    lockWaitMs: undefined,
  });
}
