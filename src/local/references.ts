// `${server.host}` and `${PORT:8080}` in the texts of a file. Loaded by parsed-keys.ts for the option
// `references`. A result is secret if a part of it is. Depth and length are bounded, because references can
// multiply. Errors name keys and places, never texts.

import type { ConfigError } from '../errors.ts';
import type { Parsed } from '../formats/parsed.ts';
import { quotedName, refusal, type SourceText } from '../formats/refusal.ts';
import { dig } from '../internal/dig.ts';
import { nearest } from '../internal/nearest.ts';
import { keyFrom, keyOf, segments } from '../key.ts';
import { holdsSealed } from '../sealed.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../value.ts';

/** Values for references besides those of the file. */
export type ReferenceValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** A file without its references. */
export interface Replaced extends Parsed {
  /** The keys with a part of a secret. */
  readonly secrets: ReadonlySet<Key>;
  /** The keys whose text comes from outside of the file: the schema decides what it means. */
  readonly texts: ReadonlySet<Key>;
}

export interface ReplacingOptions {
  readonly source: SourceText;
  readonly values: ReferenceValues;
  readonly isSecret: (key: Key, value: ConfigValue) => boolean;
}

interface Result {
  readonly value: ConfigValue;
  readonly secret: boolean;
  /** The value is a text from outside of the file. */
  readonly text: boolean;
}

