import { ProviderChain } from './chain/chain.ts';
import { checkProvider } from './decorate.ts';
import { ConfigError } from './errors.ts';
import { moved } from './internal/moved.ts';
import { aString, checkOptions, listOf } from './internal/options.ts';
import { append, type Key, keyFrom, keyOf, letters, rest, segments, startsWith } from './key.ts';
import type { ConfigProvider, WritableProvider } from './provider.ts';

/** A chain of any hierarchy, written from the most general to the most specific level; the most specific wins. */
export function cascade<T>(levels: readonly T[], make: (level: T) => ConfigProvider): ProviderChain {
  if (!Array.isArray(levels)) throw new ConfigError('invalid_option', 'cascade: its first argument must be a list of levels');
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
    throw new ConfigError('invalid_option', 'environments: its first argument must be the name of the active environment', {
      hint: "A variable may be unset: process.env.NODE_ENV ?? 'development'",
    });
  checkOptions('environments', options, { inherit: listOf(aString) });
  const { inherit = [] } = options;
  const names = [...new Set([active, ...inherit, 'base'])];
  return new ProviderChain(
    names.map((name) => make(name)),
    { name: `environments(${active})` },
  );
}

/** Cuts: what the inner provider has at `prefix.x` is here `x`. */
export function scoped(provider: WritableProvider, prefix: Key): WritableProvider;
export function scoped(provider: ConfigProvider, prefix: Key): ConfigProvider;
export function scoped(provider: ConfigProvider, prefix: Key): ConfigProvider {
  checkProvider('scoped', provider);
  const scope = keyOf(prefix);
  const depth = segments(scope).length;
  return moved(provider, `${provider.name} at ${scope}`, {
    leaf: (key) => append(scope, key),
    section: (key) => append(scope, key),
    outward: (key, loose) => (startsWith(key, scope) ? rest(key, scope) : loose && sameLetters(key, scope) ? below(key, depth) : undefined),
  });
}

/** Prepends: what the inner provider has at `x` is here `prefix.x`. */
export function mounted(provider: WritableProvider, prefix: Key): WritableProvider;
export function mounted(provider: ConfigProvider, prefix: Key): ConfigProvider;
export function mounted(provider: ConfigProvider, prefix: Key): ConfigProvider {
  checkProvider('mounted', provider);
  const mount = keyOf(prefix);
  const depth = segments(mount).length;
  return moved(provider, `${provider.name} under ${mount}`, {
    leaf: (key, loose) => (startsWith(key, mount) ? rest(key, mount) : loose && sameLetters(key, mount) ? below(key, depth) : undefined),
    section: (key) => (sameLetters(key, mount) ? below(key, depth) : sameLetters(mount, key) ? '' : undefined),
    outward: (key) => append(mount, key),
  });
}

const below = (key: Key, depth: number): Key => keyFrom(segments(key).slice(depth));

/** Whether `key` starts with `prefix` when only letters count, as they do for environment variables. */
function sameLetters(key: Key, prefix: Key): boolean {
  const path = segments(key);
  return segments(prefix).every((segment, i) => path[i] !== undefined && letters(path[i]) === letters(segment));
}
