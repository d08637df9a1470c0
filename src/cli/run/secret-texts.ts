// The texts by which `run --mask` finds a secret in output: all its spellings, and those of its parts.

import type { Key } from '../../value.ts';
import { type SecretValue, scalarsIn, spellingsOf } from '../secret-spellings.ts';

/** Shorter texts are in every output: masking them hides what is not secret. */
const shortest = 4;
const shortestParts = { line: 8, password: shortest };

/** The texts of secrets, and the keys of those that are too short to be found. */
export function secretTexts(secrets: readonly SecretValue[]): {
  readonly texts: readonly Buffer[];
  readonly short: readonly Key[];
} {
  const texts = new Set<string>();
  const short = new Set<Key>();
  for (const { key, value } of secrets)
    for (const text of [...scalarsIn(value)].map(String)) {
      if (text === '') continue;
      if (text.length < shortest) short.add(key);
      else
        for (const [, spelled] of spellingsOf(text, shortestParts))
          if (spelled.length >= shortest) texts.add(spelled);
    }
  return { texts: [...texts].map((text) => Buffer.from(text)), short: [...short] };
}
