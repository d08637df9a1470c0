// `scoped` and its inverse `mounted`: a provider with a prefix removed from its keys, or added to them. Both
// only say how keys translate; `rekeyed.ts` does the rest.

import { append, keyFrom, keyOf, letters, rest, segments, startsWith } from '../key.ts';
import { type ConfigProvider, checkProvider, type WritableProvider } from '../provider.ts';
import type { Key } from '../value.ts';
import { rekeyed } from './rekeyed.ts';

/** Shows only the keys below `prefix`, without the prefix: `prefix.x` of the inner provider becomes `x`.
 *  For one tenant or one service of a shared store.
 *  @example
 *  const tenant = scoped(store, 'tenants.acme');
 *  await tenant.get('llm.model'); // reads tenants.acme.llm.model
 *  @see mounted adds a prefix. */
export function scoped(provider: WritableProvider, prefix: Key): WritableProvider;
export function scoped(provider: ConfigProvider, prefix: Key): ConfigProvider;
export function scoped(provider: ConfigProvider, prefix: Key): ConfigProvider {
  checkProvider('scoped', provider);
  const scope = keyOf(prefix);
  const depth = segments(scope).length;
  return rekeyed(provider, `${provider.name} at ${scope}`, {
    innerKey: (key) => append(scope, key),
    innerPrefix: (key) => append(scope, key),
    outerKey: (key, loose) =>
      startsWith(key, scope)
        ? rest(key, scope)
        : loose && sameLetters(key, scope)
          ? withoutSegments(key, depth)
          : undefined,
  });
}

/** Adds `prefix` to every key: `x` of the inner provider becomes `prefix.x`. For a store whose keys belong
 *  in one section.
 *  @example
 *  const chain = new ProviderChain([mounted(secrets, 'database'), env]);
 *  await chain.get('database.password'); // reads `password` of `secrets`
 *  @see scoped removes a prefix. */
export function mounted(provider: WritableProvider, prefix: Key): WritableProvider;
export function mounted(provider: ConfigProvider, prefix: Key): ConfigProvider;
export function mounted(provider: ConfigProvider, prefix: Key): ConfigProvider {
  checkProvider('mounted', provider);
  const mount = keyOf(prefix);
  const depth = segments(mount).length;
  return rekeyed(provider, `${provider.name} under ${mount}`, {
    innerKey: (key, loose) =>
      startsWith(key, mount)
        ? rest(key, mount)
        : loose && sameLetters(key, mount)
          ? withoutSegments(key, depth)
          : undefined,
    // a prefix above the mount contains the whole inner provider
    innerPrefix: (key) =>
      sameLetters(key, mount) ? withoutSegments(key, depth) : sameLetters(mount, key) ? '' : undefined,
    outerKey: (key) => append(mount, key),
  });
}

const withoutSegments = (key: Key, count: number): Key => keyFrom(segments(key).slice(count));

/** Whether `key` starts with `prefix` when only letters count, as they do for environment variables. */
function sameLetters(key: Key, prefix: Key): boolean {
  const path = segments(key);
  return segments(prefix).every(
    (segment, i) => path[i] !== undefined && letters(path[i]) === letters(segment),
  );
}
