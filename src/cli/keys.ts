import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type FormatName, formats } from '../formats/format.ts';
import { EncryptedFile } from '../providers/encrypted-file/file.ts';
import type { FileKey } from '../sealing/file-key.ts';
import { type KeySource, Keys } from '../sealing/key-sources.ts';
import { parseKeys, password } from '../sealing/keys.ts';
import { type Flags, type Parsed, UsageError } from './arguments.ts';
import type { Io } from './io.ts';
import { hidden, newPassword } from './prompt.ts';

export const keyFlags: Flags = {
  'key-file': { type: 'string', multiple: true, value: 'FILE', says: 'a file that holds a key (mode 0600)' },
  'key-env': { type: 'string', multiple: true, value: 'NAME', says: 'a variable that holds a key' },
  password: { type: 'boolean', says: 'ask for a password' },
  'password-env': { type: 'string', value: 'NAME', says: 'a variable that holds a password' },
};
export const contextFlag: Flags = {
  context: {
    type: 'string',
    value: 'TEXT',
    says: 'what the file is for, as its reader will say: acme/inference/production',
  },
};
export const formatFlag: Flags = {
  format: { type: 'string', value: 'NAME', says: `what is in the file: ${Object.keys(formats).join(', ')}` },
};
export const toFlag: Flags = {
  to: {
    type: 'string',
    multiple: true,
    value: 'KEY',
    says: 'who shall read it: a public key (x25519:…), or a file with a key',
  },
};
export const fileFlags: Flags = { ...keyFlags, ...contextFlag, ...formatFlag };

const isSaid = (args: Parsed): boolean =>
  args.texts('key-file').length + args.texts('key-env').length > 0 ||
  args.is('password') ||
  args.text('password-env') !== undefined;

/** The keys that the flags name, else those of the environment. A password is asked for once, when it is needed. */
export function keysOf(args: Parsed, io: Io, fresh = false): Keys {
  const sources: KeySource[] = [
    ...args.texts('key-file').map((file) => ({ file })),
    ...args.texts('key-env').map((env) => ({ env })),
  ];
  const env = args.text('password-env');
  if (env !== undefined) sources.push({ env, as: 'password' });
  if (args.is('password')) {
    if (!io.stdin.isTTY)
      throw new UsageError('--password asks a person, and there is no terminal; use --password-env');
    let asked: Promise<FileKey> | undefined;
    sources.push(
      () => (asked ??= (fresh ? newPassword(io) : hidden(io, 'Password')).then((text) => password(text))),
    );
  }
  if (!isSaid(args)) {
    sources.push({ env: 'LLM_CONFIG_KEY' });
    if (io.env.LLM_CONFIG_KEY_FILE) sources.push({ file: io.env.LLM_CONFIG_KEY_FILE });
  }
  return new Keys(sources, 'llm-config', io.env);
}

/** Those who shall read it: whom `--to` names, and the keys that the flags name; without both, the keys of the environment. */
export async function readersOf(args: Parsed, io: Io): Promise<readonly FileKey[]> {
  const others = await named(args.texts('to'), io);
  if (others.length > 0 && !isSaid(args)) return others;
  const { keys, absent } = await keysOf(args, io, true).find();
  if (keys.length === 0 && others.length === 0)
    throw new UsageError(`there is no key: ${absent.join(', ')}. Make one: llm-config keygen`);
  return [...others, ...keys];
}

async function named(list: readonly string[], io: Io): Promise<FileKey[]> {
  const found: FileKey[] = [];
  for (const one of list) {
    if (one.startsWith('x25519:')) found.push(...parseKeys(one, '--to'));
    else if (one.startsWith('{') || /^[\w+/-]{43}=?$|^[0-9a-f]{64}$/i.test(one))
      throw new UsageError(
        '--to takes a public key (x25519:…) or a file; a secret key is never an argument, where everybody could see it',
      );
    else found.push(...(await fromFile(one, io)));
  }
  return found;
}

/** A public key may be read by anybody; another one is held to what every key file is. */
async function fromFile(file: string, io: Io): Promise<readonly FileKey[]> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) throw new UsageError(`--to: the key file ${file} cannot be read`);
  const keys = parseKeys(text, `the key file ${file}`);
  return keys.some((key) => key.opens)
    ? (await new Keys({ file }, 'llm-config --to', io.env).find()).keys
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
