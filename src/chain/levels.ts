import { ConfigError } from '../errors.ts';
import { aString, checkOptions, listOf } from '../internal/options.ts';
import type { ConfigProvider } from '../provider.ts';
import { ProviderChain } from './chain.ts';

/** A chain of any hierarchy, written from the most general to the most specific level; the most specific wins. */
export function cascade<T>(levels: readonly T[], make: (level: T) => ConfigProvider): ProviderChain {
  if (!Array.isArray(levels))
    throw new ConfigError('invalid_option', 'cascade: its first argument must be a list of levels');
  return new ProviderChain(levels.map((level) => make(level)).reverse(), { name: 'cascade' });
}

export interface EnvironmentsOptions {
  /** Environments that `active` may also take values from, the first the strongest. @default [] */
  readonly inherit?: readonly string[];
}

/** The active environment, then those it inherits from, then `base`; no other environment is asked. */
export function environments(
  active: string,
  make: (environment: string) => ConfigProvider,
  options: EnvironmentsOptions = {},
): ProviderChain {
  if (aString(active) !== undefined)
    throw new ConfigError(
      'invalid_option',
      'environments: its first argument must be the name of the active environment',
      {
        hint: "A variable may be unset: process.env.NODE_ENV ?? 'development'",
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
