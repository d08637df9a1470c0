import path from 'node:path';
import { lazy } from '../internal/lazy.ts';
import {
  aBoolean,
  anObject,
  aString,
  type Check,
  checkOptions,
  either,
  listOf,
} from '../internal/options.ts';
import { ReloadableContent } from '../local/content.ts';
import type { DotenvFiles } from '../local/dotenv-files.ts';
import { VariableNames, type VariableOptions, variableChecks } from '../local/variable-names.ts';
import { VariableProvider } from '../local/variable-provider.ts';
import { foldersOf, markOf } from '../local/watch.ts';
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
  /** These files instead, in `directory` unless their paths are absolute. The first has the highest priority; none may be missing.
   *  @default none */
  readonly files?: readonly string[];
  /** Replaces `${NAME}` and `${NAME:-default}` by other variables of the files; given an object, by its variables before those.
   *  Text is replaced by text: nothing is run, and nothing in single quotes replaced. @default false */
  readonly expand?: boolean | Readonly<Record<string, string | undefined>>;
}

const allowed: Readonly<Record<string, Check>> = {
  ...variableChecks,
  name: aString,
  directory: aString,
  environment: (value) =>
    typeof value === 'string' && /^[\w-][\w.-]*$/.test(value)
      ? undefined
      : 'a name without slashes and blanks',
  files: (value) =>
    Array.isArray(value) && value.length > 0 ? listOf(aString)(value) : 'a list of at least one file',
  expand: either(aBoolean, anObject),
};

/** Variables in `.env` files, which bind as those of the environment do. Nothing is written to process.env. What is no line of a
 *  `.env` file, or sets a name twice, is refused with its line. With a prefix, a name that cannot be a key (`APP____X`,
 *  `APP__CONSTRUCTOR`) is refused; without one it is left out.
 *  @throws ConfigError `invalid_option` */
export class DotEnvProvider extends VariableProvider {
  declare readonly watch: (onChange: (change: Change) => void) => Disposable;

  constructor(options: DotEnvOptions = {}) {
    checkOptions('DotEnvProvider', options, allowed);
    const { environment = process.env.NODE_ENV || 'development' } = options;
    checkOptions('DotEnvProvider', { environment }, allowed); // NODE_ENV may be anything
    const { name: provider = 'dotenv', directory = '.', sensitive, expand = false } = options;
    const names = new VariableNames('DotEnvProvider', options);
    const shown = (options.files ?? usual(environment)).map((file) =>
      path.isAbsolute(file) ? file : path.join(directory, file),
    );
    const paths = shown.map((file) => path.resolve(file));

    let files: DotenvFiles | undefined;
    const load = async () => {
      const [{ DotenvFiles }, { readVariables }] = await reading();
      files ??= new DotenvFiles({
        provider,
        shown,
        paths,
        optional: !options.files,
        names,
        expand,
        tainted: taint(sensitive),
      });
      const { variables, print } = await files.read();
      return {
        value: await readVariables(variables, names, { provider, sensitive }),
        print,
        readAt: Date.now(),
      };
    };
    const folders = () => [...new Set(paths.flatMap((file) => [...foldersOf(file)]))];
    const mark = () => paths.map(markOf).join();
    super(
      provider,
      shown.at(-1) as string,
      names,
      new ReloadableContent({ provider, load, folders, mark }),
      true,
    );
  }
}

const reading = lazy(() =>
  Promise.all([import('../local/dotenv-files.ts'), import('../local/variables.ts')]),
);

const usual = (environment: string): string[] => [
  `.env.${environment}.local`,
  ...(environment === 'test' ? [] : ['.env.local']),
  `.env.${environment}`,
  '.env',
];
