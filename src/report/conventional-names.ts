// What a load reports about conventional names, such as `APP_SERVER_HOST`: one that means two keys of the
// schema, one that is probably misspelled, and one of the platform that is not used. Used by config/. The
// places that providers give for a key say how its variable is named.

import { joinedLetters } from '../conventional-name.ts';
import { type Entry, isUnreadable, type Unreadable } from '../entry.ts';
import type { Problem } from '../errors.ts';
import { Spelling } from '../internal/nearest.ts';
import { append, keyFrom, letters, rest, segments, startsWith } from '../key.ts';
import type { Merged } from '../merge/merged.ts';
import { platformLetters } from '../platform-names.ts';
import type { Layer } from '../provider.ts';
import type { Shape } from '../schema/shape.ts';
import type { Key } from '../value.ts';
import { placeFrom } from './places.ts';
import { unknownKey } from './problems.ts';
import { mayRead } from './unknown-keys.ts';

type Item = Entry | Unreadable;

/** What is known about a load. */
export interface NamesFound {
  readonly merged: Merged;
  readonly layers: readonly Layer[];
  readonly shape: Shape;
  /** The keys that the schema reads, below `at`. */
  readonly keys: readonly Key[];
  readonly at: Key;
  /** The places of a key, one a line. */
  readonly where: (key: Key) => readonly string[];
}

/** The words of a conventional name, as a variable has them: `SERVER_HOST`. */
const wordsOf = ({ key }: Item): string => (segments(key).at(-1) ?? '').toUpperCase();

/** The variable in a place, such as `APP__SERVER__HOST` in `env APP__SERVER__HOST`. */
const variableIn = (line: string): string | undefined =>
  /^\S+ ([A-Z][A-Z0-9_]*)$/.exec(placeFrom(line).bare)?.[1];

/** The variable of a key, if possible in the source of an item. */
function variableOf(key: Key, item: Item, where: NamesFound['where']): string | undefined {
  const [source] = item.origin.source.split(' ') as [string];
  const lines = where(key).filter((line) => variableIn(line) !== undefined);
  const line = lines.find((one) => one.startsWith(`${source} `)) ?? lines[0];
  return line && variableIn(line);
}

/** What precedes the words in a variable: `APP_` for `APP__SERVER__HOST` and the words `SERVER_HOST`. */
function startOf(variable: string, words: string): string {
  let at = variable.length;
  for (let left = letters(words).length; left > 0 && at > 0; at--) if (variable[at - 1] !== '_') left--;
  return variable.slice(0, at).replace(/_+$/, '_');
}

/** The problems with conventional names that have set a key and can mean several keys of the schema. Keys
 *  with the same letters in the same segments are one: their exact names are equal, too. */
export function ambiguousNames({ merged, shape, at, where }: NamesFound): Problem[] {
  const names = new Map<string, { item: Item; keys: Map<string, Key>; isUsed: boolean }>();
  for (const [layer, items] of merged.bound.entries())
    for (const { item, path } of items) {
      if (item.loose !== 'words') continue;
      const key = keyFrom(path);
      const inside = startsWith(key, at) ? segments(rest(key, at)) : undefined;
      if (!inside || !mayRead(inside, shape)) continue;
      // a variable with the option fileSuffix is two entries of one origin
      const id = `${layer} ${item.origin}`;
      const name = names.get(id) ?? { item, keys: new Map(), isUsed: false };
      names.set(id, name);
      name.keys.set(path.map(letters).join('\0'), rest(key, at));
      name.isUsed ||= isUnreadable(item) || merged.leaves.get(key)?.entry === item;
    }
  return [...names.values()].flatMap(({ item, keys, isUsed }) =>
    isUsed && keys.size > 1 ? [ambiguous(item, [...keys.values()], where)] : [],
  );
}

/** A variable as its source has it, as far as that is known: in a file, from the exact name of its key. */
function nameOf(item: Item, exact: string | undefined): string {
  const { source } = item.origin;
  if (source.startsWith('env ')) return source.slice('env '.length);
  const words = wordsOf(item);
  return exact === undefined ? words : startOf(exact, words).replaceAll('__', '_') + words;
}

function ambiguous(item: Item, keys: readonly Key[], where: NamesFound['where']): Problem {
  const exact = keys.map((key) => variableOf(key, item, where));
  const name = nameOf(item, exact[0]);
  const others = new Set(exact.filter((one) => one !== undefined && one !== name));
  return {
    kind: 'ambiguous',
    key: keys[0] as Key,
    message: `${name} can mean ${keys.map((key) => `"${key}"`).join(' and ')}`,
    origin: String(item.origin),
    hint:
      others.size === keys.length
        ? `Set ${[...others].join(' or ')} instead`
        : 'Name the variable of each key in the option variables',
  };
}

/** Comparisons that each load makes: 20 milliseconds at most. */
const briefly = 10_000;
const digitsOf = (text: string): string => text.replace(/\D/g, '');

/** A conventional name that is bound to no key. */
export interface UnboundName {
  readonly entry: Entry;
  /** The known key that it is like, and the variable of that key. */
  readonly similar?: { readonly key: Key; readonly variable: string; readonly hasPrefix: boolean };
}

/** The conventional names that are bound to no key: those of lines in files, and those with a prefix that are
 *  like a known key. Other variables may belong to any program. */
export function unboundNames({ merged, layers, keys, at, where }: NamesFound): UnboundName[] {
  const all = layers.flatMap(({ entries }) => entries.filter(({ loose }) => loose === 'words'));
  if (all.length === 0) return [];
  const bound = new Set(merged.bound.flatMap((items) => items.map(({ item }) => item)));
  const unbound = all.filter((entry) => !bound.has(entry));
  if (unbound.length === 0) return [];
  const spelling = new Spelling(briefly);
  const known = new Map(keys.map((key) => [joinedLetters(append(at, key)), key]));
  const similarTo = (entry: Entry): UnboundName['similar'] => {
    const words = wordsOf(entry);
    if (String(entry.origin) === `env ${words}`) return undefined; // no prefix
    const own = joinedLetters(entry.key);
    const near = known.has(own) ? own : spelling.nearest(own, known);
    if (near === undefined || digitsOf(own) !== digitsOf(near)) return undefined; // another number
    const key = known.get(near) as Key;
    const variable = variableOf(key, entry, where);
    return variable ? { key, variable, hasPrefix: startOf(variable, words) !== '' } : undefined;
  };
  return unbound.flatMap((entry) => {
    const similar = similarTo(entry);
    const isOwn = entry.origin.line !== undefined || similar?.hasPrefix;
    return isOwn ? [{ entry, ...(similar && { similar }) }] : [];
  });
}

/** The problems with conventional names that are probably misspelled. */
export const misspelledNames = (names: NamesFound): Problem[] =>
  unboundNames(names).flatMap(({ entry: { key, origin }, similar }) =>
    similar?.hasPrefix
      ? [{ ...unknownKey(key, String(origin), undefined), hint: `Did you mean ${similar.variable}?` }]
      : [],
  );

/** What to say of variables of the platform that are not used, although the schema has their keys. */
export const unusedPlatformNames = ({ keys, at, where }: NamesFound): string[] =>
  keys.flatMap((key) =>
    platformLetters.test(joinedLetters(append(at, key)))
      ? where(key).flatMap((line) => /\((\S+ is set and is not used for .*)\)$/.exec(line)?.[1] ?? [])
      : [],
  );
