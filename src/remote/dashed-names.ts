// Secret names made of letters, digits and dashes, and the keys they belong to. Used by the GCP and Azure
// sources. Both directions must agree: a key or a name that does not convert back to itself has no
// counterpart. Two keys therefore never share a secret.

import { ConfigError, type ErrorCode } from '../errors.ts';
import { camel, kebab, keyFrom, segments, snake } from '../key.ts';
import type { Key } from '../value.ts';
import { skippedName } from './findings.ts';

/** How the dashed words of a name become a segment: unchanged, or in one of the usual spellings. */
export type Dashes = 'exact' | 'camel' | 'snake' | 'kebab';

const spellings = { camel, snake, kebab };

/** Converts keys to names and back: `--` separates segments, and unless `exact`, `-` separates words. */
export class DashedNames {
  readonly #dashes: Dashes;
  readonly #prefix: string;
  readonly #allowed: RegExp;

  constructor(options: { readonly dashes: Dashes; readonly prefix: string; readonly allowed: RegExp }) {
    this.#dashes = options.dashes;
    this.#prefix = options.prefix;
    this.#allowed = options.allowed;
  }

  nameOf(key: Key): string | undefined {
    const name = this.#write(key);
    return name !== undefined && this.#read(name) === key ? name : undefined;
  }

  keyOf(name: string): Key | undefined {
    const key = this.#read(name);
    return key !== undefined && this.#isSame(this.#write(key), name) ? key : undefined;
  }

  /** The key of a listed name. Emits a notice for a name with the prefix that is not a key. */
  listed(
    provider: string,
    name: string,
    notice: (message: string, code: ErrorCode) => void,
  ): Key | undefined {
    const key = this.keyOf(name);
    if (key === undefined && this.#owns(name)) notice(skippedName(provider, name, 'secrets'), 'invalid_key');
    return key;
  }

  /** The error for a key that has no name; undefined if it has one. */
  refusal(provider: string, key: Key): ConfigError | undefined {
    if (this.nameOf(key) !== undefined) return undefined;
    const exact = this.#dashes === 'exact';
    const words = exact ? '' : `, "-" between words, reads back in the spelling ${this.#dashes},`;
    return new ConfigError('invalid_key', `${provider}: the key ${key} has no valid secret name`, {
      provider,
      key,
      hint:
        'Map the key in the option secrets. ' +
        `A name has "--" between segments${words} and matches ${this.#allowed.source}`,
    });
  }

  #write(key: Key): string | undefined {
    const words = segments(key).map((segment) => (this.#dashes === 'exact' ? segment : kebab(segment)));
    const name = `${this.#prefix}${words.join('--')}`;
    return words.length > 0 && this.#allowed.test(name) ? name : undefined;
  }

  #owns(name: string): boolean {
    return (
      this.#isSame(name.slice(0, this.#prefix.length), this.#prefix) && name.length > this.#prefix.length
    );
  }

  #read(name: string): Key | undefined {
    if (!this.#owns(name)) return undefined;
    const sections = name.slice(this.#prefix.length).split('--');
    if (sections.some((section) => section === '' || section.startsWith('-') || section.endsWith('-')))
      return undefined;
    const dashes = this.#dashes;
    try {
      return keyFrom(
        dashes === 'exact' ? sections : sections.map((section) => spellings[dashes](section.toLowerCase())),
      );
    } catch {
      return undefined; // a reserved segment such as `constructor`, or too many segments
    }
  }

  /** Unless `exact`, case is ignored: converting words loses it, and Key Vault ignores it too. */
  #isSame(a: string | undefined, b: string): boolean {
    return this.#dashes === 'exact' ? a === b : a?.toLowerCase() === b.toLowerCase();
  }
}
