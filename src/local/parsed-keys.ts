// A parsed file as entries of keys. Loaded by BundleProvider with its first read. The position of a value in
// the file is computed when it is printed.

import { type Entry, makeEntry } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { Parsed } from '../formats/parsed.ts';
import { dig } from '../internal/dig.ts';
import { lazyModule } from '../internal/lazy.ts';
import { append, keyFrom, quote, segments, startsWith } from '../key.ts';
import { makeOrigin, type Origin, type Place, type QuotedText } from '../origin.ts';
import { type Steps, wait } from '../turns.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../value.ts';
import type { Content } from './content.ts';
import type { ReferenceValues, Replaced } from './references.ts';

export interface ParsedKeysOptions {
  readonly provider: string;
  /** The path as the user gave it. */
  readonly path: string;
  /** The text that was parsed. */
  readonly text: string;
  /** Replaces references in texts. */
  readonly references?: boolean | ReferenceValues | undefined;
  readonly isSecret: (key: Key, value: ConfigValue) => boolean;
}

type Leaf = { readonly origin: Origin; readonly secret: boolean; readonly leaf?: Entry['leaf'] & object };
type Times = Pick<Content<unknown>, 'modifiedAt' | 'readAt'>;

export const loadReferences = lazyModule(() => import('./references.ts'));

/** Reads a file, and replaces its references if an option says so. */
export function* parsedKeys(parsed: Parsed, options: ParsedKeysOptions): Steps<ParsedKeys> {
  const { provider, path, text, references, isSecret } = options;
  if (!references) return new ParsedKeys(parsed, options);
  const { withoutReferences } = yield* wait(loadReferences);
  const values = references === true ? {} : references;
  const source = { provider, file: path, text };
  return new ParsedKeys(withoutReferences(parsed, { source, values, isSecret }), options);
}

export class ParsedKeys implements QuotedText {
  readonly #parsed: Parsed & Partial<Replaced>;
  readonly #options: ParsedKeysOptions;

  constructor(parsed: Parsed & Partial<Replaced>, options: ParsedKeysOptions) {
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
    const section = (tree: ConfigTree): Entry =>
      this.#entry(prefix, tree, times, { secret: false, origin, leaf });
    const texts = [...(this.#parsed.texts ?? [])].filter((key) => startsWith(key, prefix));
    if (texts.length === 0) return [section(value)];
    // the schema decides what these texts mean, so they are entries of their own
    const rest = without(value, new Set(texts), prefix);
    const entries = texts.map((key) => this.find(key, times) as Entry);
    return rest ? [section(frozen(rest)), ...entries] : entries;
  }

  #entry(key: Key, value: ConfigValue, { modifiedAt, readAt }: Times, leaf: Leaf): Entry {
    const text = this.#parsed.texts?.has(key) === true;
    const times = { readAt, ...(modifiedAt !== undefined && { modifiedAt }) };
    return makeEntry({ key, value, ...leaf, ...times, ...(text && { text }) });
  }

  #leaf(key: Key): Leaf {
    const { provider, path } = this.#options;
    const { tree, at } = this.#parsed;
    const position = (): Place | undefined => {
      const found = at(segments(key));
      return found && { ...found, quoted: this };
    };
    return {
      secret: this.#isSecret(key, dig(tree, key) ?? null),
      origin: makeOrigin({ provider, source: path, position }),
    };
  }

  #isSecret(key: Key, value: ConfigValue): boolean {
    return this.#parsed.secrets?.has(key) === true || this.#options.isSecret(key, value);
  }

  get keepsReferences(): boolean {
    return this.#options.references === undefined;
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
      if (position) yield { ...position, value, secret: this.#isSecret(keyFrom(path), value) };
    }
  }
}

/** A section without some of its keys; undefined if nothing is left. */
function without(tree: ConfigTree, keys: ReadonlySet<Key>, at: Key): ConfigTree | undefined {
  const left = Object.entries(tree).flatMap(([name, value]) => {
    const key = append(at, quote(name));
    if (keys.has(key)) return [];
    const inner = isTree(value) && Object.keys(value).length > 0 ? without(value, keys, key) : value;
    return inner === undefined ? [] : [[name, inner] as const];
  });
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}
