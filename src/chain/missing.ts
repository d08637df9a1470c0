// The error of `chain.require` for a missing key. Loaded on first use, because most reads never need it.

import { ConfigError } from '../errors.ts';
import { nearest } from '../internal/nearest.ts';
import { merge } from '../merge/merge.ts';
import type { CallOptions } from '../operation.ts';
import type { Layer, ReadOptions } from '../provider.ts';
import type { Key } from '../value.ts';

/** A chain as far as a message about a missing key needs it. */
interface Searched {
  where(key: Key, options: CallOptions): string;
  hints(options: CallOptions): Promise<readonly Layer[]>;
}

/** The error for a key that no provider has. Suggests a similar key of a local provider: a message is not
 *  worth a request. The suggestion is read as the caller reads, so it names no key that the caller may not
 *  read. */
export async function missing(key: Key, chain: Searched, options: ReadOptions = {}): Promise<ConfigError> {
  const { context } = options;
  const local = await chain.hints({ context }).catch(() => []);
  const similar = nearest(key, merge(local).leaves.keys());
  const places = chain.where(key, { context });
  const searched =
    places === ''
      ? ', and none is configured to look for this key'
      : `. Looked in:\n  ${places.replaceAll('\n', '\n  ')}`;
  return new ConfigError('not_found', `no provider has "${key}"${searched}`, {
    key,
    ...(similar && { hint: `\nDid you mean ${similar}?` }),
  });
}
