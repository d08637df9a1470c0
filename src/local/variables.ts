import { type Entry, isUnreadable, type Loose, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError, isConfigError } from '../errors.ts';
import { formats } from '../formats/format.ts';
import { dig } from '../internal/dig.ts';
import { append, parent, rest, startsWith } from '../key.ts';
import { arrays } from '../merge/bind.ts';
import type { Origin } from '../origin.ts';
import { isSecretName, type Sensitive, taint } from '../redact.ts';
import { type ConfigValue, frozen, isTree, type Key, sameValue } from '../value.ts';
import { lettersOf, type VariableNames } from './variable-names.ts';

/** One variable as its source gives it. */
export interface Variable {
  readonly name: string;
  /** An error: it is there, and it cannot be read. */
  readonly value: string | ConfigError;
  readonly origin: Origin;
  /** It is one, whatever its name; `false`: nor does its name say so. */
  readonly secret?: boolean;
}

type Item = Entry | Unreadable;
type Answer = Entry | ConfigError;

const maxAnswers = 10_000;

/** Variables as a provider sees them at one time: entries at exact keys, and loose ones that are found by their letters. */
export class Variables {
  readonly #exact: readonly Item[];
  readonly #loose: readonly (readonly [spoken: string, item: Item])[];
  readonly #bySpoken = new Map<string, Item[]>();
  readonly #answers = new Map<Key, Promise<Entry | undefined>>();

  constructor(exact: readonly Item[], loose: readonly Item[]) {
    this.#exact = exact;
    this.#loose = arrays(loose).map((item) => [lettersOf(item.key), item]);
    for (const [name, item] of this.#loose)
      this.#bySpoken.set(name, [...(this.#bySpoken.get(name) ?? []), item]);
  }

  /** The leaf at a key, or the error of a hole that stands there. */
  get(key: Key): Promise<Entry | undefined> {
    const known = this.known(key);
    if (known) return known;
    const found = this.#look(key);
    const answer = isConfigError(found) ? Promise.reject(found) : Promise.resolve(found);
    answer.catch(() => {}); // it is kept for readers who may never come
    if (this.#answers.size >= maxAnswers) this.#answers.clear();
    this.#answers.set(key, answer);
    return answer;
  }

  /** The same, for a key that was asked for before. */
  known(key: Key): Promise<Entry | undefined> | undefined {
    return this.#answers.get(key);
  }

  #look(key: Key): Answer | undefined {
    const at = [
      ...this.#exact.flatMap((item) => cut(item, key)),
      ...(this.#bySpoken.get(lettersOf(key)) ?? []),
    ];
    const entries = at.filter((item) => !isUnreadable(item)) as Entry[];
    const [first] = entries;
    const other = entries.find((entry) => !sameValue(entry.value, (first as Entry).value));
    if (first && other) return clash(first, other, key);
    if (first && !isTree(first.value))
      return makeEntry({ ...first, key, secret: entries.some((entry) => entry.secret) });
    return (at.find(isUnreadable) ?? this.#holeAbove(key))?.error.with({ key });
  }

  /** Below a hole nobody else may answer; names that bind only to known leaves hide nothing below themselves. */
  #holeAbove(key: Key): Unreadable | undefined {
    for (let at = key; at !== ''; ) {
      at = parent(at);
      const hole = this.#bySpoken
        .get(lettersOf(at))
        ?.find((item) => item.loose === 'always' && isUnreadable(item));
      if (hole) return hole as Unreadable;
    }
    return undefined;
  }

  list(prefix: Key): Item[] {
    if (prefix === '') return [...this.#exact, ...this.#loose.map(([, item]) => item)];
    const exact = this.#exact.flatMap((item) => (startsWith(item.key, prefix) ? [item] : cut(item, prefix)));
    const at = lettersOf(prefix);
    const loose = this.#loose.filter(
      ([name, item]) => below(name, at) || (isUnreadable(item) && below(at, name)),
    );
    return [...exact, ...loose.map(([, item]) => item)];
  }
}

const below = (name: string, prefix: string): boolean => name === prefix || name.startsWith(`${prefix}\0`);

/** What an exact entry says at `key`, which it may hold inside; a hole above says that it cannot tell. */
function cut(item: Item, key: Key): Item[] {
  if (!startsWith(key, item.key)) return [];
  if (isUnreadable(item) || item.key === key) return [item];
  const inside = rest(key, item.key);
  const value = dig(item.value, inside);
  if (value === undefined) return [];
  const { leaf, ...entry } = item;
  const own = isTree(value) ? leaf && { leaf: (at: Key) => leaf(append(inside, at)) } : leaf?.(inside);
  return [makeEntry({ ...entry, key, value, ...own })];
}

function clash(a: Entry, b: Entry, key: Key): ConfigError {
  const what =
    isTree(a.value) || isTree(b.value)
      ? `"${key}" is a section in one of ${a.origin} and ${b.origin}, and a value in the other`
      : `${a.origin} and ${b.origin} both give "${key}", and differ`;
  return new ConfigError('conflict', what, {
    provider: b.origin.provider,
    key,
    origin: b.origin,
    hint: 'Keep one of them',
  });
}

/** Gives variables their keys: mapped ones exactly, sections of JSON exactly, all others loosely. */
export async function readVariables(
  found: readonly Variable[],
  names: VariableNames,
  { provider, sensitive }: { readonly provider: string; readonly sensitive?: Sensitive | undefined },
): Promise<Variables> {
  const tainted = taint(sensitive);
  const called = (name: string): readonly Variable[] => found.filter((variable) => variable.name === name);
  const secret = (key: Key, value: ConfigValue, { name, secret: known }: Variable): boolean =>
    known === true || tainted(key, value) || (known === undefined && isSecretName(name, sensitive));
  const item = (key: Key, variable: Variable, loose?: Loose): Item => {
    const { value, origin } = variable;
    if (typeof value !== 'string')
      return Object.freeze({ key, origin, error: value, ...(loose && { loose }) });
    return makeEntry({
      key,
      value,
      secret: secret(key, value, variable),
      origin,
      text: true,
      ...(loose && { loose }),
    });
  };
  const section = async (key: Key, variable: Variable): Promise<Item> => {
    const { value: text, origin } = variable;
    if (typeof text !== 'string') return Object.freeze({ key, origin, error: text });
    try {
      const value = frozen((await formats.json.parse({ provider, file: `${origin} (as JSON)`, text })).tree);
      const leaf = (inside: Key) => ({
        origin,
        secret: secret(append(key, inside), dig(value, inside) ?? null, variable),
      });
      return makeEntry({ key, value, secret: false, origin, leaf });
    } catch (error) {
      return Object.freeze({ key, origin, error: error as ConfigError });
    }
  };
  const exact = names.exact.flatMap(([key, name]) => called(name).map((variable) => item(key, variable)));
  const sections = names.json.flatMap(([key, name]) =>
    called(name).map((variable) => section(key, variable)),
  );
  const loose = found.flatMap((variable) => {
    const key = names.keyOf(variable.name);
    if (key !== undefined) return [item(key, variable, names.loose)];
    if (names.refuses(variable.name)) throw noKey(variable, provider);
    return [];
  });
  return new Variables([...exact, ...(await Promise.all(sections))], loose);
}

function noKey({ name, origin }: Variable, provider: string): ConfigError {
  const what = `${origin}: ${name} cannot be a key: a segment is empty or reserved, or it is too long`;
  return new ConfigError('invalid_key', what, {
    provider,
    origin,
    hint: 'Rename or remove it, or name it in variables',
  });
}
