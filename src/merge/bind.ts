// Gives loose names their keys. A loose name cannot spell capitals: the environment variable `POOL_MAX` may
// mean `poolMax`, `pool_max`, `pool-max` or `pool.max`. `merge` calls `bind` before it places any value.

import { partsOf } from '../conventional-name.ts';
import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { camel, keyFrom, letters, segments } from '../key.ts';
import type { Layer, Wanted } from '../provider.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key, sameValue } from '../value.ts';

/** An entry or a hole and its path in the merged tree. */
export interface Bound {
  readonly path: readonly string[];
  readonly item: Entry | Unreadable;
}

/** The names that are known below one place, found by their letters. Reads the trees of exact sources only
 *  as deep as a name needs. */
class KnownNames {
  isLeaf = false;
  #trees: ConfigTree[] = [];
  #byLetters = new Map<string, Map<string, KnownNames>>();

  /** The names below `segment`, which becomes known. */
  child(segment: string): KnownNames {
    const same = letters(segment);
    let spellings = this.#byLetters.get(same);
    if (!spellings) this.#byLetters.set(same, (spellings = new Map()));
    let child = spellings.get(segment);
    if (!child) spellings.set(segment, (child = new KnownNames()));
    return child;
  }

  descendant(path: readonly string[]): KnownNames {
    return path.reduce<KnownNames>((names, segment) => names.child(segment), this);
  }

  addNamesOf(value: ConfigValue): void {
    if (isTree(value)) this.#trees.push(value);
    else this.isLeaf = true;
  }

  spellingsOf(segment: string): Iterable<[string, KnownNames]> {
    return this.withLetters(letters(segment));
  }

