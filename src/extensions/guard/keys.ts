// Patterns of keys in rules: `*` is one segment, `**` any number of them. Used by rule.ts.

import type { Loose } from '../../entry.ts';
import { ConfigError } from '../../errors.ts';
import { keyOf, letters, segments, startsWith } from '../../key.ts';
import type { Key } from '../../value.ts';

/** Compiles a pattern.
 *  @throws ConfigError `invalid_key` */
export function keyPattern(text: string): (key: Key) => boolean {
  const pattern = keyOf(text);
  const parts = segments(pattern);
  const partial = parts.find((part) => part.includes('*') && part !== '*' && part !== '**');
  if (partial !== undefined)
    throw new ConfigError('invalid_key', `the pattern "${pattern}" has * inside a segment`, {
      hint: 'Use * for a whole segment, ** for any number of segments',
    });
  if (!parts.some((part) => part.startsWith('*'))) return (key) => key === pattern;
  const before = parts.slice(0, -1);
  if (parts.at(-1) === '**' && !before.some((part) => part.startsWith('*'))) {
    const prefix = pattern.slice(0, -'.**'.length);
    return before.length === 0 ? () => true : (key) => startsWith(key, prefix);
  }
  return (key) => matches(segments(key), parts);
}

/** Compiles a pattern for the keys of loose names. A caller may spell such a key in any way: only its letters
 *  count and, unless words decide, where its segments end. */
export function spelledPattern(text: string): (key: Key, loose: Loose) => boolean {
  const parts = segments(keyOf(text)).map(letters);
  const words = parts.flatMap((part) => (part === '*' ? ['*', '**'] : part === '**' ? [part] : [...part]));
  return (key, loose) => {
    const spelled = segments(key).map(letters);
    return loose === 'words' ? matches([...spelled.join('')], words) : matches(spelled, parts);
  };
}

/** Goes back to the last `**` only: an earlier one need not match more than it does. */
function matches(key: readonly string[], parts: readonly string[]): boolean {
  let [at, part, star, resume] = [0, 0, -1, 0];
  while (at < key.length) {
    const wanted = parts[part];
    if (wanted === '**') {
      star = part++;
      resume = at;
    } else if (wanted !== undefined && (wanted === '*' || wanted === key[at])) {
      at++;
      part++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++resume;
    } else return false;
  }
  while (parts[part] === '**') part++;
  return part === parts.length;
}
