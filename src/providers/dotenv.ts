import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeOrigin } from '../entry.ts';
import { refusal, type Source } from '../formats/refusal.ts';
import { type Assignment, readDotenv } from '../internal/dotenv-file.ts';
import { expander, type Template } from '../internal/expansion.ts';
import { markOf, missing, readBytes, savingMs, utf8 } from '../internal/file.ts';
import { Held } from '../internal/held.ts';
import { aBoolean, anObject, aString, checkOptions, either, listOf } from '../internal/options.ts';
import { spoken, VariableNames, type VariableOptions, variableChecks } from '../internal/variable-names.ts';
import { VariableProvider } from '../internal/variable-provider.ts';
import { readVariables, type Variable } from '../internal/variables.ts';
import { foldersOf } from '../internal/watch.ts';
import type { Change } from '../provider.ts';
import { taint } from '../redact.ts';

export interface DotEnvOptions extends VariableOptions {
  /** How errors and explanations call it. @default 'dotenv' */
  readonly name?: string;
  /** Where the files are. @default the working directory */
  readonly directory?: string;
  /** Which files are read: `.env.{environment}.local`, `.env.local` (not in `test`), `.env.{environment}`, `.env`, the first has the
   *  highest priority; each may be missing. @default NODE_ENV, else 'development' */
  readonly environment?: string;
  /** These files instead, the first has the highest priority; none may be missing. @default none */
  readonly files?: readonly string[];
  /** Replaces `${NAME}` and `${NAME:-default}` by other variables of the files; given an object, by its variables before those.
   *  Text is replaced by text: nothing is run, and nothing in single quotes replaced. @default false */
  readonly expand?: boolean | Readonly<Record<string, string | undefined>>;
}

/** Variables in `.env` files, which bind as those of the environment do. Nothing is written to process.env. What is no line of a
 *  `.env` file, or sets a name twice, is refused with its line. With a prefix, a name that cannot be a key (`APP____X`,
 *  `APP__CONSTRUCTOR`) is refused; without one it is left out.
 *  @throws ConfigError `invalid_option` */
export class DotEnvProvider extends VariableProvider {
  declare readonly watch: (onChange: (change: Change) => void) => Disposable;

  constructor(options: DotEnvOptions = {}) {
    const environment = options.environment ?? (process.env.NODE_ENV || 'development');
    checkOptions(
      'DotEnvProvider',
      { ...options, environment },
      {
        ...variableChecks,
        name: aString,
        directory: aString,
        environment: (value) =>
          typeof value === 'string' && /^[\w-][\w.-]*$/.test(value) ? undefined : 'a name without slashes and blanks',
        files: (value) => (Array.isArray(value) && value.length > 0 ? listOf(aString)(value) : 'a list of at least one file'),
        expand: either(aBoolean, anObject),
      },
    );
    const { name: provider = 'dotenv', directory = '.', sensitive, expand = false } = options;
    const names = new VariableNames('DotEnvProvider', options);
    const tainted = taint(sensitive);
    const files = (options.files ?? usual(environment)).map(
      (file) => new EnvFile(provider, path.join(directory, file), !options.files, tainted),
    );

    const load = async () => {
      const read = await Promise.all(files.map((file) => file.read()));
      const variables = shadowed(read, names);
      const found = expand === false ? variables : filled(variables, read.flat(), expand === true ? {} : expand, tainted);
      const print = JSON.stringify(files.map((file) => file.text ?? null));
      return { value: await readVariables(found.map(variable), names, { provider, sensitive }), print, readAt: Date.now() };
    };
    const folders = () => [...new Set(files.flatMap((file) => [...foldersOf(file.path)]))];
    const mark = () => files.map((file) => markOf(file.path)).join();
    super(provider, files.at(-1)!.shown, names, new Held({ provider, load, folders, mark }), true);
  }
}

const usual = (environment: string): string[] => [
  `.env.${environment}.local`,
  ...(environment === 'test' ? [] : ['.env.local']),
  `.env.${environment}`,
  '.env',
];

interface Assigned extends Assignment {
  readonly secret: boolean;
  readonly source: Source;
}

type Tainted = (name: string, value: string) => boolean;

class EnvFile {
  readonly shown: string;
  readonly path: string;
  text: string | undefined;
  readonly #provider: string;
  readonly #optional: boolean;
  readonly #tainted: Tainted;

  constructor(provider: string, shown: string, optional: boolean, tainted: Tainted) {
    this.shown = shown;
    this.path = path.resolve(shown);
    this.#provider = provider;
    this.#optional = optional;
    this.#tainted = tainted;
  }

  async read(): Promise<Assigned[]> {
    let bytes = await readBytes(this.path, this.shown, this.#provider);
    if (!bytes?.content.length && this.text) {
      await delay(savingMs); // an editor may be about to fill it, or to put the new file in its place
      bytes = await readBytes(this.path, this.shown, this.#provider);
    }
    if (!bytes && !this.#optional) throw missing(this.shown, this.#provider);
    this.text = bytes && utf8(bytes.content, this.shown, this.#provider);
    if (this.text === undefined) return [];
    const source = { provider: this.#provider, file: this.shown, text: this.text };
    return (await readDotenv(source)).map((one) => ({ ...one, source, secret: this.#tainted(one.name, one.value) }));
  }
}

function variable({ name, value, secret, source, line, column }: Assigned): Variable {
  const origin = makeOrigin({ provider: source.provider, source: source.file, position: () => ({ line, column }) });
  return { name, value, secret, origin };
}

/** What files of higher priority leave of the others: names of the same letters are one. */
function shadowed(files: readonly (readonly Assigned[])[], names: VariableNames): Assigned[] {
  const taken = new Set<string>();
  const id = ({ name }: Assigned): string => {
    const key = names.keyOf(name);
    return key === undefined ? name : spoken(key);
  };
  return files.flatMap((file) => {
    const left = file.filter((one) => !taken.has(id(one)));
    for (const one of left) taken.add(id(one));
    return left;
  });
}

/** References filled in, from `given` first, then from all files by their priority. */
function filled(
  variables: readonly Assigned[],
  all: readonly Assigned[],
  given: Readonly<Record<string, string | undefined>>,
  tainted: Tainted,
): Assigned[] {
  const known = new Map<string, Template>([...all].reverse().map((one) => [one.name, one]));
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) known.set(name, { name, value, literal: true, secret: tainted(name, value) });
  const expand = expander(
    (name) => known.get(name),
    (one, what, hint) => refusal((one as Assigned).source, one as Assigned, what, hint),
  );
  return variables.map((one) => ({ ...one, ...expand(one) }));
}
