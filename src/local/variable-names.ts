// Which variable belongs to which key, in both directions. Used by EnvProvider and DotEnvProvider and by
// envExample. A name without a prefix may belong to any program, so it is never an error; a name with the
// prefix is ours.

import type { Loose } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { aString, type Check, mapOf, oneOf, sensitiveNames } from '../internal/options.ts';
import { keyFrom, keyOf, letters, parent, rest, screaming, segments } from '../key.ts';
import type { Sensitive } from '../redact.ts';
import type { Key } from '../value.ts';

/** How variables are named, in the environment and in `.env` files. */
export interface VariableOptions {
  /** Reads only variables that begin with the prefix: `APP` reads `APP_DATABASE_HOST` and
   *  `APP__DATABASE__HOST`. Without a prefix, all variables are read, but they bind only to keys of the
   *  schema, of another provider or of a caller. @default none */
  readonly prefix?: string;
  /** Separates the segments of a key in an exact name. With another one than `__`, all names are exact.
   *  @default '__' */
  readonly separator?: string;
  /** Exact variable names by key, with or without the prefix: `{ 'database.url': 'DATABASE_URL' }`.
   *  @default {} */
  readonly variables?: Readonly<Record<Key, string>>;
  /** Variables that contain a section as JSON, by key: `{ database: 'DATABASE_JSON' }`. @default {} */
  readonly json?: Readonly<Record<Key, string>>;
  /** Whether a variable that is set, but empty, is a value or counts as not set, so that the next source and
   *  the default of the schema apply. @default 'value' */
  readonly empty?: 'value' | 'absent';
  /** Which texts are booleans where the schema wants one: `true` and `false` only, or also `1`, `0`, `yes`,
   *  `no`, `on` and `off`, in any case. @default 'strict' */
  readonly booleans?: 'strict' | 'wide';
  /** More names whose values are secret. @default [] */
  readonly sensitive?: Sensitive;
}

export const variableChecks: Readonly<Record<string, Check>> = {
  prefix: aString,
  separator: (value) =>
    typeof value === 'string' && /^[^\p{L}\p{N}=\s]{1,8}$/u.test(value)
      ? undefined
      : "signs such as '__' or '.', no letters, digits or =",
  variables: mapOf(aString),
  json: mapOf(aString),
  empty: oneOf('value', 'absent'),
  booleans: oneOf('strict', 'wide'),
  sensitive: sensitiveNames,
};

/** What follows the prefix of a conventional name: `SERVER_HOST`. */
export const conventionalForm = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;

/** A number names an item of a list, and a list is a leaf. */
const isItem = (segment: string | undefined, at: number): boolean => at > 0 && /^\d+$/.test(segment ?? '');

/** Maps variable names to keys and back. A key has an exact name, `APP__SERVER__HOST`, and mostly a
 *  conventional one, `APP_SERVER_HOST`. */
export class VariableNames {
  readonly exact: readonly (readonly [key: Key, name: string])[];
  readonly json: readonly (readonly [key: Key, name: string])[];
  readonly loose: Loose;
  readonly prefix: string | undefined;
  readonly separator: string;
  /** What conventional names begin with; `undefined` if there are none. */
  readonly wordStart: string | undefined;
  readonly #start: string;
  readonly #mapped: ReadonlySet<string>;
  readonly #exactNames: ReadonlyMap<Key, readonly string[]>;
  readonly #jsonNames: ReadonlyMap<Key, readonly string[]>;

  constructor(owner: string, options: VariableOptions) {
    const { separator = '__', variables = {}, json = {} } = options;
    const isUsual = separator === '__';
    const prefix = isUsual ? options.prefix?.replace(/([^_])_$/, '$1') : options.prefix; // `APP_` means `APP`
    if (prefix?.endsWith(separator))
      throw new ConfigError('invalid_option', `${owner}: the option prefix ends with the separator`, {
        hint: 'Remove the separator from the prefix: it is added',
      });
    this.prefix = prefix;
    this.separator = separator;
    this.#start = prefix === undefined ? '' : prefix + separator;
    this.wordStart = isUsual ? this.#start.replace(/_$/, '') : undefined;
    this.loose = prefix === undefined ? 'known' : 'always';
    this.exact = canonical(variables);
    this.json = canonical(json);
    this.#mapped = new Set([...this.exact, ...this.json].map(([, name]) => name));
    this.#exactNames = grouped(this.exact);
    this.#jsonNames = grouped(this.json);
  }

