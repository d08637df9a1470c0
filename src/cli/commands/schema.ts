// `env-example` and `json-schema`: print what the schema of a module says, for people and for editors.
// commands.ts lists them.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../../errors.ts';
import { exampleText } from '../../local/example-text.ts';
import { writeAtomic } from '../../local/write-atomic.ts';
import { keysIn } from '../../schema/keys.ts';
import type { Flags, Parsed } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Io } from '../io.ts';
import { schemaOf, withChain } from '../module.ts';
import { variableStyle } from '../variable-style.ts';

const outFlags: Flags = {
  out: { type: 'string', value: 'FILE', summary: 'write it to a file instead of printing it' },
  force: { type: 'boolean', summary: 'replace an existing file' },
};

export const envExampleCommand: Command = {
  name: 'env-example',
  arguments: ['[MODULE]'],
  summary: 'print a .env.example with every key of the schema, under the names that the chain reads',
  flags: {
    prefix: {
      type: 'string',
      mayBeEmpty: true,
      value: 'NAME',
      summary: 'the prefix of the variables, if not that of the chain',
    },
    ...outFlags,
  },
  examples: ['llm-config env-example', 'llm-config env-example --out .env.example --force'],
  async run(args, io) {
    return withChain(args, io, async (loaded) => {
      const schema = schemaOf(loaded);
      const prefix = args.text('prefix');
      const keys = keysIn(schema).keys.map(({ key }) => key);
      const style = variableStyle(loaded.chain, keys, loaded.options.at ?? '');
      const text = exampleText(schema, prefix === undefined ? style : prefix === '' ? {} : { prefix });
      return printOrWrite(text, { text }, args, io);
    });
  },
};

export const jsonSchema: Command = {
  name: 'json-schema',
  arguments: ['[MODULE]'],
  summary: 'print the schema as JSON Schema, with which editors complete and check configuration files',
  flags: outFlags,
  examples: [
    'llm-config json-schema --out config/schema.json',
    "sed -i '1i # yaml-language-server: $schema=schema.json' config/base.yaml",
  ],
  async run(args, io) {
    return withChain(args, io, async (loaded) => {
      const { editorSchema } = await import('../editor-schema.ts');
      const schema = editorSchema(schemaOf(loaded));
      return printOrWrite(`${JSON.stringify(schema, null, 2)}\n`, schema, args, io);
    });
  },
};

async function printOrWrite(text: string, json: object, args: Parsed, io: Io): Promise<CommandResult> {
  const out = args.text('out');
  if (out === undefined) return { text, exact: true, json };
  const file = path.resolve(io.cwd(), out);
  if (existsSync(file) && !args.is('force'))
    throw new ConfigError('io', `the file ${out} exists already`, {
      hint: 'Choose another name, or use --force to replace it',
    });
  await writeAtomic(file, text, { mode: 0o644 });
  return { text: out, json: { file: out } };
}
