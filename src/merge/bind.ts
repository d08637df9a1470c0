import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { camel, keyFrom, letters, segments } from '../key.ts';
import type { Layer, Wanted } from '../provider.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, sameValue } from '../value.ts';

/** An entry or a hole at the place where it stands in the merge. */
export interface Bound {
  readonly path: readonly string[];
  readonly item: Entry | Unreadable;
}

/** The names that are known at one place, found by their letters. Trees of exact sources are read only as deep as somebody looks. */
class Names {
  leaf = false;
  #trees: ConfigTree[] = [];
  #kids = new Map<string, Map<string, Names>>();

  kid(segment: string): Names {
    const same = letters(segment);
    let spellings = this.#kids.get(same);
    if (!spellings) this.#kids.set(same, (spellings = new Map()));
    let kid = spellings.get(segment);
    if (!kid) spellings.set(segment, (kid = new Names()));
    return kid;
  }

  learn(value: ConfigValue): void {
    if (isTree(value)) this.#trees.push(value);
    else this.leaf = true;
  }

  spellings(segment: string): Iterable<[string, Names]> {
    for (const tree of this.#trees)
      for (const name of Object.keys(tree)) this.kid(name).learn(tree[name] as ConfigValue);
    this.#trees = [];
    return this.#kids.get(letters(segment)) ?? [];
  }
}

interface Found {
  readonly path: readonly string[];
  readonly names: Names;
}

/** Every known key with the same letters, segment by segment. */
function find(root: Names, path: readonly string[]): Found[] {
  let found: Found[] = [{ path: [], names: root }];
  for (const segment of path) {
    found = found.flatMap((at) =>
      Array.from(at.names.spellings(segment), ([name, names]) => ({ path: [...at.path, name], names })),
    );
  }
  return found;
}

const at = (root: Names, path: readonly string[]): Names =>
  path.reduce((names, segment) => names.kid(segment), root);

/** Gives loose names their keys: every wanted or exact key with the same letters, else camelCase below what is known.
 *  Names that bind only to what is `known` never make a key of their own. */
export function bind(layers: readonly Layer[], wanted: Wanted = { keys: [], prefixes: [] }): Bound[][] {
  const items = layers.map((layer) => {
    const all: (Entry | Unreadable)[] = [...layer.entries, ...layer.holes];
    return all.some((item) => item.loose) ? arrays(all) : all;
  });
  const exact = (item: Entry | Unreadable): Bound => ({ path: segments(item.key), item });
  if (!items.some((layer) => layer.some((item) => item.loose))) return items.map((layer) => layer.map(exact));

  const root = new Names();
  for (const key of wanted.keys) at(root, segments(key)).leaf = true;
  for (const key of wanted.prefixes) at(root, segments(key));
  for (const item of items.flat()) {
    if (item.loose) continue;
    const names = at(root, segments(item.key));
    if (!isUnreadable(item)) names.learn(item.value);
  }
  for (const item of items.flat()) if (item.loose === 'always') introduce(root, item);
  return items.map((layer) =>
    layer.flatMap((item) => {
      if (!item.loose) return [exact(item)];
      const found = find(root, segments(item.key)).filter(
        ({ names }) => item.loose === 'always' || names.leaf,
      );
      return found.map(({ path }) => ({ path, item }));
    }),
  );
}

/** A loose name that nobody knows becomes known, as camelCase below the deepest place that is. */
function introduce(root: Names, item: Entry | Unreadable): void {
  const path = segments(item.key);
  const found = find(root, path);
  if (!isUnreadable(item)) for (const { names } of found) names.leaf = true;
  if (found.length > 0) return;
  let known = path.length - 1;
  while (find(root, path.slice(0, known)).length === 0) known--;
  const base = find(root, path.slice(0, known))[0] as Found;
  const names = at(base.names, path.slice(known).map(camel));
  if (!isUnreadable(item)) names.leaf = true;
}

const isIndex = (segment: string): boolean => /^\d+$/.test(segment);

/** Numeric segments of loose names are indices: `SERVERS__0__HOST` makes a list when they run 0…n−1, else a hole. */
export function arrays(items: readonly (Entry | Unreadable)[]): (Entry | Unreadable)[] {
  const out: (Entry | Unreadable)[] = [];
  const lists = new Map<string, Bound[]>();
  for (const item of items) {
    const path = item.loose ? segments(item.key) : [];
    const index = path.findIndex((segment, n) => n > 0 && isIndex(segment));
    if (index < 0) {
      out.push(item);
      continue;
    }
    const id = path.slice(0, index).map(letters).join('.');
    const list = lists.get(id);
    if (list) list.push({ path, item });
    else lists.set(id, [{ path, item }]);
  }
  for (const list of lists.values()) out.push(asList(list));
  return out;
}

function asList(list: readonly Bound[]): Entry | Unreadable {
  const { path, item } = list[0] as Bound;
  const depth = path.findIndex((segment, n) => n > 0 && isIndex(segment));
  const key = keyFrom(path.slice(0, depth));
  const { origin } = item;
  const loose = item.loose ?? 'always';
  const hole = list.map((one) => one.item).find(isUnreadable);
  if (hole) return Object.freeze({ ...hole, key });
  try {
    const value = frozen(
      build(list.map((one) => ({ path: one.path.slice(depth), value: (one.item as Entry).value }))),
    );
    const entries = list.map((one) => one.item as Entry);
    return makeEntry({
      key,
      value,
      secret: entries.some((entry) => entry.secret),
      origin,
      loose,
      text: true,
    });
  } catch (fault) {
    const names = list.map((one) => String(one.item.origin)).join(', ');
    const error = new ConfigError('conflict', `${names}: ${(fault as Clash).message}`, {
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
function build(pieces: readonly Piece[]): ConfigValue {
  const leaf = pieces.find((piece) => piece.path.length === 0);
  if (leaf) {
    if (pieces.some((piece) => piece.path.length > 0))
      throw new Clash('an item is both a value and a section');
    if (pieces.some((piece) => !sameValue(piece.value, leaf.value)))
      throw new Clash('one item has two values');
    return leaf.value;
  }
  const groups = new Map<string, Piece[]>();
  for (const { path, value } of pieces) {
    const first = path[0] as string;
    const name = isIndex(first) ? String(Number(first)) : camel(first);
    groups.set(name, [...(groups.get(name) ?? []), { path: path.slice(1), value }]);
  }
  const names = [...groups.keys()];
  const numbers = names.filter(isIndex);
  if (numbers.length === 0)
    return Object.fromEntries(names.map((name) => [name, build(groups.get(name) as Piece[])]));
  if (numbers.length < names.length) throw new Clash('indices stand beside names');
  if (
    !numbers
      .map(Number)
      .sort((a, b) => a - b)
      .every((number, i) => number === i)
  )
    throw new Clash('the indices have gaps');
  return numbers.sort((a, b) => Number(a) - Number(b)).map((name) => build(groups.get(name) as Piece[]));
}
