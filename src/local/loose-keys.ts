// The loose key that the name of a variable spells. Two forms: exact, `APP__SERVER__HOST`, is compared
// segment by segment; conventional, `APP_SERVER_HOST`, word by word. Used by everything that reads
// variables.

import type { Loose } from '../entry.ts';
import { reserved } from '../key.ts';
import type { Key } from '../value.ts';
import { conventionalForm, type VariableNames } from './variable-names.ts';

/** A loose key, and how it binds. */
export interface LooseKey {
  readonly key: Key;
  readonly loose: Loose;
}

const maxLength = 512;

/** The words of a conventional name as one segment: `server_host` for `APP_SERVER_HOST`. `undefined`
 *  for other names. */
function wordsOf(name: string, { wordStart }: VariableNames): Key | undefined {
  if (wordStart === undefined || !name.startsWith(wordStart)) return undefined;
  const rest = name.slice(wordStart.length);
  if (rest.length > maxLength || !conventionalForm.test(rest)) return undefined;
  const key = rest.toLowerCase();
  return reserved.has(key) ? undefined : key;
}

/** The loose key of a variable; `undefined` if the name is mapped, lacks the prefix, or cannot be a key. */
export function looseKeyOf(name: string, names: VariableNames): LooseKey | undefined {
  if (names.isMapped(name)) return undefined;
  const words = wordsOf(name, names);
  if (words !== undefined) return { key: words, loose: 'words' };
  const key = names.keyOf(name);
  return key === undefined ? undefined : { key, loose: names.loose };
}
