// What a chain makes of sealed text that nothing has opened: an error for a look-up, a hole in a layer.
// Loaded by asking.ts with the first such value.

import type { Entry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { Origin } from '../origin.ts';
import type { Layer } from '../provider.ts';
import { holdsSealed } from '../sealed.ts';
import { openLayer } from '../sealed-values.ts';
import type { Key } from '../value.ts';

/** The error of reading a value that is sealed. */
export const sealedError = ({ key, origin }: { readonly key: Key; readonly origin: Origin }): ConfigError =>
  new ConfigError('crypto', `"${key}" is sealed (${origin})`, {
    key,
    origin,
    provider: origin.provider,
    hint: `Open it with ${opener(origin)}`,
  });

/** The reader that opens values of such a source. */
function opener({ source }: Origin): string {
  if (/\.(?:ya?ml|jsonc?|toml)$/i.test(source))
    return `the option sealed of its provider: new BundleProvider({ path: '${source}', sealed: true })`;
  return 'unsealed(provider)';
}

/** Throws for an entry that holds sealed text. */
export function refuse(entry: Entry): never {
  throw sealedError(entry);
}

/** The layer with a hole in place of each value that holds sealed text. */
export const withoutSealed = (layer: Layer): Promise<Layer> =>
  openLayer(layer, async (text, key, origin) => {
    if (holdsSealed(text)) throw sealedError({ key, origin });
    return { value: text };
  });
