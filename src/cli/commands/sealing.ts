import { ConfigError } from '../../errors.ts';
import { keyOf } from '../../key.ts';
import { isSealed, seal, unseal } from '../../sealing/seal.ts';
import { isTree } from '../../value.ts';
import { UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { patiently } from '../io.ts';
import { contextFlag, formatFlag, formatOption, keyFlags, keysOf, readersOf, toFlag } from '../keys.ts';
import { PlainFile } from '../plain-file.ts';
import { givenValue, valueFlags, variableFlags } from './values.ts';

export const sealCommand: Command = {
  name: 'seal',
  arguments: ['FILE', 'KEY'],
  says: 'encrypt one value of a readable file (.env, YAML, TOML, JSON) where it stands',
  flags: { ...keyFlags, ...toFlag, ...contextFlag, ...formatFlag, ...valueFlags, ...variableFlags },
  examples: [
    'llm-config seal config/base.yaml database.password',
    'llm-config seal .env APP__DATABASE__PASSWORD --prefix APP --context acme/production',
    'pwgen 32 1 | llm-config seal config/base.yaml api.token --from-file -',
  ],
  async run(args, io) {
    const [name, file] = [
      args.positionals[1] as string,
      new PlainFile(args.positionals[0] as string, formatOption(args)),
    ];
    const key = keyOf(args.text('for-key') ?? file.keyFor(name, args.text('prefix')));
    const given =
      args.text('from-file') !== undefined || (await file.value(await file.text(), name)) === undefined;
    const fresh = given ? await givenValue(args, io, `Value of ${key}`) : undefined;
    const [to, ...more] = await readersOf(args, io);
    if (!to || more.length > 0) throw new UsageError('a sealed value has one reader; name one key');
    await file.change(name, async (value) => {
      const secret = fresh ?? value;
      if (isSealed(secret))
        throw new ConfigError('conflict', `${name} in ${file.file} is sealed already`, {
          hint: 'Open it first with llm-config unseal',
        });
      if (secret === undefined || isTree(secret))
        throw new ConfigError('invalid_key', `"${name}" is a section of ${file.file}, not a value`, {
          hint: 'Seal its values one by one, or encrypt the file',
        });
      const context = args.text('context');
      return patiently(io, 'Sealing', seal(secret, { key, to, ...(context !== undefined && { context }) }));
    });
    return {
      json: { key, sealed: true },
      note: `sealed ${name}: it opens only at "${key}"; what stood there in clear may still be in version control`,
    };
  },
};

export const unsealCommand: Command = {
  name: 'unseal',
  arguments: ['FILE', 'KEY'],
  says: 'put a sealed value back in clear where it stands; to see it, use get',
  flags: { ...keyFlags, ...contextFlag, ...formatFlag, ...variableFlags },
  examples: ['llm-config unseal config/base.yaml database.password'],
  async run(args, io) {
    const [name, file] = [
      args.positionals[1] as string,
      new PlainFile(args.positionals[0] as string, formatOption(args)),
    ];
    const key = keyOf(args.text('for-key') ?? file.keyFor(name, args.text('prefix')));
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
        throw new ConfigError('conflict', `${name} in ${file.file} was changed meanwhile`, {
          hint: 'Do it again',
        });
      const where = `the sealed value of "${key}" (${file.file})`;
      return patiently(
        io,
        'Opening',
        unseal(sealed, { key, context: args.text('context'), where }, () => keys.find()),
      );
    });
    return { json: { key, unsealed: true }, note: `${name} stands in clear in ${file.file} now` };
  },
};
