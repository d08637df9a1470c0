import { ConfigError } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { merge } from '../merge/merge.ts';
import type { ConfigProvider } from '../provider.ts';
import { layersOf, whereAll } from '../query.ts';
import type { Key } from '../value.ts';

/** What to say when nobody has a key. Only local providers are listed for it: a message is not worth a request. */
export async function missing(key: Key, providers: readonly ConfigProvider[]): Promise<ConfigError> {
  const local = await Promise.all(
    providers.filter((provider) => provider.local).map((provider) => layersOf(provider, '')),
  );
  const meant = nearest(key, merge(local.flat()).leaves.keys());
  const places = whereAll(key, providers);
  const looked =
    places === ''
      ? ', and there is nowhere to look for it'
      : `. Looked in:\n  ${places.replaceAll('\n', '\n  ')}`;
  return new ConfigError('not_found', `nobody has "${key}"${looked}`, {
    key,
    ...(meant && { hint: `\nDid you mean ${meant}?` }),
  });
}
