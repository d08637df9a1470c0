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
  /** The placeholder for its value in the help. */
  readonly value?: string;
  readonly summary: string;
}
export type Flags = Readonly<Record<string, Flag>>;

export interface Parsed {
  readonly positionals: readonly string[];
  /** The arguments after `--`, of a command that passes them to a module. */
  readonly rest: readonly string[];
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  is(name: string): boolean;
}

/** Parses `all`. `names` are the positional arguments, of which the first `required` ones must be there; the
 *  last one may be `[PATHS...]`, any number of them.
 *  After a module, `--` begins the arguments of the application. */
export function parse(
  all: readonly string[],
  flags: Flags,
  names: readonly string[],
  required: number,
): Parsed {
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    Object.entries(flags).map(([name, { type, multiple }]) => [name, { type, multiple: multiple ?? false }]),
  );
  const end = names[0] === 'MODULE' && all.includes('--') ? all.indexOf('--') : all.length;
  const args = all.slice(0, end);
  const { values, positionals } = parseStrictly(args, options, Object.keys(flags));
  if (positionals.length < required) throw new UsageError(`${names[positionals.length]} is missing`);
  if (positionals.length > names.length && !names.at(-1)?.endsWith('...]'))
    throw new UsageError(tooMany(names));
  return {
    positionals,
    rest: all.slice(end + 1),
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
    const flag = /'(?:-\w, )?--?([\w-]+)/.exec((error as Error).message)?.[1] ?? '';
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw new UsageError(`--${flag} needs ${options[flag]?.type === 'boolean' ? 'no value' : 'a value'}`);
    const similar = nearest(flag, known);
    throw new UsageError(`unknown option --${flag}${similar ? `. Did you mean --${similar}?` : ''}`);
  }
}

/** The message for too many arguments. Does not repeat them: one may be a secret. */
function tooMany(names: readonly string[]): string {
  const hint = names.includes('KEY')
    ? '. Every process can see arguments: pass a value on stdin, at the prompt or with --from-file'
    : '';
  return `too many arguments; expected ${names.length === 0 ? 'none' : names.join(' ')}${hint}`;
}
