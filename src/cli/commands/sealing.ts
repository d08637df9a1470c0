// `seal` and `unseal`: encrypt and decrypt one value of a readable file in place. A sealed value opens
// only at its key, so the command must know the key under which the reader finds the value.

import { joinedLetters } from '../../conventional-name.ts';
import { ConfigError } from '../../errors.ts';
import { nearest } from '../../internal/nearest.ts';
import { isSealed } from '../../sealed.ts';
import { seal, unseal } from '../../sealing/seal.ts';
import { isTree } from '../../value.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { withProgress } from '../io.ts';
import { contextFlag, formatFlag, formatOption, keyFlags, keysOf, readersOf, toFlag } from '../keys.ts';
import { PlainFile } from '../plain-file.ts';
import { keyOfName } from '../variable-style.ts';
import { enteredValue, valueFlags, variableFlags } from './values.ts';

export const sealCommand: Command = {
  name: 'seal',
  arguments: ['FILE', 'KEY'],
  summary: 'encrypt one value of a readable file (.env, YAML, TOML, JSON) in place',
  flags: {
    ...keyFlags,
    ...toFlag,
    ...contextFlag,
    ...formatFlag,
    ...valueFlags,
    ...variableFlags,
    new: { type: 'boolean', summary: 'add the key, which is not in the file yet' },
  },
  examples: [
    'llm-config seal config/base.yaml database.password',
    'llm-config seal .env APP_DATABASE_PASSWORD --context acme/production',
    'pwgen 32 1 | llm-config seal config/base.yaml api.token --from-file - --new',
  ],
  async run(args, io) {
    const [name, file] = [
      args.positionals[1] as string,
      new PlainFile(args.positionals[0] as string, formatOption(args)),
    ];
    const { key, loose } = await keyOfName(file, name, args, io);
    const isNew = (await file.value(await file.text(), name)) === undefined;
    if (isNew && !args.is('new')) throw await notInFile(file, name);
    const isEntered = isNew || args.text('from-file') !== undefined;
    const entered = isEntered ? await enteredValue(args, io, `Value of ${key}`) : undefined;
    const [to, ...more] = await readersOf(args, io);
    if (!to || more.length > 0) throw new UsageError('a sealed value has one recipient. Name one key');
    await file.change(name, async (value) => {
      const secret = entered ?? value;
      if (isSealed(secret))
        throw new ConfigError('conflict', `${name} in ${file.file} is sealed already`, {
          hint: 'Run `llm-config unseal` first',
        });
      if (secret === undefined || isTree(secret))
        throw new ConfigError('invalid_key', `"${name}" is a section of ${file.file}, not a value`, {
          hint: 'Seal each of its values, or encrypt the file',
        });
      const context = args.text('context');
      return withProgress(
        io,
        'Sealing',
        seal(secret, { key, to, ...(context !== undefined && { context }) }),
      );
    });
    const place = loose === 'words' ? `keys with the letters "${joinedLetters(key)}"` : `"${key}"`;
    return {
      json: { key, sealed: true },
      note: [
        `sealed ${name}, which opens only at ${place}`,
        readerOf(file, args.text('context')),
        ...(isNew ? [] : ['The old value may still be in version control']),
      ].join('\n'),
    };
  },
};

async function notInFile(file: PlainFile, name: string): Promise<ConfigError> {
  const similar = nearest(name, await file.names(await file.text()));
  return new ConfigError('not_found', `${file.file} has no ${name}`, {
    hint: similar ? `Did you mean ${similar}? Use --new to add a key` : 'Use --new to add a key',
  });
}

/** How an application opens a sealed value of this file. */
function readerOf(file: PlainFile, context: string | undefined): string {
  const options = context === undefined ? 'true' : `{ context: '${context.replace(/['\\]/g, '\\$&')}' }`;
  const reader = !file.isDotenv
    ? `new BundleProvider({ path: '${file.file}', sealed: ${options} })`
    : context === undefined
      ? 'DotEnvProvider'
      : `new DotEnvProvider({ sealed: ${options} })`;
  return `The reader is ${reader}, with the key in LLM_CONFIG_KEY or in the file LLM_CONFIG_KEY_FILE`;
}

export const unsealCommand: Command = {
  name: 'unseal',
  arguments: ['FILE', 'KEY'],
  summary: 'decrypt a sealed value in place; use get to see it',
  flags: { ...keyFlags, ...contextFlag, ...formatFlag, ...variableFlags },
  examples: ['llm-config unseal config/base.yaml database.password'],
  async run(args, io) {
    const [name, file] = [
      args.positionals[1] as string,
      new PlainFile(args.positionals[0] as string, formatOption(args)),
    ];
    const { key, loose } = await keyOfName(file, name, args, io);
    const value = await file.value(await file.text(), name);
    if (!isSealed(value))
      return {
        json: { key, unsealed: false },
        note: value === undefined ? `${file.file} has no ${name}` : `${name} is not sealed`,
        exit: 1,
      };
    const keys = keysOf(args, io);
    await file.change(name, async (sealed) => {
      if (!isSealed(sealed))
        throw new ConfigError('conflict', `${name} in ${file.file} has changed in the meantime`, {
          hint: 'Run the command again',
        });
      const where = `the sealed value of "${key}" (${file.file})`;
      const opening = unseal(sealed, { key, loose, context: args.text('context'), where }, () => keys.find());
      return (await withProgress(io, 'Opening', opening)).value;
    });
    return { json: { key, unsealed: true }, note: `${name} is now unencrypted in ${file.file}` };
  },
};
