// Texts such as `${server.host}` in files whose option `references` is not set. `ConfigEvents` mentions them
// once for each file. The message has the key and the place, never the text.

import { keyFrom } from '../key.ts';
import { placeIn, type QuotedText } from '../origin.ts';
import type { Key } from '../value.ts';
import type { Load } from './load.ts';

const reference = /\$\{[\w.-]+(?::[^${}]*)?\}/;

/** The first text of each file that looks like a reference. */
export function unreplaced({ placement }: Load): { readonly key: Key; readonly message: string }[] {
  const seen = new Set<QuotedText>();
  return placement.leaves.flatMap(({ path, item: { value, origin } }) => {
    if (typeof value !== 'string' || !value.includes('${') || !reference.test(value)) return [];
    const quoted = placeIn(origin)?.quoted;
    if (!quoted?.keepsReferences || seen.has(quoted)) return [];
    seen.add(quoted);
    const key = keyFrom(path);
    const hint = 'Set references: true of BundleProvider, or references: false if it is meant as it is';
    return [{ key, message: `"${key}" (${origin}) has a reference that is not replaced. ${hint}` }];
  });
}
