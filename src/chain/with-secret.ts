// `withSecret`: uses a credential that may be rotated at any time. The body is in secret-use.ts, which the
// first call loads.

import { lazy } from '../internal/lazy.ts';
import type { ConfigProvider } from '../provider.ts';
import type { Key } from '../value.ts';
import type { SecretOptions } from './secret-use.ts';

let body: typeof import('./secret-use.ts') | undefined;
const loadBody = lazy(async () => (body = await import('./secret-use.ts')));

/** Calls `use` with the values of keys, as text. If the credential is refused, reads its document again and
 *  calls `use` again with the new version, or else with the version before, if the store keeps one. If that
 *  does not help either, the first refusal is thrown.
 *
 *  `use` may run several times: only what is refused before it has done anything may count as refused. The
 *  credential is what comes from the document of the secret keys; other keys are read with it. A refused
 *  document is read once for all callers, and at most once a second while its version stays the same. A call
 *  may wait for up to a second for a rotation that the store does not have yet.
 *  @throws `conflict` if the secrets are in several documents; `not_found`; `validation` for a list or null.
 *  @example
 *  const ask = (key: string) => fetch(url, { headers: { authorization: `Bearer ${key}` } });
 *  const response = await withSecret(chain, 'llm.apiKey', ask);
 *  @example
 *  const keys = ['database.user', 'database.password'] as const;
 *  await withSecret(chain, keys, ([user, password]) => query(user, password)); */
export function withSecret<T>(
  provider: ConfigProvider,
  key: Key,
  use: (value: string) => T,
  options?: SecretOptions,
): Promise<Awaited<T>>;
export function withSecret<const K extends readonly Key[], T>(
  provider: ConfigProvider,
  keys: K,
  use: (values: { readonly [I in keyof K]: string }) => T,
  options?: SecretOptions,
): Promise<Awaited<T>>;
export function withSecret<T>(
  provider: ConfigProvider,
  keys: Key | readonly Key[],
  use: (values: never) => T,
  options?: SecretOptions,
): Promise<Awaited<T>> {
  if (body) return body.useSecret(provider, keys, use, options);
  return loadBody().then(({ useSecret }) => useSecret(provider, keys, use, options));
}
