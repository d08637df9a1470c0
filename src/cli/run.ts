// Runs the command line: finds the command, prints its result or error, and returns the exit code. Called by
// `main.ts` and by tests. Messages of foreign errors are not printed, because they may contain secrets.

import { isConfigError, nameAndCode } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { parse, UsageError } from './arguments.ts';
import { type Command, type CommandResult, commonFlags, type ExitCode } from './command.ts';
import { commands } from './commands.ts';
import { helpFor, overview } from './help.ts';
import { coloured, type Io, jsonText, printable, screened } from './io.ts';
import { ownManifest } from './manifest.ts';

/** Runs one command line and returns its exit code. Does not end the process. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const [first = '--help', ...others] = args;
  const has = (flag: string): boolean =>
    args.includes(flag) && !args.slice(0, args.indexOf(flag)).includes('--');
  const json = has('--json');
  if (first === '--version') {
    const { version = 'unknown' } = ownManifest();
    return printResult({ text: version, json: { version } }, io, json);
  }
  const help = (group: string): ExitCode => {
    if (group !== '' && !commands.some(({ name }) => `${name} `.startsWith(`${group} `)))
      return printError(new UsageError(unknownCommand(group, undefined)), io, json);
    const list = commands.map(({ name, summary }) => ({ name, summary }));
    return printResult({ text: overview(commands, group), json: list }, io, json);
  };
  if (first === '--help' || first === '-h' || first === 'help')
    return help(others.filter((argument) => !argument.startsWith('-')).join(' '));
  const command =
    commands.find(({ name }) => name === first) ??
    commands.find(({ name }) => name === `${first} ${others[0]}`);
  if (others[0] === '--help' && commands.some(({ name }) => name.startsWith(`${first} `))) return help(first);
  if (!command) return printError(new UsageError(unknownCommand(first, others[0])), io, json);
  const own = command.name.includes(' ') ? others.slice(1) : others;
  if (has('--help') || has('-h')) {
    const { name, summary } = command;
    return printResult({ text: helpFor(command), json: { name, summary } }, io, json);
  }
  try {
    const parsed = parse(own, { ...command.flags, ...commonFlags }, command.arguments);
    return printResult(await command.run(parsed, screened(io)), io, json);
  } catch (error) {
    return printError(error, io, json, command);
  }
}

/** Prints a result. Only the answer itself goes to stdout. A document is unchanged in a pipe only. */
function printResult(
  { text, exact, colours = [], json: data, note, exit = 0 }: CommandResult,
  io: Io,
  json: boolean,
): ExitCode {
  if (json && data !== undefined) io.stdout.write(`${printable(jsonText(data, 2))}\n`);
  else if (!json && text !== undefined && text !== '') {
    const shown = exact && !io.stdout.isTTY ? text : printable(text);
    io.stdout.write(exact ? shown : coloured(shown.replace(/\n?$/, '\n'), colours, io.stdout, io.env));
  }
  if (note && !json)
    io.stderr.write(`${coloured(printable(note), [[/^.+$/gm, 'dim']], io.stderr, io.env)}\n`);
  return exit;
}

function printError(error: unknown, io: Io, json: boolean, command?: Command): ExitCode {
  const isUsage = error instanceof UsageError;
  // the message of a foreign error may contain a secret, and its fields mean something else
  const isOwn = isConfigError(error);
  const exit = isUsage ? 2 : (isOwn && (error as { readonly exit?: ExitCode }).exit) || 3;
  const message = isOwn || isUsage ? error.message : `unexpected: ${nameAndCode(error)}`;
  if (json) {
    const shown = isOwn ? error : { code: isUsage ? 'usage' : 'unexpected', message };
    io.stderr.write(`${printable(JSON.stringify({ error: shown }))}\n`);
  } else {
    io.stderr.write(`${coloured(printable(`error: ${message}`), [[/^error:/, 'red']], io.stderr, io.env)}\n`);
    const usage = ['llm-config', command?.name, '--help'].filter(Boolean).join(' ');
    if (exit === 2) io.stderr.write(`Run \`${usage}\` for usage.\n`);
  }
  return exit;
}

function unknownCommand(first: string, second: string | undefined): string {
  if (first.startsWith('-')) return 'an option comes after its command';
  const group = commands
    .filter(({ name }) => name.startsWith(`${first} `))
    .map(({ name }) => name.slice(first.length + 1));
  if (group.length > 0) {
    const expected = `one of ${group.join(', ')}`;
    return second === undefined
      ? `llm-config ${first} needs ${expected}`
      : `unknown subcommand of llm-config ${first}; expected ${expected}`;
  }
  const similar = nearest(
    first,
    commands.map(({ name }) => name.split(' ')[0] as string),
  );
  return `unknown command${similar ? `. Did you mean ${similar}?` : ''}`;
}
