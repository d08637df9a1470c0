// `cascade` and `environments`: functions that make a chain from levels or environments.

import { ConfigError } from '../errors.ts';
import { aString, checkOptions, listOf } from '../internal/options.ts';
import type { ConfigProvider } from '../provider.ts';
import { ProviderChain } from './chain.ts';

/** Makes a chain from levels, listed from the most general to the most specific. The most specific one wins.
 *  @example
 *  const levels = ['organisation', 'team/search', 'service/ranking'];
 *  const chain = cascade(levels, (level) => new BundleProvider(`config/${level}.yaml`));
 *  @see environments makes a chain for one active environment. */
export function cascade<T>(levels: readonly T[], make: (level: T) => ConfigProvider): ProviderChain {
  if (!Array.isArray(levels))
    throw new ConfigError('invalid_option', 'cascade: the first argument must be a list of levels');
  return new ProviderChain(levels.map((level) => make(level)).reverse(), { name: 'cascade' });
}

/** The options of `environments`. */
export interface EnvironmentsOptions {
  /** Environments that `active` inherits values from, highest priority first. @default [] */
  readonly inherit?: readonly string[];
}

/** Makes a chain that reads the active environment, then those that it inherits from, then `base`. Reads
 *  no other environment, so that production values never come from staging by accident.
 *  @example
 *  const active = process.env.NODE_ENV ?? 'development';
 *  const chain = environments(active, (name) => new BundleProvider(`config/${name}.yaml`));
 *  @see cascade makes a chain from any list of levels. */
export function environments(
  active: string,
  make: (environment: string) => ConfigProvider,
  options: EnvironmentsOptions = {},
): ProviderChain {
  if (aString(active) !== undefined)
    throw new ConfigError(
      'invalid_option',
      'environments: the first argument must be the name of the active environment',
      {
        hint: "Give an unset variable a default: process.env.NODE_ENV ?? 'development'",
      },
    );
  checkOptions('environments', options, { inherit: listOf(aString) });
  const { inherit = [] } = options;
  const names = [...new Set([active, ...inherit, 'base'])];
  return new ProviderChain(
    names.map((name) => make(name)),
    { name: `environments(${active})` },
  );
}
