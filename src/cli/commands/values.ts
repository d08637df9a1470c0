// `get`, `set` and `unset`: single values of an encrypted file. `get` also reads sealed and plain values
// of a readable file. A value to write is read from a file, a pipe or a prompt, never from an argument.

import { ConfigError } from '../../errors.ts';
import { parseText } from '../../formats/format.ts';
import { scanJson } from '../../formats/json-scan.ts';
import { dig } from '../../internal/dig.ts';
import { keyOf } from '../../key.ts';
import { missing, readBytes, utf8 } from '../../local/file.ts';
import { changedDocument } from '../../providers/encrypted-file/document.ts';
import { isSealed } from '../../sealed.ts';
import { unseal } from '../../sealing/seal.ts';
import { type ConfigValue, isTree } from '../../value.ts';
import { type Flags, type Parsed, UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import { type Io, jsonText, withProgress } from '../io.ts';
import { encryptedFile, fileFlags, formatOption, keysOf, mustFindKey } from '../keys.ts';
import { PlainFile } from '../plain-file.ts';
import { readValue } from '../prompt.ts';
import { keyOfName } from '../variable-style.ts';

export const valueFlags: Flags = {
  'from-file': { type: 'string', value: 'FILE', summary: 'read the value from a file; - is stdin' },
  type: { type: 'string', value: 'NAME', summary: 'text, or json for a number, a list or true' },
  empty: { type: 'boolean', summary: 'accept an empty value' },
};
export const variableFlags: Flags = {
  prefix: {
    type: 'string',
    mayBeEmpty: true,
    value: 'NAME',
    summary: 'in a .env file: the prefix of its reader, if it is not that of the module in this folder',
  },
  'for-key': {
    type: 'string',
    value: 'KEY',
    summary: 'the key under which its reader finds the value, if it differs',
  },
};

/** Reads a value from a file, a pipe or a prompt, and parses it for `--type json`. An empty one is refused
 *  without `--empty`: the program before the pipe may have failed. */
export async function enteredValue(args: Parsed, io: Io, label: string): Promise<ConfigValue> {
  const type = args.text('type') ?? 'text';
  if (type !== 'text' && type !== 'json') throw new UsageError('--type must be text or json');
  const text = await readValue(io, args.text('from-file'), label);
  if (text === '' && !args.is('empty'))
    throw new UsageError('the value is empty. Use --empty to write an empty value');
  if (type === 'text') return text;
  scanJson({ provider: 'llm-config', file: 'the value', text });
  return JSON.parse(text) as ConfigValue;
}

const notFound = (key: string, file: string): CommandResult => ({
  json: { found: false },
  note: `${file} has no ${key}`,
  exit: 1,
});

export const get: Command = {
  name: 'get',
  arguments: ['FILE', 'KEY'],
  summary: 'print one value of an encrypted file, or a sealed value; a section as JSON',
  flags: { ...fileFlags, ...variableFlags },
  examples: [
    'llm-config get config/secrets.yaml.jwe database.password',
    'llm-config get .env APP_DATABASE_PASSWORD',
  ],
  async run(args, io) {
    const [file, key] = args.positionals as [string, string];
    const bytes = await readBytes(file, file, 'llm-config');
    if (!bytes) throw missing(file, 'llm-config');
    const text = utf8(bytes.content, file, 'llm-config');
    const value = isEncrypted(text)
      ? await decryptedValue(args, io, file, text, key)
      : await plainValue(args, io, file, text, key);
    if (value === undefined) return notFound(key, file);
    const printed = typeof value === 'object' && value !== null ? jsonText(value, 2) : `${value}`;
    return { text: printed.replace(/\n?$/, '\n'), exact: true, json: { found: true, value } };
  },
};

async function decryptedValue(
  args: Parsed,
  io: Io,
  file: string,
  text: string,
  key: string,
): Promise<ConfigValue | undefined> {
  const encrypted = encryptedFile(args, io, file);
  const { tree } = await encrypted.parse(await withProgress(io, 'Decrypting', encrypted.decrypt(text)));
  return dig(tree, keyOf(key));
}

async function plainValue(
  args: Parsed,
  io: Io,
  file: string,
  text: string,
  name: string,
): Promise<ConfigValue | undefined> {
  const plainFile = new PlainFile(file, formatOption(args));
  const value = await plainFile.value(text, name);
  if (!isSealed(value)) return value;
  const { key, loose } = await keyOfName(plainFile, name, args, io);
  const where = `the sealed value of "${key}" (${file})`;
  const opening = unseal(value, { key, loose, context: args.text('context'), where }, () =>
    keysOf(args, io).find(),
  );
  return (await withProgress(io, 'Opening', opening)).value;
}

/** Whether a text looks like an encrypted file, which may be damaged. */
export const isEncrypted = (text: string): boolean =>
  /^\s*\{/.test(text) && text.includes('"ciphertext"') && text.includes('"protected"');

export const set: Command = {
  name: 'set',
  arguments: ['FILE', 'KEY'],
  summary: 'set one value in an encrypted file; creates the file if there is none',
  flags: { ...fileFlags, ...valueFlags },
  examples: [
    'llm-config set config/secrets.yaml.jwe database.password',
    'pwgen 32 1 | llm-config set config/secrets.yaml.jwe api.token',
    'echo 8080 | llm-config set config/secrets.yaml.jwe port --type json',
  ],
  async run(args, io) {
    const [file, name] = args.positionals as [string, string];
    const key = keyOf(name);
    const bytes = await readBytes(file, file, 'llm-config');
    if (bytes && !isEncrypted(bytes.content.toString('utf8')))
      throw new ConfigError('crypto', `${file} is not an encrypted file`, {
        hint: 'Run `llm-config seal` for one value, or `llm-config encrypt` for the file',
      });
    const keys = keysOf(args, io, !bytes);
    if (!bytes) await mustFindKey(file, keys);
    const encrypted = encryptedFile(args, io, file, keys);
    const value = await enteredValue(args, io, `Value of ${key}`);
    if (isTree(value)) throw new UsageError('the value is a section. Set its values one by one, or use edit');
    const writing = encrypted.rewrite((text, format) =>
      changedDocument(
        { provider: 'llm-config', file, text: text ?? (format === 'toml' ? '# secrets\n' : '{}\n') },
        format,
        key,
        value,
      ),
    );
    const written = await withProgress(io, 'Encrypting', writing);
    return {
      json: { key, changed: written },
      note: written ? `set ${key}` : `${key} already has this value`,
    };
  },
};

export const unset: Command = {
  name: 'unset',
  arguments: ['FILE', 'KEY'],
  summary: 'remove one value from an encrypted file',
  flags: fileFlags,
  examples: ['llm-config unset config/secrets.yaml.jwe database.password'],
  async run(args, io) {
    const [file, name] = args.positionals as [string, string];
    const key = keyOf(name);
    const writing = encryptedFile(args, io, file).rewrite(async (text, format) => {
      if (text === undefined) throw missing(file, 'llm-config');
      const source = { provider: 'llm-config', file, text };
      return dig((await parseText(format, source)).tree, key) === undefined
        ? undefined
        : changedDocument(source, format, key, undefined);
    });
    const removed = await withProgress(io, 'Encrypting', writing);
    return removed ? { json: { key, removed }, note: `removed ${key}` } : notFound(key, file);
  },
};
