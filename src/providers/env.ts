// Environment variables. They are read in local/environment.ts and bound to keys in local/variables.ts, which
// load on first use. The environment is copied at construction, and again by `refresh`, `maxAgeMs`, `health`
// and a watch.

import { anObject, aString, checkOptions } from '../internal/options.ts';
import { ReloadableContent } from '../local/content.ts';
import type { Copied, Environment } from '../local/environment.ts';
import { loadEnvironment } from '../local/reading.ts';
import { VariableNames, type VariableOptions, variableChecks } from '../local/variable-names.ts';
import { VariableProvider } from '../local/variable-provider.ts';
import { inTurns, type Steps, wait } from '../turns.ts';

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

/** Reads environment variables: `APP_DATABASE_POOL_MAX` is `database.poolMax`, `database.pool_max`, or
 *  however the other sources and the schema spell the key. The exact form, `APP__DATABASE__POOL_MAX`, also
 *  makes keys that no other source knows. Variables are read once, and again on `refresh` and when `maxAgeMs`
 *  is exceeded. An exact name that cannot be a key (`APP____X`, `APP__CONSTRUCTOR`) is refused if there is a
 *  prefix, and skipped otherwise. Without a prefix, names of the platform, such as `USER`, set nothing.
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
    const { name: provider = 'env', env = process.env, fileSuffix } = options;
    const names = new VariableNames('EnvProvider', options);
    const copy = (): Copied => {
      try {
        return { all: { ...env } };
      } catch (error) {
        return { error };
      }
    };
    const copied = copy();
    let current: Environment | undefined;
    const one = (name: string) => env[name];
    function* environment(): Steps<Environment> {
      const { Environment } = yield* wait(loadEnvironment);
      return (current ??= new Environment({ ...options, provider, names, copy, one }, copied));
    }
    const content = new ReloadableContent({
      provider,
      *load() {
        return yield* (yield* environment()).load();
      },
      watched: () => current?.files() ?? [],
      ready: () => inTurns(environment()),
    });
    super(provider, 'env', names, content, fileSuffix !== undefined);
  }
}
