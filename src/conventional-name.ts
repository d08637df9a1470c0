// Conventional names: `SERVER_HOST` may mean `server.host` or `serverHost`, because one underscore divides
// words and segments alike. As a loose key such a name is one segment, `server_host`; a decorator may have
// put segments before it. The merge, scoped views and providers of variables compare them here.

import { keyFrom, letters, segments } from './key.ts';
import type { Key } from './value.ts';

/** How many of the words, counted from `from`, spell a segment exactly; 0 if none do. `spelling`: the letters
 *  of the segment. */
function spelled(words: readonly string[], from: number, spelling: string): number {
  let text = '';
  for (let at = from; at < words.length && text.length < spelling.length; at++) {
    text += words[at];
    if (text === spelling) return at + 1 - from;
  }
  return 0;
}

/** The segments before the words, and the words, of a loose key. */
export function partsOf(key: Key): { readonly before: readonly string[]; readonly words: readonly string[] } {
  const path = segments(key);
  return { before: path.slice(0, -1), words: (path.at(-1) ?? '').toLowerCase().split('_') };
}

/** What a conventional name leaves below a section: `host` of `server_host` below `server`, `''` for the
 *  section's own name. `undefined` if the words do not spell the section. */
export function below(name: Key, section: readonly string[]): Key | undefined {
  const { before, words } = partsOf(name);
  const shared = Math.min(before.length, section.length);
  for (let i = 0; i < shared; i++)
    if (letters(before[i] as string) !== letters(section[i] as string)) return undefined;
  let used = 0;
  for (const segment of section.slice(shared)) {
    const count = spelled(words, used, letters(segment));
    if (count === 0) return undefined;
    used += count;
  }
  const left = words.slice(used).join('_');
  return keyFrom([...before.slice(shared), ...(left === '' ? [] : [left])]);
}

/** Whether a conventional name can mean a key. */
export const spells = (name: Key, key: Key): boolean => below(name, segments(key)) === '';

/** The letters of a whole key: a conventional name has the same as each key that it can mean. */
export const joinedLetters = (key: Key): string =>
  key.includes('"') ? segments(key).map(letters).join('') : letters(key.replaceAll('.', ''));
