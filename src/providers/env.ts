// Environment variables. The names are bound to keys in local/variables.ts, which loads on first use. The
// environment is copied at construction, and again by `refresh`, `maxAgeMs`, `health` and a watch.

import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, isConfigError } from '../errors.ts';
import { lazy } from '../internal/lazy.ts';
import { anObject, aString, checkOptions } from '../internal/options.ts';
import { type Content, ReloadableContent } from '../local/content.ts';
import { VariableNames, type VariableOptions, variableChecks } from '../local/variable-names.ts';
import { VariableProvider } from '../local/variable-provider.ts';
import type { Variable, Variables } from '../local/variables.ts';
import { makeOrigin } from '../origin.ts';

/** Options of an `EnvProvider`. */
export interface EnvOptions extends VariableOptions {
  /** The provider's name in errors and explanations. @default 'env' */
  readonly name?: string;
  /** A variable with this suffix names a file that holds the value: with `_FILE`, `DB_PASSWORD_FILE` sets
   *  `DB_PASSWORD`. Values from files are secret and lose one trailing line break. @default none */
  readonly fileSuffix?: string;
  /** The variables to read. Never written. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const maxBytes = 1024 * 1024;
const reading = lazy(() => import('../local/variables.ts'));

/** Reads environment variables: `APP__DATABASE__POOL_MAX` is `database.poolMax`, `database.pool_max`, or
 *  however the other sources and the schema spell the key. Variables are read once, and again on `refresh`
 *  and when `maxAgeMs` is exceeded. A name that cannot be a key (`APP____X`, `APP__CONSTRUCTOR`) is refused
 *  if there is a prefix, and skipped otherwise.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const env = new EnvProvider({ prefix: 'APP', variables: { 'database.url': 'DATABASE_URL' } });
 *  const entry = await env.get('database.url');
 *  entry?.origin.source; // => 'env DATABASE_URL'
 */
export class EnvProvider extends VariableProvider {
  constructor(options: EnvOptions = {}) {
    checkOptions('EnvProvider', options, {
      ...variableChecks,
      name: aString,
      fileSuffix: aString,
      env: anObject,
    });
    const { name: provider = 'env', env = process.env, fileSuffix, sensitive, empty, booleans } = options;
    const names = new VariableNames('EnvProvider', options);
    let current = { ...env };
    let loaded = false;

    /** `DB_PASSWORD` for `DB_PASSWORD_FILE`: the variable that a variable with the suffix sets. */
    const withoutSuffix = (name: string): string | undefined => {
      if (fileSuffix === undefined || !name.endsWith(fileSuffix) || names.isMapped(name)) return undefined;
      const plain = name.slice(0, -fileSuffix.length);
      return names.isMapped(plain) || names.keyOf(plain) !== undefined ? plain : undefined;
    };
    const variable = (name: string, text: string): Variable | Promise<Variable> => {
      const origin = makeOrigin({ provider, source: `env ${name}` });
      const plain = withoutSuffix(name);
      if (plain === undefined || (text === '' && empty === 'absent')) return { name, value: text, origin };
      return textOfFile(text, `env ${name}`, provider).then((value) => ({
        name: plain,
        value,
        origin,
        secret: true,
      }));
    };
    const load = async (): Promise<Content<Variables>> => {
      if (loaded) current = { ...env };
      loaded = true;
      const found = await Promise.all(
        Object.entries(current).flatMap(([name, text]) =>
          typeof text === 'string' ? [variable(name, text)] : [],
        ),
      );
      const fingerprint = JSON.stringify(found.map(({ name, value }) => [name, value]));
      const { readVariables } = await reading();
      const set = { all: new Set(found.map(({ name }) => name)), ignoresFiles: fileSuffix === undefined };
      const value = await readVariables(found, names, { provider, sensitive, empty, booleans, set });
      return { value, fingerprint, readAt: Date.now() };
    };
    const files = (): string[] =>
      Object.entries(current).flatMap(([name, text]) =>
        text && withoutSuffix(name) !== undefined ? [path.resolve(text)] : [],
      );
    const content = new ReloadableContent({ provider, load, watched: files });
    super(provider, 'env', names, content, fileSuffix !== undefined);
  }
}

/** Reads the file that a variable names. Errors do not print the path, because it is the variable's value. */
async function textOfFile(file: string, variable: string, provider: string): Promise<string | ConfigError> {
  const shown = `named by ${variable}`;
  try {
    if (file === '')
      return new ConfigError('io', `${variable} is set, but names no file`, {
        provider,
        hint: 'Set it to the path of a file, or unset it',
      });
    const { missing, readBytes, savingMs, utf8 } = await import('../local/file.ts');
    let bytes = await readBytes(path.resolve(file), shown, provider, maxBytes);
    if (bytes?.content.length === 0) {
      await delay(savingMs); // an empty file is usually mid-write
      bytes = await readBytes(path.resolve(file), shown, provider, maxBytes);
    }
    if (!bytes) return missing(shown, provider);
    return utf8(bytes.content, shown, provider).replace(/\r?\n$/, '');
  } catch (error) {
    if (!isConfigError(error) || error.transient) throw error;
    return error;
  }
}
