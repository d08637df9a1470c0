// The environment of a process as variables, and the files that variables name. Loaded by EnvProvider when it
// is first read or watched. Deno refuses to list the environment unless all of it may be read; then the
// variables of the asked keys are read one by one.

import path from 'node:path';
import { below, spells } from '../conventional-name.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { segments } from '../key.ts';
import { makeOrigin, type Origin } from '../origin.ts';
import { isPlatformName } from '../platform-names.ts';
import { type Steps, together, wait } from '../turns.ts';
import type { Key } from '../value.ts';
import type { Content } from './content.ts';
import { loadFile } from './file-content.ts';
import { looseKeyOf } from './loose-keys.ts';
import type { VariableNames } from './variable-names.ts';
import {
  type Asked,
  type Postponed,
  type ReadVariablesOptions,
  readVariables,
  type Variable,
  type Variables,
} from './variables.ts';

/** A copy of the environment, or the error of listing it. */
export interface Copied {
  readonly all?: Readonly<Record<string, string | undefined>>;
  readonly error?: unknown;
}

export interface EnvironmentOptions extends Pick<ReadVariablesOptions, 'sensitive' | 'empty' | 'booleans'> {
  readonly provider: string;
  readonly names: VariableNames;
  readonly fileSuffix?: string | undefined;
  readonly copy: () => Copied;
  /** Reads one variable. */
  readonly one: (name: string) => string | undefined;
}

/** A variable whose file is read when a key needs it. */
interface FileName extends Variable {
  /** The variable that the file sets, and its loose key. */
  readonly plain: string;
  readonly key: Key;
}

const maxBytes = 1024 * 1024;
const isRefused = (error: unknown): boolean =>
  /^(?:NotCapable|PermissionDenied)$/.test((error as Error | null)?.name ?? '');

/** Reads an environment, and reads it again. */
export class Environment {
  readonly #options: EnvironmentOptions;
  #copied: Copied;
  #isRead = false;
  /** Names of files that a key has needed: later reads read them at once. */
  readonly #needed = new Set<string>();
  /** Names that are read one by one. */
  readonly #asked: Set<string>;
  #isWarned = false;

  /** `copied`: the environment at the construction of the provider. */
  constructor(options: EnvironmentOptions, copied: Copied) {
    this.#options = options;
    this.#copied = copied;
    const { exact, json } = options.names;
    this.#asked = new Set([...exact, ...json].flatMap(([, name]) => this.#withFile(name)));
  }