  /** The loose key of an exact name; `undefined` if the name is mapped, lacks the prefix, or cannot be a
   *  key. */
  keyOf(name: string): Key | undefined {
    if (!name.startsWith(this.#start) || this.#mapped.has(name)) return undefined;
    const path = name.slice(this.#start.length).toLowerCase().split(this.separator);
    try {
      return path.includes('') ? undefined : keyFrom(path);
    } catch {
      return undefined;
    }
  }

  /** Whether a name has the prefix but cannot be a key. */
  isInvalid(name: string): boolean {
    return (
      this.loose === 'always' &&
      name.startsWith(this.#start) &&
      !this.#mapped.has(name) &&
      this.keyOf(name) === undefined
    );
  }

  /** Whether the option `variables` or `json` names this variable. */
  isMapped(name: string): boolean {
    return this.#mapped.has(name);
  }

  /** The names that can set a key, mapped names first. Empty if no name can spell the key. `isShared`: the
   *  conventional name can also mean another key. */
  namesFor(key: Key, isShared = false): string[] {
    const exact = this.#exactNames.get(key) ?? [];
    const sections = around(key).flatMap((at) => {
      const inside = rest(key, at);
      return (this.#jsonNames.get(at) ?? []).map((name) => (inside === '' ? name : `${name}#${inside}`));
    });
    return exact.length > 0 ? [...exact, ...sections] : [...sections, ...this.#spelled(key, isShared)];
  }

  #spelled(key: Key, isShared: boolean): string[] {
    const words = segments(key).map(screaming);
    if (words.some(isItem)) return [];
    const own = lettersOf(key);
    const name = words.join('_');
    if (this.wordStart !== undefined && !isShared && conventionalForm.test(name))
      if (joined(lettersOf(name)) === joined(own)) return [this.wordStart + name];
    const isOneWord = isShared && words.length === 1 && this.#start === '';
    const spelling = segments(key).map((segment, n) =>
      isOneWord || words[n]?.includes(this.separator) ? letters(segment).toUpperCase() : words[n],
    );
    if (spelling.some(isItem)) return [];
    const exact = this.#start + spelling.join(this.separator);
    const readBack = this.keyOf(exact);
    return readBack !== undefined && lettersOf(readBack) === own ? [exact] : [];
  }
}

/** The form by which loose keys are compared: `database.poolMax` and `DATABASE__POOL_MAX` have the same
 *  letters. */
export const lettersOf = (key: Key): string =>
  key.includes('"') ? segments(key).map(letters).join('\0') : letters(key).replaceAll('.', '\0');

/** `lettersOf` without the borders of segments: equal for all keys that one conventional name can mean. */
export const joined = (own: string): string => own.replaceAll('\0', '');

/** The joined letters of keys that share them although their segments differ. */
export function sharedLetters(keys: readonly Key[]): ReadonlySet<string> {
  const seen = new Map<string, string>();
  const all = keys.map(lettersOf);
  for (const own of all) seen.set(joined(own), own);
  return new Set(all.filter((own) => seen.get(joined(own)) !== own).map(joined));
}

/** Items by their texts, in their order. */
export function grouped<T>(pairs: readonly (readonly [text: string, item: T])[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const [text, item] of pairs) {
    const group = groups.get(text);
    if (group) group.push(item);
    else groups.set(text, [item]);
  }
  return groups;
}

/** A key and the keys of the sections around it. */
export function around(key: Key): Key[] {
  const keys = [key];
  for (let at = key; at !== ''; ) keys.push((at = parent(at)));
  return keys;
}

const canonical = (map: Readonly<Record<Key, string>>): [Key, string][] =>
  Object.entries(map).map(([key, name]) => [keyOf(key), name]);
