import { append, keyFrom, keyOf, letters, rest, segments, startsWith } from '../key.ts';
import { type ConfigProvider, checkProvider, type WritableProvider } from '../provider.ts';
import type { Key } from '../value.ts';
import { rekeyed } from './rekeyed.ts';

/** Cuts: what the inner provider has at `prefix.x` is here `x`. */
export function scoped(provider: WritableProvider, prefix: Key): WritableProvider;
export function scoped(provider: ConfigProvider, prefix: Key): ConfigProvider;
export function scoped(provider: ConfigProvider, prefix: Key): ConfigProvider {
  checkProvider('scoped', provider);
  const scope = keyOf(prefix);
  const depth = segments(scope).length;
  return rekeyed(provider, `${provider.name} at ${scope}`, {
    leaf: (key) => append(scope, key),
    section: (key) => append(scope, key),
    outward: (key, loose) =>
      startsWith(key, scope)
        ? rest(key, scope)
        : loose && sameLetters(key, scope)
          ? below(key, depth)
          : undefined,
  });
}

/** Prepends: what the inner provider has at `x` is here `prefix.x`. */
export function mounted(provider: WritableProvider, prefix: Key): WritableProvider;
export function mounted(provider: ConfigProvider, prefix: Key): ConfigProvider;
export function mounted(provider: ConfigProvider, prefix: Key): ConfigProvider {
  checkProvider('mounted', provider);
  const mount = keyOf(prefix);
  const depth = segments(mount).length;
  return rekeyed(provider, `${provider.name} under ${mount}`, {
    leaf: (key, loose) =>
      startsWith(key, mount)
        ? rest(key, mount)
        : loose && sameLetters(key, mount)
          ? below(key, depth)
          : undefined,
    section: (key) =>
      sameLetters(key, mount) ? below(key, depth) : sameLetters(mount, key) ? '' : undefined,
    outward: (key) => append(mount, key),
  });
}

const below = (key: Key, depth: number): Key => keyFrom(segments(key).slice(depth));

/** Whether `key` starts with `prefix` when only letters count, as they do for environment variables. */
function sameLetters(key: Key, prefix: Key): boolean {
  const path = segments(key);
  return segments(prefix).every(
    (segment, i) => path[i] !== undefined && letters(path[i]) === letters(segment),
  );
}
