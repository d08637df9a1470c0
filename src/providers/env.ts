import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError, isConfigError } from '../errors.ts';
import { lazy } from '../internal/lazy.ts';
import { anObject, aString, checkOptions } from '../internal/options.ts';
import { ReloadableContent } from '../local/content.ts';
import { VariableNames, type VariableOptions, variableChecks } from '../local/variable-names.ts';
import { VariableProvider } from '../local/variable-provider.ts';
import type { Variable } from '../local/variables.ts';
import { foldersOf, markOf } from '../local/watch.ts';
import { makeOrigin } from '../origin.ts';

export interface EnvOptions extends VariableOptions {
  /** How errors and explanations call it. @default 'env' */
  readonly name?: string;
  /** A variable whose name ends so names a file that holds the value: with `_FILE`, `DB_PASSWORD_FILE` gives `DB_PASSWORD`. What
   *  comes from such a file is secret, and one trailing line break is not part of it. @default none */
  readonly fileSuffix?: string;
  /** The environment. It is never written. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const maxBytes = 1024 * 1024;
const reading = lazy(() => import('../local/variables.ts'));

/** Environment variables: `APP__DATABASE__POOL_MAX` is `database.poolMax`, `database.pool_max`, or whatever the other sources call
 *  it. They are read once, and again on `refresh` and for `maxAgeMs: 0`. With a prefix, a name that cannot be a key (`APP____X`,
 *  `APP__CONSTRUCTOR`) is refused; without one it is left out.
 *  @throws ConfigError `invalid_option` */
export class EnvProvider extends VariableProvider {
  constructor(options: EnvOptions = {}) {
    checkOptions('EnvProvider', options, {
      ...variableChecks,
      name: aString,
      fileSuffix: aString,
      env: anObject,
    });
    const { name: provider = 'env', env = process.env, fileSuffix, sensitive } = options;
    const names = new VariableNames('EnvProvider', options);
    let now = { ...env };
    let read = false;

    /** The name of the variable whose value stands in the file that this one names. */
    const given = (name: string): string | undefined => {
      if (fileSuffix === undefined || !name.endsWith(fileSuffix) || names.isMapped(name)) return undefined;
      const plain = name.slice(0, -fileSuffix.length);
      return names.isMapped(plain) || names.keyOf(plain) !== undefined ? plain : undefined;
    };
    const variable = async (name: string, text: string): Promise<Variable> => {
      const origin = makeOrigin({ provider, source: `env ${name}` });
      const plain = given(name);
      if (plain === undefined) return { name, value: text, origin };
      return { name: plain, value: await content(text, `env ${name}`, provider), origin, secret: true };
    };
    const load = async () => {
      if (read) now = { ...env };
      read = true;
      const found = await Promise.all(
        Object.entries(now).flatMap(([name, text]) =>
          typeof text === 'string' ? [variable(name, text)] : [],
        ),
      );
      const print = JSON.stringify(found.map(({ name, value }) => [name, value]));
      const { readVariables } = await reading();
      return { value: await readVariables(found, names, { provider, sensitive }), print, readAt: Date.now() };
    };
    const files = (): string[] =>
      Object.entries(now).flatMap(([name, text]) =>
        text && given(name) !== undefined ? [path.resolve(text)] : [],
      );
    const folders = () => [...new Set(files().flatMap((file) => [...foldersOf(file)]))];
    const mark = () => files().map(markOf).join();
    super(
      provider,
      'env',
      names,
      new ReloadableContent({ provider, load, folders, mark }),
      fileSuffix !== undefined,
    );
  }
}

/** What the file holds that a variable names. Its path is the variable's value: it is not printed. */
async function content(file: string, variable: string, provider: string): Promise<string | ConfigError> {
  const shown = `named by ${variable}`;
  try {
    if (file === '')
      return new ConfigError('io', `${variable} is set, but names no file`, {
        provider,
        hint: 'Name one, or remove it',
      });
    const { missing, readBytes, savingMs, utf8 } = await import('../local/file.ts');
    let bytes = await readBytes(path.resolve(file), shown, provider, maxBytes);
    if (bytes?.content.length === 0) {
      await delay(savingMs); // it may be about to be filled
      bytes = await readBytes(path.resolve(file), shown, provider, maxBytes);
    }
    if (!bytes) return missing(shown, provider);
    return utf8(bytes.content, shown, provider).replace(/\r?\n$/, '');
  } catch (error) {
    if (!isConfigError(error) || error.transient) throw error;
    return error;
  }
}
