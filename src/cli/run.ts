import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { isConfigError } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { parse, UsageError } from './arguments.ts';
import type { Answer, Command, ExitCode } from './command.ts';
import { commands } from './commands.ts';
import { helpFor, overview } from './help.ts';
import { type Io, painted } from './io.ts';

const always = {
  json: { type: 'boolean', says: 'answer as JSON, errors too' },
  help: { type: 'boolean', says: 'say how to use it' },
} as const;

export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const [first = '--help', ...others] = args;
  const json = args.includes('--json');
  if (first === '--version') return answered({ text: version(), json: { version: version() } }, io, json);
  const help = (group: string): ExitCode =>
    answered(
      { text: overview(commands, always, group), json: commands.map(({ name, says }) => ({ name, says })) },
      io,
      json,
    );
  if (first === '--help' || first === 'help')
    return help(others.filter((one) => !one.startsWith('-')).join(' '));
  const command =
    commands.find(({ name }) => name === first) ??
    commands.find(({ name }) => name === `${first} ${others[0]}`);
  if (others[0] === '--help' && commands.some(({ name }) => name.startsWith(`${first} `))) return help(first);
  if (!command) return failed(new UsageError(unknown(first, others[0])), io, json);
  const own = command.name.includes(' ') ? others.slice(1) : others;
  if (own.includes('--help'))
    return answered(
      { text: helpFor(command, always), json: { name: command.name, says: command.says } },
      io,
      json,
    );
  try {
    const few = command.arguments.filter((name) => !name.startsWith('[')).length;
    return answered(
      await command.run(parse(own, { ...command.flags, ...always }, command.arguments, few), io),
      io,
      json,
    );
  } catch (error) {
    return failed(error, io, json, command);
  }
}

/** Nothing stands on stdout but the answer. */
function answered({ text, exact, json: data, note, exit = 0 }: Answer, io: Io, json: boolean): ExitCode {
  if (json)
    io.stdout.write(
      `${JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? `${value}` : value), 2)}\n`,
    );
  else if (text !== undefined && text !== '')
    io.stdout.write(exact || text.endsWith('\n') ? text : `${text}\n`);
  if (note && !json) io.stderr.write(`${painted(note, 'dim', io.stderr, io.env)}\n`);
  return exit;
}

function failed(error: unknown, io: Io, json: boolean, command?: Command): ExitCode {
  const exit = error instanceof UsageError ? 2 : 3;
  // only our own errors are known to hold no secret
  const message =
    isConfigError(error) || error instanceof UsageError ? error.message : `unexpected: ${wordsOf(error)}`;
  if (json)
    io.stderr.write(
      `${JSON.stringify({ error: isConfigError(error) ? error : { code: exit === 2 ? 'usage' : 'unexpected', message } })}\n`,
    );
  else {
    io.stderr.write(`${painted('error:', 'red', io.stderr, io.env)} ${message}\n`);
    if (exit === 2) io.stderr.write(`Say llm-config ${command ? `${command.name} ` : ''}--help for help.\n`);
  }
  return exit;
}

function wordsOf(error: unknown): string {
  const { name = 'error', code } = (error ?? {}) as { name?: string; code?: unknown };
  return typeof code === 'string' && /^\w+$/.test(code) ? `${name} ${code}` : name;
}

function unknown(first: string, second: string | undefined): string {
  const group = commands
    .filter(({ name }) => name.startsWith(`${first} `))
    .map(({ name }) => name.slice(first.length + 1));
  if (group.length > 0)
    return `llm-config ${first} ${second === undefined ? 'needs' : 'knows'} one of ${group.join(', ')}`;
  const meant = nearest(
    first,
    commands.map(({ name }) => name.split(' ')[0] as string),
  );
  return `there is no such command${meant ? `; did you mean ${meant}?` : ''}`;
}

/** From the package.json above the program, wherever that was built to and linked from. */
function version(): string {
  for (let folder = realpathSync(process.argv[1] ?? '.'); folder !== dirname(folder); ) {
    folder = dirname(folder);
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (name === 'llm-config-manager' && version) return version;
  }
  return 'unknown';
}
