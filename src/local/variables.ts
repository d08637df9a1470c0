// Variables bound to keys, as EnvProvider and DotEnvProvider see them at one time. `DATABASE__POOL_MAX`
// cannot spell `poolMax`, so a variable is found by its letters, and `DATABASE_POOL_MAX` by its words; mapped
// names and sections in JSON are exact.

import { below, joinedLetters, spells } from '../conventional-name.ts';
import { type Entry, isUnreadable, type Loose, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { loadJson } from '../formats/format.ts';
import { dig } from '../internal/dig.ts';
import { append, rest, segments, startsWith } from '../key.ts';
import { gatherLists } from '../merge/bind.ts';
import { provenanceOf } from '../merge/leaf.ts';
import type { Origin } from '../origin.ts';
import { isSecretName, type Sensitive, taint } from '../redact.ts';
import { type Steps, together, wait } from '../turns.ts';
import { type ConfigValue, frozen, isTree, type Key, sameValue } from '../value.ts';
import { looseKeyOf } from './loose-keys.ts';
import { OtherSpellings, type SetNames } from './other-spellings.ts';
import { serviceLinks } from './service-links.ts';
import { makeUnjudgedEntry } from './unjudged-entry.ts';
import { around, grouped, joined, lettersOf, type VariableNames } from './variable-names.ts';

/** One variable as its source returns it. */
export interface Variable {
  readonly name: string;
  /** An error if the variable is set but cannot be read. */
  readonly value: string | ConfigError;
  readonly origin: Origin;
  /** `true`: secret. `false`: secret only if the key or the value is. Absent: the variable's name decides
   *  too. */
  readonly secret?: boolean;
}

/** Keys that a caller asks for. */
export interface Asked {
  readonly keys: readonly Key[];
  /** Any key below these may be asked for. */
  readonly prefixes: readonly Key[];
  /** The variables of a key, as `where` gives them. */
  readonly namesOf: (key: Key) => readonly string[];
}

/** A variable that is read only if a key needs it. */
export interface Postponed {
  readonly name: string;
  readonly read: () => Steps<readonly Variable[]>;
}

type Item = Entry | Unreadable;

interface Later {
  readonly needed: (asked: Asked) => readonly Postponed[];
  readonly itemsOf: (variables: readonly Variable[]) => readonly Item[];
}

/** The variables of a provider: entries at exact keys, loose entries that are found by their letters, and
 *  conventional names that are found by their words. */
export class Variables {
  /** Variables that are set, and do not set what they were meant to. */
  readonly spellings: OtherSpellings;
  readonly #exact: readonly Item[];
  readonly #loose: (readonly [letters: string, item: Item])[];
  readonly #byKey: ReadonlyMap<Key, readonly Item[]>;
  readonly #byLetters: Map<string, Item[]>;
  readonly #words: Item[];
  readonly #byWords: Map<string, Item[]>;
  readonly #later: Later | undefined;
  readonly #added = new Set<string>();

  constructor(exact: readonly Item[], loose: readonly Item[], spellings: OtherSpellings, later?: Later) {
    this.spellings = spellings;
    this.#later = later;
    this.#exact = exact;
    this.#words = loose.filter((item) => item.loose === 'words');
    const exactNames = this.#words.length > 0 ? loose.filter((item) => item.loose !== 'words') : loose;
    this.#loose = gatherLists(exactNames).map((item) => [lettersOf(item.key), item]);
    this.#byKey = grouped(exact.map((item) => [item.key, item]));
    this.#byLetters = grouped(this.#loose);
    this.#byWords = grouped(this.#words.map((item) => [joinedLetters(item.key), item]));
  }

  /** Reads the variables that are read only if one of these keys needs them. `undefined` if there are
   *  none. */
  prepare(asked: Asked): Steps<unknown> | undefined {
    const later = this.#later;
    const needed = later?.needed(asked) ?? [];
    return later && needed.length > 0 ? together(needed.map((one) => this.#addOnce(one, later))) : undefined;
  }

  *#addOnce({ name, read }: Postponed, later: Later): Steps<void> {
    if (this.#added.has(name)) return;
    const found = yield* read();
    if (this.#added.has(name)) return; // by another caller, meanwhile
    this.#added.add(name);
    later.itemsOf(found).forEach(this.#add);
  }

  readonly #add = (item: Item): void => {
    const [map, letters] =
      item.loose === 'words'
        ? [this.#byWords, joinedLetters(item.key)]
        : [this.#byLetters, lettersOf(item.key)];
    if (item.loose === 'words') this.#words.push(item);
    else this.#loose.push([letters, item]);
    map.set(letters, [...(map.get(letters) ?? []), item]);
  };

  /** Returns the leaf at a key. Throws the error of a hole there, and of two different values. */
  find(key: Key): Entry | undefined {
    const own = lettersOf(key);
    const words = this.#byWords.get(joined(own))?.filter((item) => spells(item.key, key)) ?? [];
    const at = [...this.#narrowed(key), ...(this.#byLetters.get(own) ?? []), ...words];
    const entries = at.filter((item) => !isUnreadable(item)) as Entry[];
    const [first] = entries;
    const other = entries.find((entry) => !sameValue(entry.value, (first as Entry).value));
    if (first && other) throw conflict(first, other, key);
    if (first && !isTree(first.value)) {
      const { leaf, ...entry } = first;
      return makeEntry({ ...entry, key, secret: entries.some((one) => provenanceOf(one, key).secret) });
    }
    const hole = at.find(isUnreadable) ?? this.#holeAbove(key);
    if (hole) throw hole.error.with({ key });
    return undefined;
  }

  /** A hole hides the keys below it from lower providers. Names that bind only to known leaves hide
   *  nothing. */
  #holeAbove(key: Key): Unreadable | undefined {
    return around(key)
      .flatMap((at) => this.#byLetters.get(lettersOf(at)) ?? [])
      .filter(isUnreadable)
      .find((item) => item.loose === 'always');
  }

  /** The parts of exact items at a key: of those there, and of the sections around it. */
  #narrowed(key: Key): Item[] {
    return around(key).flatMap((at) => this.#byKey.get(at)?.flatMap((item) => narrowed(item, key)) ?? []);
  }

  list(prefix: Key): Item[] {
    if (prefix === '') return [...this.#exact, ...this.#loose.map(([, item]) => item), ...this.#words];
    const exact = this.#exact.flatMap((item) =>
      startsWith(item.key, prefix) ? [item] : narrowed(item, prefix),
    );
    const at = lettersOf(prefix);
    const loose = this.#loose.filter(
      ([name, item]) => isBelow(name, at) || (isUnreadable(item) && isBelow(at, name)),
    );
    const path = segments(prefix);
    const words = this.#words.filter((item) => below(item.key, path) !== undefined);
    return [...exact, ...loose.map(([, item]) => item), ...words];
  }
}

const isBelow = (name: string, prefix: string): boolean => name === prefix || name.startsWith(`${prefix}\0`);

/** The part of an exact item at `key`: the value inside a section, or the hole that covers the key. */
function narrowed(item: Item, key: Key): Item[] {
  if (!startsWith(key, item.key)) return [];
  if (isUnreadable(item) || item.key === key) return [item];
  const inside = rest(key, item.key);
  const value = dig(item.value, inside);
  if (value === undefined) return [];
  const { leaf, ...entry } = item;
  const own = isTree(value) ? leaf && { leaf: (at: Key) => leaf(append(inside, at)) } : leaf?.(inside);
  return [makeEntry({ ...entry, key, value, ...own })];
}

function conflict(a: Entry, b: Entry, key: Key): ConfigError {
  const [section, leaf] = isTree(a.value) ? [a, b] : [b, a];
  const what =
    isTree(section.value) && !isTree(leaf.value)
      ? `"${key}" is a section in ${section.origin} and a value in ${leaf.origin}`
      : `"${key}" has different values in ${a.origin} and ${b.origin}`;
  return new ConfigError('conflict', what, {
    provider: b.origin.provider,
    key,
    origin: b.origin,
    hint: 'Keep one of them',
  });
}

export interface ReadVariablesOptions {
  readonly provider: string;
  readonly sensitive?: Sensitive | undefined;
  /** `absent`: leaves out empty variables. */
  readonly empty?: 'value' | 'absent' | undefined;
  /** `wide`: more texts are booleans. */
  readonly booleans?: 'strict' | 'wide' | undefined;
  readonly set: Omit<SetNames, 'empty' | 'links'>;
  /** The variables that are read only if one of these keys needs them. */
  readonly postponed?: (asked: Asked) => readonly Postponed[];
}

/** Binds variables to keys: mapped variables and JSON sections exactly, all others loosely.
 *  @throws ConfigError `invalid_key` for a name with the prefix that cannot be a key */
export function* readVariables(
  all: readonly Variable[],
  names: VariableNames,
  { provider, sensitive, empty = 'value', booleans, set, postponed }: ReadVariablesOptions,
): Steps<Variables> {
  const isAbsent = ({ value }: Variable): boolean => empty === 'absent' && value === '';
  const found = all.filter((variable) => !isAbsent(variable));
  const tainted = taint(sensitive);
  const byName = grouped(found.map((variable) => [variable.name, variable]));
  const named = (name: string): readonly Variable[] => byName.get(name) ?? [];
  const secret = (key: Key, value: ConfigValue, { name, secret: known }: Variable): boolean =>
    known === true || tainted(key, value) || (known === undefined && isSecretName(name, sensitive));
  const item = (key: Key, variable: Variable, loose?: Loose): Item => {
    const { value, origin } = variable;
    if (typeof value !== 'string')
      return Object.freeze({ key, origin, error: value, ...(loose && { loose }) });
    const text = booleans === 'wide' ? 'wide' : true;
    const fields = { key, value, secret: true, origin, text, ...(loose && { loose }) } as const;
    const isSecret = (): boolean => secret(key, value, variable);
    if (loose !== 'words') return makeUnjudgedEntry(fields, isSecret);
    const leaf = (at: Key) => ({ origin, secret: secret(at || key, value, variable) });
    return makeUnjudgedEntry({ ...fields, leaf }, isSecret);
  };
  function* section(key: Key, variable: Variable): Steps<Item> {
    const { value: text, origin } = variable;
    if (typeof text !== 'string') return Object.freeze({ key, origin, error: text });
    const { json } = yield* wait(loadJson);
    try {
      const parsed = yield* json.parse({ provider, file: `${origin} (as JSON)`, text });
      const value = frozen(parsed.tree);
      const leaf = (inside: Key) => ({
        origin,
        secret: secret(append(key, inside), dig(value, inside) ?? null, variable),
      });
      return makeEntry({ key, value, secret: false, origin, leaf });
    } catch (error) {
      return Object.freeze({ key, origin, error: error as ConfigError });
    }
  }
  const exact = names.exact.flatMap(([key, name]) => named(name).map((variable) => item(key, variable)));
  const sections = names.json.flatMap(([key, name]) => named(name).map((variable) => section(key, variable)));
  const links = serviceLinks(found);
  const looseItem = (variable: Variable): Item[] => {
    const { name } = variable;
    const bound = set.ofPlatform?.(name) ? undefined : looseKeyOf(name, names);
    if (bound)
      return bound.loose === 'words' && links.has(name) ? [] : [item(bound.key, variable, bound.loose)];
    if (names.isInvalid(name)) throw invalidName(variable, provider);
    return [];
  };
  const spellings = new OtherSpellings(names, {
    ...set,
    empty: new Set(all.filter(isAbsent).map(({ name }) => name)),
    links,
  });
  const itemsOf = (variables: readonly Variable[]): Item[] =>
    variables.flatMap((variable) => (isAbsent(variable) ? [] : looseItem(variable)));
  const later = postponed && { needed: postponed, itemsOf };
  return new Variables([...exact, ...(yield* together(sections))], itemsOf(found), spellings, later);
}

function invalidName({ name, origin }: Variable, provider: string): ConfigError {
  const what = `${origin}: ${name} cannot be a key: a segment is empty or reserved, or the key is too long`;
  return new ConfigError('invalid_key', what, {
    provider,
    origin,
    hint: 'Rename or remove the variable, or map it with the option variables',
  });
}
