import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '../internal/nearest.ts';

/** Wrong usage: exit code 2, and the command's help on stderr. */
export class UsageError extends Error {}

export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  /** How its value is called in the help. */
  readonly value?: string;
  readonly says: string;
}
export type Flags = Readonly<Record<string, Flag>>;

export interface Parsed {
  readonly positionals: readonly string[];
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  is(name: string): boolean;
}

export function parse(args: readonly string[], flags: Flags, names: readonly string[], few: number): Parsed {
  const options: ParseArgsConfig['options'] = Object.fromEntries(
    Object.entries(flags).map(([name, { type, multiple }]) => [name, { type, multiple: multiple ?? false }]),
  );
  const { values, positionals } = parsed(args, options, Object.keys(flags));
  if (positionals.length < few) throw new UsageError(`${names[positionals.length]} is missing`);
  if (positionals.length > names.length) throw new UsageError(tooMany(names));
  return {
    positionals,
    text: (name) => values[name] as string | undefined,
    texts: (name) => (values[name] as string[] | undefined) ?? [],
    is: (name) => values[name] === true,
  };
}

function parsed(
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
    const meant = nearest(flag, known);
    throw new UsageError(`there is no option --${flag}${meant ? `; did you mean --${meant}?` : ''}`);
  }
}

/** What was too much is not repeated: it may be a secret. */
function tooMany(names: readonly string[]): string {
  const value = names.includes('KEY')
    ? '. A value is never an argument, where everybody could see it: it is read from stdin, a prompt or --from-file'
    : '';
  return `there are too many arguments; expected ${names.length === 0 ? 'none' : names.join(' ')}${value}`;
}
