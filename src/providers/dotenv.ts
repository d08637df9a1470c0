// `.env` files, bound to keys as environment variables are. The files are parsed in local/, which loads on
// first use; dotenv itself only says what a value is, because its parser skips and cuts what it does not
// understand.

import path from 'node:path';
import { lazy } from '../internal/lazy.ts';
import {
  aBoolean,
  anObject,
  anything,
  aString,
  type Check,
  checkOptions,
  either,
  listOf,
} from '../internal/options.ts';
import { type Content, ReloadableContent } from '../local/content.ts';
import type { DotenvFiles } from '../local/dotenv-files.ts';
import { loadDotenvFiles } from '../local/reading.ts';
import { VariableNames, type VariableOptions, variableChecks } from '../local/variable-names.ts';
import { VariableProvider } from '../local/variable-provider.ts';
import type { Variables } from '../local/variables.ts';
import type { Change } from '../provider.ts';
import { taint } from '../redact.ts';
import type { SealedOptions } from '../sealing/opening.ts';
import { type Steps, wait } from '../turns.ts';

/** Options of a `DotEnvProvider`. */
export interface DotEnvOptions extends VariableOptions {
  /** The provider's name in errors and explanations. @default 'dotenv' */
  readonly name?: string;
  /** The folder of the files. @default the working directory */
  readonly directory?: string;
  /** Selects the files: `.env.{environment}.local`, `.env.local` (not in `test`), `.env.{environment}`,
   *  `.env`. The first has the highest priority; each may be missing. @default NODE_ENV, else
   *  'development' */
  readonly environment?: string;
  /** Reads these files instead, relative to `directory`. The first has the highest priority; none may be
   *  missing.
   *  @default none */
  readonly files?: readonly string[];
  /** Replaces `${NAME}` and `${NAME:-default}` with other variables of the files. An object adds variables
   *  that win over those in the files. Commands are never run, and single-quoted values are left alone.
   *  @default false */
  readonly expand?: boolean | Readonly<Record<string, string | undefined>>;
  /** Opens sealed values (`sealed:eyJ…`). `false`: leaves that to `unsealed`. @default true */
  readonly sealed?: boolean | SealedOptions;
}

const allowed: Readonly<Record<string, Check>> = {
  ...variableChecks,
  name: aString,
  directory: aString,
  environment: (value) =>
    typeof value === 'string' && /^[\w-][\w.-]*$/.test(value)
      ? undefined
      : 'a name without slashes and spaces',
  files: (value) =>
    Array.isArray(value) && value.length > 0 ? listOf(aString)(value) : 'a list of at least one file',
  expand: either(aBoolean, anObject),
  sealed: either(aBoolean, anObject),
};

/** Reads `.env` files; variables bind to keys as in `EnvProvider`. process.env is never written. A line that
 *  is not an assignment and a name that is set twice in a file are refused with their line. A name that
 *  cannot be a key (`APP____X`, `APP__CONSTRUCTOR`) is refused if there is a prefix and skipped otherwise.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const chain = new ProviderChain([
 *    new EnvProvider({ prefix: 'APP' }),
 *    new DotEnvProvider({ prefix: 'APP', expand: true }),
 *  ]);
 */
export class DotEnvProvider extends VariableProvider {
  declare readonly watch: (onChange: (change: Change) => void) => Disposable;

  constructor(options: DotEnvOptions = {}) {
    checkOptions('DotEnvProvider', options, allowed);
    const { environment = process.env.NODE_ENV || 'development' } = options;
    checkOptions('DotEnvProvider', { environment }, allowed); // NODE_ENV is not checked above
    const {
      name: provider = 'dotenv',
      directory = '.',
      sensitive,
      empty,
      booleans,
      expand = false,
      sealed = true,
    } = options;
    if (typeof sealed === 'object')
      checkOptions('DotEnvProvider: sealed', sealed, { keys: anything, context: aString });
    const names = new VariableNames('DotEnvProvider', options);
    const shown = (options.files ?? usualFiles(environment)).map((file) =>
      path.isAbsolute(file) ? file : path.join(directory, file),
    );
    const paths = shown.map((file) => path.resolve(file));

    let files: DotenvFiles | undefined;
    function* load(): Steps<Content<Variables>> {
      const [{ DotenvFiles }, { readVariables }] = yield* wait(loadDotenvFiles);
      files ??= new DotenvFiles({
        provider,
        shown,
        paths,
        optional: !options.files,
        empty,
        names,
        expand,
        tainted: taint(sensitive),
      });
      const { variables, fingerprint, isAbsent } = yield* files.read();
      const all = new Set(variables.map(({ name }) => name));
      const folder = path.resolve(directory);
      const set = { all, nothing: isAbsent ? `there is no .env file in ${folder}` : undefined };
      const value = yield* readVariables(variables, names, { provider, sensitive, empty, booleans, set });
      return { value, fingerprint, readAt: Date.now() };
    }
    const content = new ReloadableContent({ provider, load, watched: () => paths });
    const opener = lazy(async () => (await loadOpening()).openingOf('DotEnvProvider', sealed));
    super(provider, shown.at(-1) as string, names, content, true, sealed ? opener : undefined);
  }
}

const loadOpening = lazy(() => import('../sealing/opening.ts'));

const usualFiles = (environment: string): string[] => [
  `.env.${environment}.local`,
  ...(environment === 'test' ? [] : ['.env.local']),
  `.env.${environment}`,
  '.env',
];
