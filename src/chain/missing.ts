// The error of `chain.require` for a missing key. Loaded on first use, because most reads never need it.

import { ConfigError } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { merge } from '../merge/merge.ts';
import type { ConfigProvider } from '../provider.ts';
import { layersOf, searchedPlaces } from '../query.ts';
import type { Key } from '../value.ts';

/** The error for a key that no provider has. Suggests a similar key of a local provider: a message is not
 *  worth a request. */
export async function missing(key: Key, providers: readonly ConfigProvider[]): Promise<ConfigError> {
  const local = await Promise.all(
    providers.filter((provider) => provider.local).map((provider) => layersOf(provider, '')),
  );
  const similar = nearest(key, merge(local.flat()).leaves.keys());
  const places = searchedPlaces(key, providers);
  const searched =
    places === ''
      ? ', and none is configured to look for this key'
      : `. Looked in:\n  ${places.replaceAll('\n', '\n  ')}`;
  return new ConfigError('not_found', `no provider has "${key}"${searched}`, {
    key,
    ...(similar && { hint: `\nDid you mean ${similar}?` }),
  });
}
