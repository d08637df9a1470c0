// A parsed file as entries of keys. Loaded by BundleProvider with its first read. The position of a value in
// the file is computed when it is printed.

import { type Entry, makeEntry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { Parsed } from '../formats/parsed.ts';
import { dig } from '../internal/dig.ts';
import { append, keyFrom, segments } from '../key.ts';
import { makeOrigin, type Origin, type Place, type QuotedText } from '../origin.ts';
import { type ConfigValue, isTree, type Key } from '../value.ts';
import type { Content } from './content.ts';

export interface ParsedKeysOptions {
  readonly provider: string;
  /** The path as the user gave it. */
  readonly path: string;
  /** The text that was parsed. */
  readonly text: string;
  readonly isSecret: (key: Key, value: ConfigValue) => boolean;
}

type Leaf = { readonly origin: Origin; readonly secret: boolean; readonly leaf?: Entry['leaf'] & object };
type Times = Pick<Content<unknown>, 'modifiedAt' | 'readAt'>;

export class ParsedKeys implements QuotedText {
  readonly #parsed: Parsed;
  readonly #options: ParsedKeysOptions;

  constructor(parsed: Parsed, options: ParsedKeysOptions) {
    this.#parsed = parsed;
    this.#options = options;
  }

  /** The leaf at a key. Throws for a section. */
  find(key: Key, times: Times): Entry | undefined {
    const value = dig(this.#parsed.tree, key);
    if (value === undefined) return undefined;
    if (!isTree(value)) return this.#entry(key, value, times, this.#leaf(key));
    const { provider, path } = this.#options;
    throw new ConfigError('invalid_key', `"${key}" is a section of ${path}, not a value`, {
      provider,
      key,
      hint: 'Read it with tree',
    });
  }

  /** One entry, the value at a prefix or the whole section below it. */
  list(prefix: Key, times: Times): readonly Entry[] {
    const value = dig(this.#parsed.tree, prefix);
    if (value === undefined) return [];
    if (!isTree(value)) return [this.#entry(prefix, value, times, this.#leaf(prefix))];
    const { provider, path } = this.#options;
    const origin = makeOrigin({ provider, source: path });
    const leaf = (inside: Key): Leaf => this.#leaf(append(prefix, inside));
    return [this.#entry(prefix, value, times, { secret: false, origin, leaf })];
  }

  #entry(key: Key, value: ConfigValue, { modifiedAt, readAt }: Times, leaf: Leaf): Entry {
    return makeEntry({ key, value, ...leaf, readAt, ...(modifiedAt !== undefined && { modifiedAt }) });
  }

  #leaf(key: Key): Leaf {
    const { provider, path, isSecret } = this.#options;
    const { tree, at } = this.#parsed;
    const position = (): Place | undefined => {
      const found = at(segments(key));
      return found && { ...found, quoted: this };
    };
    return {
      secret: isSecret(key, dig(tree, key) ?? null),
      origin: makeOrigin({ provider, source: path, position }),
    };
  }

  get text(): string {
    return this.#options.text;
  }

  *values(): ReturnType<QuotedText['values']> {
    const { tree, at } = this.#parsed;
    const pending: (readonly [path: readonly string[], value: ConfigValue])[] = [[[], tree]];
    for (let next = pending.pop(); next; next = pending.pop()) {
      const [path, value] = next;
      if (isTree(value)) {
        for (const [name, inner] of Object.entries(value)) pending.push([[...path, name], inner]);
        continue;
      }
      const position = at(path);
      if (position) yield { ...position, value, secret: this.#options.isSecret(keyFrom(path), value) };
    }
  }
}