  withLetters(same: string): Iterable<[string, KnownNames]> {
    for (const tree of this.#trees)
      for (const name of Object.keys(tree)) this.child(name).addNamesOf(tree[name] as ConfigValue);
    this.#trees = [];
    return this.#byLetters.get(same) ?? [];
  }
}

interface Match {
  readonly path: readonly string[];
  readonly names: KnownNames;
}

/** Every known key with the same letters, segment by segment. */
function matches(root: KnownNames, path: readonly string[]): Match[] {
  let found: Match[] = [{ path: [], names: root }];
  for (const segment of path) {
    const next: Match[] = [];
    for (const match of found)
      for (const [name, names] of match.names.spellingsOf(segment))
        next.push({ path: [...match.path, name], names });
    found = next;
  }
  return found;
}

/** Every known leaf that a conventional name can mean: from the root, the next words spell a child. */
function leavesOf(root: KnownNames, key: Key): (readonly string[])[] {
  const { before, words } = partsOf(key);
  const found: (readonly string[])[] = [];
  const follow = ({ path, names }: Match, from: number): void => {
    if (from === words.length) {
      if (names.isLeaf) found.push(path);
      return;
    }
    let text = '';
    for (let at = from; at < words.length; at++) {
      text += words[at];
      for (const [name, child] of names.withLetters(text))
        follow({ path: [...path, name], names: child }, at + 1);
    }
  };
  for (const match of matches(root, before)) follow(match, 0);
  return found;
}

/** Binds each loose name to every wanted or exact key with the same letters, else to a camelCase key below
 *  the deepest known place. A name that binds only to what is known never makes a new key. */
export function bind(layers: readonly Layer[], wanted: Wanted = { keys: [], prefixes: [] }): Bound[][] {
  const items = layers.map((layer) => {
    const all: (Entry | Unreadable)[] = [...layer.entries, ...layer.holes];
    return all.some((item) => item.loose) ? gatherLists(all) : all;
  });
  const exact = (item: Entry | Unreadable): Bound => ({ path: segments(item.key), item });
  if (!items.some((layer) => layer.some((item) => item.loose))) return items.map((layer) => layer.map(exact));

  const root = new KnownNames();
  for (const key of wanted.keys) root.descendant(segments(key)).isLeaf = true;
  for (const key of wanted.prefixes) root.descendant(segments(key));
  for (const item of items.flat()) {
    if (item.loose) continue;
    const names = root.descendant(segments(item.key));
    if (!isUnreadable(item)) names.addNamesOf(item.value);
  }
  for (const item of items.flat()) if (item.loose === 'always') makeKnown(root, item);
  return items.map((layer) =>
    layer.flatMap((item) => {
      if (!item.loose) return [exact(item)];
      if (item.loose === 'words') return leavesOf(root, item.key).map((path) => ({ path, item }));
      const found = matches(root, segments(item.key)).filter(
        ({ names }) => item.loose === 'always' || names.isLeaf,
      );
      return found.map(({ path }) => ({ path, item }));
    }),
  );
}

/** Adds a loose name that matches no known key: as camelCase below the deepest known place. */
function makeKnown(root: KnownNames, item: Entry | Unreadable): void {
  const path = segments(item.key);
  const found = matches(root, path);
  if (!isUnreadable(item)) for (const { names } of found) names.isLeaf = true;
  if (found.length > 0) return;
  let depth = path.length - 1;
  while (matches(root, path.slice(0, depth)).length === 0) depth--;
  const base = matches(root, path.slice(0, depth))[0] as Match;
  const names = base.names.descendant(path.slice(depth).map(camel));
  if (!isUnreadable(item)) names.isLeaf = true;
}

const isIndex = (segment: string): boolean => /^\d+$/.test(segment);
/** Rules out most keys before they are split. */
const mayHaveIndex = /\.\d/;

/** Gathers loose names with numeric segments into lists: `SERVERS__0__HOST` is an item of `servers`.
 *  Indices that do not run from 0 to n−1 make a hole. */
export function gatherLists(items: readonly (Entry | Unreadable)[]): (Entry | Unreadable)[] {
  const gathered: (Entry | Unreadable)[] = [];
  const lists = new Map<string, Bound[]>();
  for (const item of items) {
    const mayBeItem = item.loose && item.loose !== 'words' && mayHaveIndex.test(item.key);
    const path = mayBeItem ? segments(item.key) : [];
    const index = path.findIndex((segment, n) => n > 0 && isIndex(segment));
    if (index < 0) {
      gathered.push(item);
      continue;
    }
    const id = path.slice(0, index).map(letters).join('.');
    const list = lists.get(id);
    if (list) list.push({ path, item });
    else lists.set(id, [{ path, item }]);
  }
  for (const list of lists.values()) gathered.push(asList(list));
  return gathered;
}

function asList(list: readonly Bound[]): Entry | Unreadable {
  const { path, item } = list[0] as Bound;
  const depth = path.findIndex((segment, n) => n > 0 && isIndex(segment));
  const key = keyFrom(path.slice(0, depth));
  const { origin } = item;
  const loose = item.loose ?? 'always';
  const hole = list.map((bound) => bound.item).find(isUnreadable);
  if (hole) return Object.freeze({ ...hole, key });
  try {
    const value = frozen(
      assemble(list.map((bound) => ({ path: bound.path.slice(depth), value: (bound.item as Entry).value }))),
    );
    const entries = list.map((bound) => bound.item as Entry);
    return makeEntry({
      key,
      value,
      secret: entries.some((entry) => entry.secret),
      origin,
      loose,
      text: entries.some((entry) => entry.text === 'wide') ? 'wide' : true,
    });
  } catch (fault) {
    if (!(fault instanceof Clash)) throw fault;
    const names = list.map((bound) => String(bound.item.origin)).join(', ');
    const error = new ConfigError('conflict', `${names}: ${fault.message}`, {
      key,
      origin,
      hint: 'Number the items of a list 0, 1, 2 … without gaps',
    });
    return Object.freeze({ key, origin, error, loose });
  }
}

class Clash extends Error {}

interface Piece {
  readonly path: readonly string[];
  readonly value: ConfigValue;
}

/** A list where all first segments are indices, else an object with camelCase names. */
function assemble(pieces: readonly Piece[]): ConfigValue {
  const leaf = pieces.find((piece) => piece.path.length === 0);
  if (leaf) {
    if (pieces.some((piece) => piece.path.length > 0))
      throw new Clash('an item is both a value and a section');
    if (pieces.some((piece) => !sameValue(piece.value, leaf.value)))
      throw new Clash('an item has two different values');
    return leaf.value;
  }
  const groups = new Map<string, Piece[]>();
  for (const { path, value } of pieces) {
    const first = path[0] as string;
    const name = isIndex(first) ? String(Number(first)) : camel(first);
    const group = groups.get(name);
    const piece = { path: path.slice(1), value };
    if (group) group.push(piece);
    else groups.set(name, [piece]);
  }
  const names = [...groups.keys()];
  const numbers = names.filter(isIndex);
  if (numbers.length === 0)
    return Object.fromEntries(names.map((name) => [name, assemble(groups.get(name) as Piece[])]));
  if (numbers.length < names.length) throw new Clash('indices are mixed with names');
  if (
    !numbers
      .map(Number)
      .sort((a, b) => a - b)
      .every((number, i) => number === i)
  )
    throw new Clash('the indices have gaps');
  return numbers.sort((a, b) => Number(a) - Number(b)).map((name) => assemble(groups.get(name) as Piece[]));
}
