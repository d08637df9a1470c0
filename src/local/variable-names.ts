import type { Loose } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { aString, type Check, mapOf, sensitiveNames } from '../internal/options.ts';
import { keyFrom, keyOf, letters, rest, screaming, segments, startsWith } from '../key.ts';
import type { Sensitive } from '../redact.ts';
import type { Key } from '../value.ts';

/** How variables are named; the same for the environment and for `.env` files. */
export interface VariableOptions {
  /** Only variables that begin with it and the separator are read: `APP` reads `APP__DATABASE__HOST`. Without one, all are, but
   *  they bind only to keys that somebody knows: a schema, a file, a caller. @default none */
  readonly prefix?: string;
  /** What stands between the segments of a key. @default '__' */
  readonly separator?: string;
  /** Keys that have a variable of another name, prefix or not: `{ 'database.url': 'DATABASE_URL' }`. @default {} */
  readonly variables?: Readonly<Record<Key, string>>;
  /** Sections that one variable holds as JSON: `{ database: 'DATABASE_JSON' }`. @default {} */
  readonly json?: Readonly<Record<Key, string>>;
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
  sensitive: sensitiveNames,
};

/** Which variable stands for which key, in both directions. */
export class VariableNames {
  readonly exact: readonly (readonly [key: Key, name: string])[];
  readonly json: readonly (readonly [key: Key, name: string])[];
  readonly loose: Loose;
  readonly #head: string;
  readonly #separator: string;
  readonly #mapped: ReadonlySet<string>;

  constructor(owner: string, { prefix, separator = '__', variables = {}, json = {} }: VariableOptions) {
    if (prefix?.endsWith(separator))
      throw new ConfigError('invalid_option', `${owner}: the option prefix ends in the separator`, {
        hint: 'Leave the separator out, it is put behind the prefix',
      });
    this.#separator = separator;
    this.#head = prefix === undefined ? '' : prefix + separator;
    this.loose = prefix === undefined ? 'known' : 'always';
    this.exact = canonical(variables);
    this.json = canonical(json);
    this.#mapped = new Set([...this.exact, ...this.json].map(([, name]) => name));
  }

  /** The loose key that a variable's name spells; `undefined` for one that is mapped, not ours, or cannot be a key. */
  keyOf(name: string): Key | undefined {
    if (!name.startsWith(this.#head) || this.#mapped.has(name)) return undefined;
    const path = name.slice(this.#head.length).toLowerCase().split(this.#separator);
    try {
      return path.includes('') ? undefined : keyFrom(path);
    } catch {
      return undefined;
    }
  }

  /** Whether a name has our prefix, and cannot be a key. Without a prefix it is somebody else's. */
  refuses(name: string): boolean {
    return (
      this.loose === 'always' &&
      name.startsWith(this.#head) &&
      !this.#mapped.has(name) &&
      this.keyOf(name) === undefined
    );
  }

  /** Whether an option names this variable. */
  isMapped(name: string): boolean {
    return this.#mapped.has(name);
  }

  /** The names to set for a key, the mapped ones first; none where no name can spell it. */
  of(key: Key): string[] {
    const exact = this.exact.flatMap(([at, name]) => (at === key ? [name] : []));
    const sections = this.json.flatMap(([at, name]) =>
      startsWith(key, at) ? [at === key ? name : `${name}#${rest(key, at)}`] : [],
    );
    return exact.length > 0 ? [...exact, ...sections] : [...sections, ...this.#spelled(key)];
  }

  #spelled(key: Key): string[] {
    const path = segments(key);
    const spelling = path.map((segment) => {
      const text = screaming(segment);
      return text.includes(this.#separator) ? letters(segment).toUpperCase() : text;
    });
    const name = this.#head + spelling.join(this.#separator);
    const back = this.keyOf(name);
    const isItem = spelling.some((segment, n) => n > 0 && /^\d+$/.test(segment)); // of a list, which is one leaf
    return back !== undefined && !isItem && lettersOf(back) === lettersOf(key) ? [name] : [];
  }
}

/** What loose keys are looked up by. */
export const lettersOf = (key: Key): string => segments(key).map(letters).join('\0');

const canonical = (map: Readonly<Record<Key, string>>): [Key, string][] =>
  Object.entries(map).map(([key, name]) => [keyOf(key), name]);
