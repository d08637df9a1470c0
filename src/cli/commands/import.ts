// `import`: copies the values of a `.env` file into a file or a store. Prints what it would write, and writes
// after a question or with --yes. commands.ts lists it.

import { jsonValue } from '../../chain/explain.ts';
import { append } from '../../key.ts';
import { encryptedExtension } from '../../providers/encrypted-file/file.ts';
import { show } from '../../redact.ts';
import { keysIn } from '../../schema/keys.ts';
import { type ConfigValue, sameValue } from '../../value.ts';
import { isModule, type Parsed, UsageError } from '../arguments.ts';
import type { Command, CommandResult } from '../command.ts';
import type { Imported } from '../import/bound-variables.ts';
import { type Io, withProgress } from '../io.ts';
import { fileFlags } from '../keys.ts';
import { defaultModule, type Loaded, withChain } from '../module.ts';
import { PlainFile } from '../plain-file.ts';
import { confirm } from '../prompt.ts';
import { tableOf } from '../table.ts';
import { variableStyle } from '../variable-style.ts';

export const importCommand: Command = {
  name: 'import',
  arguments: ['FILE'],
  summary: 'write the values of a .env file into an encrypted file, a readable file or a store',
  flags: {
    to: {
      type: 'string',
      value: 'FILE|MODULE',
      summary: 'the file to write, or a module with a chain that can',
    },
    provider: { type: 'string', value: 'NAME', summary: 'the provider of the module that writes' },
    prefix: {
      type: 'string',
      mayBeEmpty: true,
      value: 'NAME',
      summary: 'the prefix of the variables, if not that of the chain',
    },
    plain: { type: 'boolean', summary: 'write secrets unencrypted into a readable file' },
    yes: { type: 'boolean', summary: 'write without a question' },
    ...fileFlags,
  },
  examples: [
    'llm-config import .env --to config/secrets.yaml.jwe',
    'llm-config import .env --to config/base.yaml --yes',
    'llm-config import .env --to dist/config.js --provider vault',
  ],
  async run(args, io) {
    const to = args.text('to');
    if (to === undefined) throw new UsageError('--to is missing');
    const isStore = isModule(to);
    const module = isStore ? to : defaultModule(io);
    const write = (loaded?: Loaded) => importInto(to, isStore, loaded, args, io);
    return module === undefined ? write() : withChain({ module, rest: [] }, io, write, false);
  },
};

async function importInto(
  to: string,
  isStore: boolean,
  loaded: Loaded | undefined,
  args: Parsed,
  io: Io,
): Promise<CommandResult> {
  const [from] = args.positionals as [string];
  const { boundVariables } = await import('../import/bound-variables.ts');
  const { encryptedTarget, providerTarget, readableTarget } = await import('../import/target.ts');
  const { values, left } = boundVariables(await variablesIn(from), loaded?.schema, styleOf(args, loaded));
  const at = loaded?.options.at ?? '';
  const isEncrypted = encryptedExtension.test(to);
  if (args.text('provider') !== undefined && !isStore)
    throw new UsageError('--provider is for a module, and --to names a file');
  if (args.is('plain') && (isStore || isEncrypted))
    throw new UsageError('--plain is for a readable file, and --to names another target');
  const target =
    isStore && loaded
      ? providerTarget(loaded.chain, args.text('provider'))
      : await (isEncrypted ? encryptedTarget : readableTarget)(args, io, to);
  const planned = await withProgress(
    io,
    `Reading ${to}`,
    Promise.all(
      values.map(async (one) => {
        const key = append(at, one.key);
        return { ...one, key, state: stateOf(one.value, await target.current(key)) };
      }),
    ),
  );
  const changed = planned.filter(({ state }) => state !== 'same');
  target.check(changed);
  const text = textOf(planned);
  for (const { name, reason } of left) io.stderr.write(`${name} is left out: ${reason}\n`);
  const isWanted = changed.length > 0 && (await isConfirmed(text, changed.length, to, args, io));
  if (isWanted) await withProgress(io, `Writing ${to}`, target.write(changed));
  return {
    text: args.is('json') || !isAsked(args, io) ? text : '',
    json: { to, written: isWanted, values: planned.map(jsonOf), left },
    note: [
      planned.length === 0
        ? `${from} has nothing to write`
        : noteOf(isWanted, changed.length, to, left.length > 0 ? undefined : from),
      ...(isWanted && target.reader ? [`Its reader is ${target.reader}`] : []),
    ].join('\n'),
    exit: left.length > 0 ? 1 : 0,
  };
}

/** The variables of a file, or the keys of another readable file. */
async function variablesIn(file: string): Promise<readonly (readonly [string, ConfigValue])[]> {
  const plain = new PlainFile(file, undefined);
  const text = await plain.text();
  const names = await plain.names(text);
  return Promise.all(names.map(async (name) => [name, (await plain.value(text, name)) ?? ''] as const));
}

function styleOf(args: Parsed, loaded: Loaded | undefined) {
  const prefix = args.text('prefix');
  if (prefix !== undefined) return prefix === '' ? {} : { prefix };
  if (!loaded?.schema) return {};
  const keys = keysIn(loaded.schema).keys.map(({ key }) => key);
  return variableStyle(loaded.chain, keys, loaded.options.at ?? '');
}

type Planned = Imported & { readonly state: 'new' | 'changed' | 'same' };

function stateOf(value: ConfigValue, before: ConfigValue | undefined): Planned['state'] {
  if (before === undefined) return 'new';
  return sameValue(value, before) ? 'same' : 'changed';
}

const textOf = (planned: readonly Planned[]): string =>
  tableOf(planned.map(({ name, key, value, secret, state }) => [key, show(value, secret), state, name]));

const jsonOf = ({ name, key, value, secret, state }: Planned): object => ({
  name,
  key,
  value: jsonValue(value, secret),
  state,
});

const isAsked = (args: Parsed, io: Io): boolean =>
  io.stdin.isTTY === true && !args.is('yes') && !args.is('json');

async function isConfirmed(text: string, count: number, to: string, args: Parsed, io: Io): Promise<boolean> {
  if (!isAsked(args, io)) return args.is('yes');
  io.stderr.write(`${text}\n`);
  return confirm(io, `Write ${count === 1 ? '1 value' : `${count} values`} to ${to}?`);
}

/** `from`: the file, if all of its values are written. */
function noteOf(isWritten: boolean, count: number, to: string, from: string | undefined): string {
  if (count === 0) return `${to} has all of these values`;
  if (!isWritten) return 'nothing is written. Add --yes to write';
  const values = count === 1 ? '1 value is' : `${count} values are`;
  return `${values} written to ${to}${from === undefined ? '' : `. ${from} still has them: delete it`}`;
}
