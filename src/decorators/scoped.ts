// `scoped` and its inverse `mounted`: a provider with a prefix removed from its keys, or added to them. Both
// only say how keys translate; `rekeyed.ts` does the rest.

import { append, keyFrom, keyOf, letters, rest, segments, startsWith } from '../key.ts';
import { type ConfigProvider, checkProvider, type Decorated } from '../provider.ts';
import type { Key } from '../value.ts';
import { rekeyed } from './rekeyed.ts';

/** Shows only the keys below `prefix`, without the prefix: `prefix.x` of the inner provider becomes `x`.
 *  For one tenant or one service of a shared store.
 *  @example
 *  const tenant = scoped(store, 'tenants.acme');
 *  await tenant.get('llm.model'); // reads tenants.acme.llm.model
 *  @see mounted adds a prefix. */
export function scoped<P extends ConfigProvider>(provider: P, prefix: Key): Decorated<P> {
  checkProvider('scoped', provider);
  const scope = keyOf(prefix);
  return rekeyed<P>(provider, `${provider.name} at ${scope}`, {
    innerKey: (key) => append(scope, key),
    innerPrefix: (key) => append(scope, key),
    removed: scope,
    outerKey: (key, loose) => withoutPrefix(key, scope, loose),
  });
}

/** Adds `prefix` to every key: `x` of the inner provider becomes `prefix.x`. For a store whose keys belong
 *  in one section.
 *  @example
 *  const chain = new ProviderChain([mounted(secrets, 'database'), env]);
 *  await chain.get('database.password'); // reads `password` of `secrets`
 *  @see scoped removes a prefix. */
export function mounted<P extends ConfigProvider>(provider: P, prefix: Key): Decorated<P> {
  checkProvider('mounted', provider);
  const mount = keyOf(prefix);
  return rekeyed<P>(provider, `${provider.name} under ${mount}`, {
    innerKey: (key, loose) => withoutPrefix(key, mount, loose),
    // a prefix above the mount contains the whole inner provider
    innerPrefix: (key) =>
      sameLetters(key, mount) ? withoutSegments(key, mount) : sameLetters(mount, key) ? '' : undefined,
    outerKey: (key) => append(mount, key),
  });
}

/** `key` without `prefix`, or `undefined` if it does not start with it. */
function withoutPrefix(key: Key, prefix: Key, loose: boolean): Key | undefined {
  if (startsWith(key, prefix)) return rest(key, prefix);
  return loose && sameLetters(key, prefix) ? withoutSegments(key, prefix) : undefined;
}

/** `key` without as many segments as `prefix` has. */
const withoutSegments = (key: Key, prefix: Key): Key => keyFrom(segments(key).slice(segments(prefix).length));

/** Whether `key` starts with `prefix` when only letters count, as they do for environment variables. */
function sameLetters(key: Key, prefix: Key): boolean {
  const path = segments(key);
  return segments(prefix).every(
    (segment, i) => path[i] !== undefined && letters(path[i]) === letters(segment),
  );
}
