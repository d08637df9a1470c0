// Random passwords. Each target has a default alphabet and length, and its options change them.

import { randomInt } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import { anInteger, type Check, checkOptions } from '../../internal/options.ts';

/** How a target makes passwords. */
export interface PasswordOptions {
  /** The characters of a password, each one once. @default letters and digits that do not look alike */
  readonly alphabet?: string;
  /** The number of characters. @default 32 */
  readonly length?: number;
}

/** Letters and digits, without `0 1 I O l`. They need no quotes or escapes in URLs, shells and files. */
const readable = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Below this number of bits, a password can be guessed. */
const leastBits = 96;

const anAlphabet: Check = (value) =>
  typeof value === 'string' && [...value].length > 1 && new Set(value).size === [...value].length
    ? undefined
    : 'two or more characters, each one once';

/** Makes a function that makes passwords. Used by targets, which pass their options on.
 *  @throws ConfigError `invalid_option`, also if such passwords could be guessed */
export function passwords(owner: string, options: PasswordOptions = {}): () => string {
  checkOptions(owner, options, { alphabet: anAlphabet, length: anInteger(1, 4096) });
  const { alphabet = readable, length = 32 } = options;
  const characters = [...alphabet];
  const bits = Math.floor(length * Math.log2(characters.length));
  if (bits < leastBits)
    throw new ConfigError('invalid_option', `${owner}: the passwords would have ${bits} bits`, {
      hint: `Use at least ${Math.ceil(leastBits / Math.log2(characters.length))} of these characters`,
    });
  return () => Array.from({ length }, () => characters[randomInt(characters.length)]).join('');
}