/** In characters: of one value, and of all values of a file. */
const [maxLength, maxTotal] = [1024 * 1024, 10 * 1024 * 1024];
const maxDepth = 100;
// biome-ignore lint/suspicious/noTemplateCurlyInString: the spelling of references
const spelling = 'Write ${key}, ${key:default}, or $${ for a literal ${';
const reference = /\$\$\{|\$\{(?:([^${}:]+)(?::([^${}]*))?\})?/g;

/** Replaces the references in a file.
 *  @throws ConfigError `parse` with the place of a value whose reference cannot be replaced */
export const withoutReferences = (parsed: Parsed, options: ReplacingOptions): Replaced =>
  new Replacing(parsed, options).all();

class Replacing {
  readonly #parsed: Parsed;
  readonly #options: ReplacingOptions;
  readonly #done = new Map<Key, Result>();
  readonly #stack: Key[] = [];
  readonly #secrets = new Set<Key>();
  readonly #texts = new Set<Key>();
  #total = 0;
  #keys: readonly Key[] | undefined;

  constructor(parsed: Parsed, options: ReplacingOptions) {
    this.#parsed = parsed;
    this.#options = options;
  }

  all(): Replaced {
    const tree = frozen(this.#section(this.#parsed.tree, []));
    return { tree, at: this.#parsed.at, secrets: this.#secrets, texts: this.#texts };
  }

  #section(tree: ConfigTree, path: readonly string[]): ConfigTree {
    const inner = Object.entries(tree).map(([name, value]) => {
      const at = [...path, name];
      return [name, isTree(value) ? this.#section(value, at) : this.#leaf(at, value).value];
    });
    return Object.fromEntries(inner) as ConfigTree;
  }

  #leaf(path: readonly string[], value: ConfigValue): Result {
    const key = keyFrom(path);
    const known = this.#done.get(key);
    if (known) return known;
    const from = this.#stack.indexOf(key);
    if (from >= 0) {
      const circle = [...this.#stack.slice(from), key].join(' → ');
      throw this.#refuse(path, `"${key}" refers to itself: ${circle}`, 'Remove one of the references');
    }
    if (this.#stack.push(key) > maxDepth)
      throw this.#refuse(path, `"${key}" is behind a chain of ${maxDepth} references`, 'Shorten the chain');
    const found = this.#replaced(value, path);
    const { isSecret } = this.#options;
    const secret = found.secret || isSecret(key, value) || isSecret(key, found.value);
    const result = { ...found, secret };
    this.#stack.pop();
    this.#done.set(key, result);
    if (found.secret) this.#secrets.add(key);
    if (found.text) this.#texts.add(key);
    return result;
  }

  /** A value without references; also inside a list. */
  #replaced(value: ConfigValue, path: readonly string[]): Result {
    if (typeof value === 'string') return this.#text(value, path);
    if (typeof value !== 'object' || value === null) return { value, secret: false, text: false };
    const inner = Object.entries(value).map(
      ([name, one]) => [name, this.#replaced(one as ConfigValue, path)] as const,
    );
    const secret = inner.some(([, one]) => one.secret);
    if (Array.isArray(value)) return { value: inner.map(([, one]) => one.value), secret, text: false };
    const tree = Object.fromEntries(inner.map(([name, one]) => [name, one.value]));
    return { value: tree, secret, text: false };
  }

  #text(value: string, path: readonly string[]): Result {
    if (!value.includes('${')) return { value, secret: false, text: false };
    let [secret, length] = [false, value.length];
    let whole: Result | undefined;
    const text = value.replace(reference, (written: string, name?: string, fallback?: string) => {
      if (written === '$${') return '${';
      const result = this.#referred(path, name, fallback);
      if (written === value) whole = result;
      else if (typeof result.value === 'object') {
        const kind = result.value === null ? 'null' : 'a list';
        const what = `${quotedName(name as string)} is ${kind}, not a part of a text`;
        throw this.#refuse(path, what, 'Make the reference the whole value');
      }
      secret ||= result.secret;
      const shown = typeof result.value === 'object' ? '' : String(result.value);
      length += shown.length;
      this.#total += shown.length;
      if (length > maxLength || this.#total > maxTotal)
        throw this.#refuse(
          path,
          length > maxLength
            ? 'a value that expands to more than a million characters'
            : 'references that expand to more than ten million characters',
          'Shorten the values that are referred to',
        );
      return shown;
    });
    return whole ?? { value: text, secret, text: false };
  }

  /** The value of a reference: from the option, from the file, or the default. */
  #referred(path: readonly string[], written: string | undefined, fallback: string | undefined): Result {
    const name = written?.trim();
    if (!name || fallback?.startsWith('-'))
      throw this.#refuse(
        path,
        name ? 'a default after :-' : 'a ${ that does not begin a reference',
        spelling,
      );
    const { values, isSecret } = this.#options;
    const given = Object.hasOwn(values, name) ? values[name] : undefined;
    if (given !== undefined)
      return { value: given, secret: isSecret(name, given), text: typeof given === 'string' };
    const found = this.#inFile(path, name);
    if (found) {
      if (holdsSealed(found.value))
        throw this.#refuse(
          path,
          `a reference to ${quotedName(name)}, which is sealed`,
          'Seal the whole value instead',
        );
      return found;
    }
    if (fallback !== undefined) return { value: fallback, secret: false, text: true };
    const similar = nearest(name, [...(this.#keys ??= keysOf(this.#parsed.tree)), ...Object.keys(values)]);
    throw this.#refuse(
      path,
      `a reference to ${quotedName(name)}, which is not set`,
      similar ? `Did you mean ${similar}?` : `Set it, or write \${${name}:default}`,
    );
  }

  #inFile(path: readonly string[], name: string): Result | undefined {
    let key: Key;
    try {
      key = keyOf(name);
    } catch {
      throw this.#refuse(path, `${quotedName(name)} is not a key`, spelling);
    }
    const value = dig(this.#parsed.tree, key);
    if (value === undefined) return undefined;
    if (isTree(value))
      throw this.#refuse(
        path,
        `a reference to ${quotedName(name)}, which is a section`,
        'Refer to a value in it',
      );
    return this.#leaf(segments(key), value);
  }

  #refuse(path: readonly string[], what: string, hint: string): ConfigError {
    const { at } = this.#parsed;
    return refusal(this.#options.source, at(path) ?? 0, what, hint);
  }
}

/** The keys of all values. */
function keysOf(tree: ConfigTree, path: readonly string[] = []): Key[] {
  return Object.entries(tree).flatMap(([name, value]) =>
    isTree(value) ? keysOf(value, [...path, name]) : [keyFrom([...path, name])],
  );
}
