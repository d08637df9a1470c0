// `diff`: compares two configurations key by key. Neither needs to be valid. The work is in
// diff/. commands.ts lists it.

import { ConfigError } from '../../errors.ts';
import { type Parsed, UsageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { differenceJson, differencesOf, differenceText } from '../diff/differences.ts';
import type { Side } from '../diff/side.ts';
import { type Io, withProgress } from '../io.ts';
import type { Listing } from '../listing.ts';
import { moduleFile } from '../module.ts';

export const diff: Command = {
  name: 'diff',
  arguments: ['[A]', '[B]'],
  summary: 'compare two modules, or one module with two values of a variable; exit code 1 if they differ',
  flags: {
    env: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      summary: 'a variable of one side; give it twice to compare one module with itself',
    },
  },
  examples: [
    'llm-config diff config.ts other/config.ts',
    'llm-config diff --env APP_ENV=staging --env APP_ENV=production',
    'llm-config diff dist/config.js --env REGION=eu --env REGION=us --json',
  ],
  async run(args, io) {
    const sides = sidesOf(args, io);
    const { readSide } = await import('../diff/side.ts');
    const reading = Promise.allSettled(sides.map((side) => readSide(side, io)));
    const read = await withProgress(io, 'Reading from the providers', reading);
    for (const one of read) if (one.status === 'rejected') throw one.reason;
    const [a, b] = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])) as [
      Listing,
      Listing,
    ];
    for (const { failed } of [a, b])
      for (const { error } of failed) throw new ConfigError('unavailable', `nothing is compared: ${error}`);
    const differences = differencesOf(a, b);
    const unknown = [...a.unreadable, ...b.unreadable];
    for (const { key, origin } of unknown) io.stderr.write(`${key} cannot be read (${origin})\n`);
    const count = differences.length === 1 ? '1 key differs' : `${differences.length} keys differ`;
    return {
      text: differences.map(differenceText).join('\n') || 'No key differs.',
      json: { differences: differences.map(differenceJson), unreadable: unknown },
      colours: [
        [/^ {2}- .*$/gm, 'red'],
        [/^ {2}\+ .*$/gm, 'green'],
      ],
      note: differences.length > 0 ? count : undefined,
      exit: unknown.length > 0 ? 3 : differences.length > 0 ? 1 : 0,
    };
  },
};

function sidesOf(args: Parsed, io: Io): readonly Side[] {
  const { positionals } = args;
  const variables = args.texts('env').map((text) => {
    const [, name, value] = /^([^=\0]+)=([^\0]*)$/.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new UsageError('--env must be NAME=VALUE');
    return { [name]: value };
  });
  if (variables.length === 0 && positionals.length === 2)
    return positionals.map((file) => ({ file, env: {} }));
  if (variables.length !== 2 || positionals.length > 1)
    throw new UsageError('two modules are needed, or one module and --env twice');
  const file = moduleFile(positionals[0], io);
  return variables.map((env) => ({ file, env }));
}
