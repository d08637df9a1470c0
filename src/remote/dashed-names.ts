import { ConfigError } from '../errors.ts';
import { camel, kebab, keyFrom, segments, snake } from '../key.ts';
import type { Key } from '../value.ts';

/** How the words of a name read back as a key: as they are, or in one of the usual spellings. */
export type Dashes = 'exact' | 'camel' | 'snake' | 'kebab';

const spell = { camel, snake, kebab };

/** Keys as names of letters, digits and dashes: `--` between sections, and, unless exact, `-` between words. Both ways or not at
 *  all: a key or a name that does not come back as itself has no counterpart. */
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
    const name = this.#spelled(key);
    return name !== undefined && this.#read(name) === key ? name : undefined;
  }

  keyOf(name: string): Key | undefined {
    const key = this.#read(name);
    return key !== undefined && this.#same(this.#spelled(key), name) ? key : undefined;
  }

  /** Whether a name is one of those that stand below the prefix at all. */
  owns(name: string): boolean {
    return this.#same(name.slice(0, this.#prefix.length), this.#prefix) && name.length > this.#prefix.length;
  }

  /** Why a key cannot be a secret of its own, if it cannot. */
  refusal(provider: string, key: Key): ConfigError | undefined {
    if (this.nameOf(key) !== undefined) return undefined;
    const words =
      this.#dashes === 'exact'
        ? ''
        : `, the words of each by "-", and read back in the spelling ${this.#dashes}`;
    return new ConfigError('invalid_key', `${provider} has no name for the key ${key}`, {
      provider,
      key,
      hint: `A name is the segments joined by "--"${words}, and matches ${this.#allowed.source}. Give any other key a secret in the option secrets`,
    });
  }

  #spelled(key: Key): string | undefined {
    const words = segments(key).map((segment) => (this.#dashes === 'exact' ? segment : kebab(segment)));
    const name = `${this.#prefix}${words.join('--')}`;
    return words.length > 0 && this.#allowed.test(name) ? name : undefined;
  }

  #read(name: string): Key | undefined {
    if (!this.owns(name)) return undefined;
    const sections = name.slice(this.#prefix.length).split('--');
    if (sections.some((section) => section === '' || section.startsWith('-') || section.endsWith('-')))
      return undefined;
    const dashes = this.#dashes;
    try {
      return keyFrom(
        dashes === 'exact' ? sections : sections.map((section) => spell[dashes](section.toLowerCase())),
      );
    } catch {
      return undefined; // `constructor`, or far too many sections
    }
  }

  /** Where words are read back, case is lost: the names that a store tells apart only by case are one. */
  #same(a: string | undefined, b: string): boolean {
    return this.#dashes === 'exact' ? a === b : a?.toLowerCase() === b.toLowerCase();
  }
}