  /** The first read uses the copy, later ones copy again. */
  *load(): Steps<Content<Variables>> {
    const { provider, names, fileSuffix, sensitive, empty, booleans, copy } = this.#options;
    if (this.#isRead) this.#copied = copy();
    this.#isRead = true;
    const all = this.#all();
    const hasFiles = fileSuffix !== undefined;
    const files = hasFiles ? all.flatMap((one) => this.#fileName(one)) : [];
    const found = hasFiles ? yield* this.#variables(all) : all;
    /** What the files hold that have been read, by the names of their variables. */
    const contents = new Map<string, Variable>();
    for (const file of files.filter(({ name }) => this.#needed.has(name)))
      contents.set(file.name, yield* this.#contentOf(file));
    const set = {
      all: new Set(found.map(({ name }) => name)),
      ignoresFiles: !hasFiles,
      ...(names.prefix === undefined && { ofPlatform: isPlatformName }),
    };
    const isListed = this.#copied.all !== undefined;
    const postponed = (asked: Asked): Postponed[] => [
      ...this.#filesOf(asked, files, contents),
      ...(isListed ? [] : this.#namesOf(asked)),
    ];
    const mayPostpone = files.length > 0 || !isListed;
    const options = { provider, sensitive, empty, booleans, set, ...(mayPostpone && { postponed }) };
    return {
      value: yield* readVariables([...found, ...contents.values()], names, options),
      // also of the files that are read later, so that a watch that starts after that sees no change
      get fingerprint() {
        const texts = files.map(({ name }) => contents.get(name)?.value);
        return JSON.stringify([...found.map(({ name, value }) => [name, value]), ...texts]);
      },
      readAt: Date.now(),
    };
  }

  /** The files that variables name, to be watched. */
  files(): string[] {
    const { names } = this.#options;
    return this.#all().flatMap((one) => {
      if (!one.value || isConfigError(one.value) || this.#plainOf(one.name) === undefined) return [];
      const [postponed] = this.#fileName(one);
      const isOwn = !postponed || names.prefix !== undefined || this.#needed.has(one.name);
      return isOwn ? [path.resolve(one.value)] : [];
    });
  }

  /** The variables that are set, as they are: names of files are not followed. */
  #all(): Variable[] {
    const { all, error } = this.#copied;
    if (!all) return this.#oneByOne(error);
    const isWindows = process.platform === 'win32';
    const found: Variable[] = [];
    for (const shown of Object.keys(all)) {
      const value = all[shown];
      const name = isWindows ? this.#inItsCase(shown) : shown;
      if (typeof value === 'string') found.push({ name, value, origin: this.#originOf(shown) });
    }
    return found;
  }

  /** The variables that have been asked for, of an environment that must not be listed. */
  #oneByOne(error: unknown): Variable[] {
    const { provider } = this.#options;
    if (!isRefused(error))
      throw new ConfigError('io', `${provider}: the environment cannot be read`, { provider, cause: error });
    if (!this.#isWarned)
      process.emitWarning(
        `${provider}: this process must not list its environment, so only the usual name of a key is read`,
        'ConfigWarning',
      );
    this.#isWarned = true;
    return [...this.#asked].flatMap((name) => this.#one(name));
  }

  #originOf(shown: string): Origin {
    return makeOrigin({ provider: this.#options.provider, source: `env ${shown}` });
  }

  #one(name: string): Variable[] {
    const { provider, one } = this.#options;
    const origin = this.#originOf(name);
    try {
      const value = one(name);
      return typeof value === 'string' ? [{ name, value, origin }] : [];
    } catch (error) {
      if (!isRefused(error)) throw error;
      const denied = new ConfigError('access_denied', `this process must not read the variable ${name}`, {
        provider,
        hint: `Add ${name} to --allow-env`,
      });
      return [{ name, value: denied, origin }];
    }
  }

  /** On Windows, the names of variables have no case: a name in that of the options, else in capitals. */
  #inItsCase(shown: string): string {
    const { names, fileSuffix = '' } = this.#options;
    const capitals = shown.toUpperCase();
    const mapped = [...names.exact, ...names.json].find(([, name]) => name.toUpperCase() === capitals);
    if (mapped) return mapped[1];
    if (fileSuffix !== '' && capitals.endsWith(fileSuffix.toUpperCase()) && shown.length > fileSuffix.length)
      return this.#inItsCase(shown.slice(0, -fileSuffix.length)) + fileSuffix;
    const { prefix = '' } = names;
    return capitals.startsWith(prefix.toUpperCase()) ? prefix + capitals.slice(prefix.length) : capitals;
  }

  /** `DB_PASSWORD` for `DB_PASSWORD_FILE`: the variable that a variable with the suffix sets. */
  #plainOf(name: string): string | undefined {
    const { names, fileSuffix } = this.#options;
    if (fileSuffix === undefined || !name.endsWith(fileSuffix) || names.isMapped(name)) return undefined;
    const plain = name.slice(0, -fileSuffix.length);
    return names.isMapped(plain) || looseKeyOf(plain, names) ? plain : undefined;
  }

  /** The file of a conventional name. Another program may mean it: it is read only if a key needs it. */
  #fileName(one: Variable): FileName[] {
    const { names, empty } = this.#options;
    const plain = this.#plainOf(one.name);
    if (plain === undefined || (one.value === '' && empty === 'absent')) return [];
    const bound = looseKeyOf(plain, names);
    return bound?.loose === 'words' ? [{ ...one, plain, key: bound.key }] : [];
  }

  /** The variables with their values. Only those that may name a file take a step. */
  *#variables(all: readonly Variable[]): Steps<readonly Variable[]> {
    const files = all.filter((one) => this.#plainOf(one.name) !== undefined);
    const read = yield* together(files.map((one) => this.#variable(one)));
    const found = new Map(files.map((one, at) => [one, read[at] as Variable]));
    return all.map((one) => found.get(one) ?? one);
  }

  /** A variable with its own value; of an exact name with the suffix, the content of its file. */
  *#variable(one: Variable): Steps<Variable> {
    const plain = this.#plainOf(one.name);
    const isFile = plain !== undefined && !(one.value === '' && this.#options.empty === 'absent');
    if (!isFile || this.#fileName(one).length > 0) return one;
    return yield* this.#contentOf({ ...one, plain, key: '' });
  }

  *#contentOf({ plain, value, origin }: FileName): Steps<Variable> {
    const { provider } = this.#options;
    const content = isConfigError(value) ? value : yield* textOfFile(value, origin.source, provider);
    return { name: plain, value: content, origin, secret: true };
  }

  /** The files that could set a key, but have not been read. */
  #filesOf(
    { keys, prefixes }: Asked,
    files: readonly FileName[],
    contents: Map<string, Variable>,
  ): Postponed[] {
    const isNeeded = ({ name, key }: FileName): boolean =>
      !contents.has(name) &&
      (keys.some((one) => spells(key, one)) ||
        prefixes.some((prefix) => below(key, segments(prefix)) !== undefined));
    return files.filter(isNeeded).map((file) => ({
      name: file.name,
      read: () => this.#readNeeded(file, contents),
    }));
  }

  *#readNeeded(file: FileName, contents: Map<string, Variable>): Steps<Variable[]> {
    const content = yield* this.#contentOf(file);
    this.#needed.add(file.name);
    contents.set(file.name, content);
    return [content];
  }

  /** The variables of keys that have not been asked for, where the environment must not be listed. */
  #namesOf({ keys, namesOf }: Asked): Postponed[] {
    const names = [...new Set(keys.flatMap((key) => namesOf(key)))];
    return names
      .filter((name) => !name.includes('#') && !this.#asked.has(name))
      .map((name) => ({ name, read: () => this.#readAsked(name) }));
  }

  *#readAsked(name: string): Steps<Variable[]> {
    const found: Variable[] = [];
    for (const one of this.#withFile(name).flatMap((each) => this.#one(each))) {
      found.push(yield* this.#variable(one));
      for (const file of this.#fileName(one)) found.push(yield* this.#contentOf(file));
    }
    for (const each of this.#withFile(name)) {
      this.#asked.add(each);
      this.#needed.add(each);
    }
    return found;
  }

  #withFile(name: string): string[] {
    const { fileSuffix } = this.#options;
    return fileSuffix === undefined ? [name] : [name, name + fileSuffix];
  }
}

/** Reads the file that a variable names. Errors do not print the path, because it is the variable's value. */
function* textOfFile(file: string, variable: string, provider: string): Steps<string | ConfigError> {
  const shown = `named by ${variable}`;
  try {
    if (file === '')
      return new ConfigError('io', `${variable} is set, but names no file`, {
        provider,
        hint: 'Set it to the path of a file, or unset it',
      });
    const { missing, readBytesSteps, savingPause, utf8 } = yield* wait(loadFile);
    let bytes = yield* readBytesSteps(path.resolve(file), shown, provider, maxBytes);
    if (bytes?.content.length === 0) {
      yield* savingPause(); // an empty file is usually mid-write
      bytes = yield* readBytesSteps(path.resolve(file), shown, provider, maxBytes);
    }
    if (!bytes) return missing(shown, provider);
    return utf8(bytes.content, shown, provider).replace(/\r?\n$/, '');
  } catch (error) {
    if (!isConfigError(error) || error.transient) throw error;
    return error;
  }
}
