// Parses the arguments of a command. Used by `run.ts`. Own code around Node's `parseArgs`, not a package:
// errors must never quote an argument, which may be a secret, and a few options do not justify a
// dependency.

import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../internal/nearest.ts';

/** Wrong usage: exit code 2, with a pointer to the help of the command on stderr. */
export class UsageError extends Error {}

export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  /** An empty text is a value. Without this, it is an error: the text was a variable that is not set. */
  readonly mayBeEmpty?: true;
  /** The placeholder for its value in the help. */
  readonly value?: string;
  readonly summary: string;
}
export type Flags = Readonly<Record<string, Flag>>;

export interface Parsed {
  /** The first argument of a command with `[MODULE]`, if it names one. */
  readonly module: string | undefined;
  /** The other arguments. */
  readonly positionals: readonly string[];
  /** The arguments after `--`, of a command with a module: those of the application, or a command. */
  readonly rest: readonly string[];
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  is(name: string): boolean;
}

const isOptional = (name: string): boolean => name.startsWith('[');

/** An argument with one of these extensions is a module, and any other one is a key. */
export const isModule = (argument: string | undefined): boolean => /\.[cm]?[jt]s$/i.test(argument ?? '');

/** Parses `all`. `names` are the arguments in the order of the help; those in brackets are optional. What
 *  follows `--` is not parsed if the first is `[MODULE]`; names after `--` are required there. The last may
 *  be `[PATHS...]`: any number of them. */
export function parse(all: readonly string[], flags: Flags, names: readonly string[]): Parsed {
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    Object.entries(flags).map(([name, { type, multiple }]) => [name, { type, multiple: multiple ?? false }]),
  );
  const takesModule = names[0] === '[MODULE]';
  const end = takesModule && all.includes('--') ? all.indexOf('--') : all.length;
  const rest = all.slice(end + 1);
  const { values, positionals } = parseStrictly(all.slice(0, end), options, Object.keys(flags));
  for (const [name, value] of Object.entries(values))
    if ([value].flat().includes('') && !flags[name]?.mayBeEmpty) throw new UsageError(`--${name} is empty`);
  const [before, after] = names.includes('--')
    ? [names.slice(0, names.indexOf('--')), names.slice(names.indexOf('--') + 1)]
    : [names, []];
  const hasModule = takesModule && (isModule(positionals[0]) || positionals.length === before.length);
  const expected = takesModule ? before.slice(1) : before;
  const given = hasModule ? positionals.slice(1) : positionals;
  const missing = expected.filter((name) => !isOptional(name))[given.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const takesMore = expected.at(-1)?.endsWith('...]');
  if (given.length > expected.length && !takesMore) throw new UsageError(tooMany(names));
  const missingAfter = after.filter((name) => !isOptional(name))[rest.length];
  if (missingAfter !== undefined) throw new UsageError(`${missingAfter} is missing after --`);
  return {
    module: hasModule ? positionals[0] : undefined,
    positionals: given,
    rest,
    text: (name) => values[name] as string | undefined,
    texts: (name) => (values[name] as string[] | undefined) ?? [],
    is: (name) => values[name] === true,
  };
}

function parseStrictly(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
  known: readonly string[],
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const [, dashes = '--', flag = ''] = /'(?:-\w, )?(--?)([\w-]+)/.exec((error as Error).message) ?? [];
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw new UsageError(`--${flag} needs ${options[flag]?.type === 'boolean' ? 'no value' : 'a value'}`);
    const similar = nearest(flag, known);
    throw new UsageError(`unknown option ${dashes}${flag}${similar ? `. Did you mean --${similar}?` : ''}`);
  }
}

/** A `NAME=VALUE` of an option. A value that is JSON is read as JSON, and any other one is a text. */
export function namedValue(text: string, option: string): readonly [name: string, value: unknown] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--${option} must be NAME=VALUE`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

/** Only ISO 8601: 11.12.2026 is another day in another country. */
const isoTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** The time of an option, in milliseconds. */
export function timeOf(args: Parsed, name: string): number | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const time = isoTime.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(`--${name} must be a time in ISO 8601, such as 2026-11-30T22:00:00Z`);
}

/** The message for too many arguments. Does not repeat them: one may be a secret. */
function tooMany(names: readonly string[]): string {
  const takesValue = names[0] !== '[MODULE]' && names.includes('KEY');
  const hint = takesValue
    ? '. Every process can see arguments: pass a value on stdin, at the prompt or with --from-file'
    : '';
  return `too many arguments; expected ${names.length === 0 ? 'none' : names.join(' ')}${hint}`;
}
