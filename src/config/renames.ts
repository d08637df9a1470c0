// The option `deprecated` of a load: what sources have under old keys is moved to the new ones before the
// layers are merged, so that everything after sees only new keys. Used by load.ts, which loads it with the
// first such option. Loose names are bound before, because a variable may mean an old key.

import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { digPath } from '../internal/dig.ts';
import { nearest } from '../internal/nearest.ts';
import { append, keyFrom, keyOf, letters, rest, segments, startsWith } from '../key.ts';
import { type Bound, bind } from '../merge/bind.ts';
import type { Layer, Wanted } from '../provider.ts';
import { isSecretName } from '../redact.ts';
import { type Shape, shapeAt } from '../schema/shape.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key } from '../value.ts';
import type { DeprecatedUse, RenamedLayer } from './deprecated.ts';

export interface RenamesOptions {
  /** New keys by old ones. */
  readonly deprecated: Readonly<Record<Key, Key>>;
  readonly at: Key;
  readonly shape: Shape | undefined;
}

interface Rename {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** A part of an item that is under an old key: its value, and its keys below the item. */
interface Moved {
  readonly item: Entry;
  readonly value: ConfigValue;
  readonly inside: Key;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

const isAtOrBelow = (path: readonly string[], above: readonly string[]): boolean =>
  above.every((name, depth) => name === path[depth]);

export class Renames {
  readonly #at: number;
  readonly #renames: readonly Rename[];
  /** What is left of a tree, by the tree: unchanged sources must stay the same objects. */
  readonly #remainders = new WeakMap<object, ConfigTree>();

  /** @throws ConfigError `invalid_option` */
  constructor({ deprecated, at, shape }: RenamesOptions) {
    const pairs = Object.entries(deprecated).map(([from, to]) => [keyOf(from), keyOf(to)] as const);
    for (const pair of pairs) check(pair, pairs, shape);
    this.#at = segments(at).length;
    // the deepest first: `db.url` is moved before the rest of `db`
    this.#renames = pairs
      .map(([from, to]) => ({ from: segments(append(at, from)), to: segments(append(at, to)) }))
      .sort((a, b) => b.from.length - a.from.length);
  }

  /** The wanted keys, and the old keys that may have their values. */
  wanted({ keys, prefixes }: Wanted): Wanted {
    const olds = (all: readonly Key[]): Key[] =>
      this.#renames.flatMap(({ from, to }) =>
        all.flatMap((key) => {
          if (startsWith(key, keyFrom(to))) return [append(keyFrom(from), rest(key, keyFrom(to)))];
          return startsWith(keyFrom(to), key) ? [keyFrom(from)] : [];
        }),
      );
    return { keys: [...keys, ...olds(keys)], prefixes: [...prefixes, ...olds(prefixes)] };
  }

  /** Layers without old keys. `wanted`: the result of `wanted`. */
  apply(layers: readonly Layer[], wanted: Wanted): readonly RenamedLayer[] {
    const bound = bind(layers, wanted);
    return layers.map((layer, number) => this.#renamed(layer, bound[number] as Bound[]));
  }

  #renamed(layer: Layer, bound: readonly Bound[]): RenamedLayer {
    const moved: Moved[] = [];
    const holes: Unreadable[] = [];
    const kept: Bound[] = [];
    const replaced = new Map<Entry | Unreadable, Entry | undefined>();
    for (const { path, item } of bound) {
      const rename = this.#renames.find(({ from }) => isAtOrBelow(path, from));
      if (rename) {
        const to = [...rename.to, ...path.slice(rename.from.length)];
        replaced.set(item, undefined);
        if (isUnreadable(item)) holes.push(holeAt(item, to));
        else moved.push({ item, value: item.value, inside: '', from: path, to });
        continue;
      }
      const inside = this.#renames.filter(({ from }) => isAtOrBelow(from, path));
      if (isUnreadable(item)) for (const { to } of inside) holes.push(holeAt(item, to));
      const parts = isUnreadable(item) ? [] : partsOf(item, path, inside);
      const rest = parts.length > 0 ? this.#without(item as Entry, path, parts) : item;
      if (rest !== item) replaced.set(item, rest as Entry);
      kept.push({ path, item: rest });
      moved.push(...parts);
    }
    if (replaced.size === 0 && holes.length === 0) return layer;
    const deprecated: DeprecatedUse[] = [];
    const added: Entry[] = [];
    for (const one of moved)
      for (const part of leavesOf(one, kept)) {
        const ignored = isSet(part.to, kept);
        const entry = movedEntry(part);
        if (!ignored) added.push(entry);
        if (!ignored) kept.push({ path: part.to, item: entry });
        const origin = String((entry.leaf?.('') ?? entry).origin);
        deprecated.push({ key: this.#own(part.from), use: this.#own(part.to), origin, ignored });
      }
    const goes = (item: Entry | Unreadable): boolean =>
      replaced.has(item) || [...replaced.keys()].some((gathered) => isItemOf(item, gathered));
    const keptEntries = layer.entries.flatMap((entry) =>
      goes(entry) ? (replaced.get(entry) ?? []) : [entry],
    );
    return {
      ...layer,
      entries: [...keptEntries, ...added],
      holes: [...layer.holes.filter((hole) => !goes(hole)), ...holes],
      deprecated,
    };
  }

  /** A key as users of the configuration know it. */
  #own(path: readonly string[]): Key {
    return keyFrom(path.slice(this.#at));
  }

  #without(item: Entry, path: readonly string[], parts: readonly Moved[]): Entry {
    const tree = item.value as ConfigTree;
    let left = this.#remainders.get(tree);
    if (!left) {
      left = parts.reduce((all, { from }) => without(all, from.slice(path.length)), tree);
      this.#remainders.set(tree, left);
    }
    return makeEntry({ ...item, value: left });
  }
}

/** What a tree has at old keys. The deepest come first, and are not part of the sections around them. */
function partsOf(item: Entry, path: readonly string[], renames: readonly Rename[]): Moved[] {
  let left = item.value;
  return renames.flatMap(({ from, to }) => {
    const below = from.slice(path.length);
    const value = digPath(left, below);
    if (value === undefined) return [];
    left = without(left as ConfigTree, below);
    return [{ item, value, inside: keyFrom(below), from, to }];
  });
}

/** A tree without the value at a path, and without the sections that this leaves empty. */
function without(tree: ConfigTree, [name = '', ...path]: readonly string[]): ConfigTree {
  const inner = tree[name];
  const { [name]: _, ...others } = tree;
  if (path.length === 0 || !isTree(inner)) return Object.freeze(others);
  const left = without(inner, path);
  return Object.freeze(Object.keys(left).length === 0 ? others : { ...tree, [name]: left });
}

/** A section in one piece, or leaf by leaf if the layer also has something at its new key. */
function leavesOf(moved: Moved, kept: readonly Bound[]): Moved[] {
  const { value } = moved;
  if (!isTree(value) || !isSet(moved.to, kept)) return [moved];
  return Object.keys(value).flatMap((name) =>
    leavesOf(
      {
        item: moved.item,
        value: value[name] as ConfigValue,
        inside: append(moved.inside, keyFrom([name])),
        from: [...moved.from, name],
        to: [...moved.to, name],
      },
      kept,
    ),
  );
}

/** Whether a layer has a value at a path, around it or in it. */
const isSet = (path: readonly string[], kept: readonly Bound[]): boolean =>
  kept.some(({ path: own, item }) => {
    if (isUnreadable(item)) return false;
    if (own.length >= path.length) return isAtOrBelow(own, path);
    if (!isAtOrBelow(path, own)) return false;
    let value: ConfigValue | undefined = item.value;
    for (const name of path.slice(own.length)) {
      if (!isTree(value)) return value !== undefined;
      value = Object.hasOwn(value, name) ? value[name] : undefined;
    }
    return value !== undefined;
  });

/** The entry at its new key. As secret as either name says. */
function movedEntry({ item, value, inside, to }: Moved): Entry {
  const key = keyFrom(to);
  const own = (at: Key): ReturnType<NonNullable<Entry['leaf']>> => {
    const { origin, secret, openedWith } = item.leaf?.(append(inside, at)) ?? item;
    const isSecret = secret || isSecretName(append(key, at));
    return { origin, secret: isSecret, ...(openedWith && { openedWith }) };
  };
  const { loose, leaf, ...fields } = item;
  return isTree(value)
    ? makeEntry({ ...fields, key, value, leaf: own })
    : makeEntry({ ...fields, key, value, ...own('') });
}

const holeAt = ({ key: _, loose, ...hole }: Unreadable, to: readonly string[]): Unreadable =>
  Object.freeze({ ...hole, key: keyFrom(to), error: hole.error.rekeyed(keyFrom(to)) });

/** Whether a loose name is one of those that were gathered into a list. */
const isItemOf = (item: Entry | Unreadable, list: Entry | Unreadable): boolean =>
  item.loose !== undefined &&
  list.loose !== undefined &&
  item.key.length > list.key.length &&
  isAtOrBelow(segments(item.key).map(letters), segments(list.key).map(letters)) &&
  /^\d+$/.test(segments(item.key)[segments(list.key).length] ?? '');

/** Refuses a rename that cannot work.
 *  @throws ConfigError `invalid_option` */
function check(
  [from, to]: readonly [Key, Key],
  all: readonly (readonly [Key, Key])[],
  shape: Shape | undefined,
): void {
  const refuse = (what: string, hint: string): never => {
    throw new ConfigError('invalid_option', `deprecated: ${what}`, { key: from, hint });
  };
  if (from === '' || to === '') refuse('a key is empty', "Write { 'db.url': 'database.url' }");
  if (startsWith(from, to) || startsWith(to, from))
    refuse(`"${from}" and "${to}" contain each other`, 'Name each key that moves');
  const next = all.find(([other]) => startsWith(to, other) || startsWith(other, to));
  if (next)
    refuse(
      `"${from}" is renamed to "${to}", and "${next[0]}" is deprecated too`,
      `Rename "${from}" to the last name`,
    );
  if (!shape) return;
  if (isListed(from, shape))
    refuse(`the schema still reads "${from}"`, `Remove "${from}" from the schema, or from the option`);
  const unknown = unknownStep(to, shape);
  if (unknown) refuse(`the schema does not read "${to}"`, unknown);
}

/** Whether the schema names a key itself. */
function isListed(key: Key, shape: Shape): boolean {
  let at: Shape | undefined = shape;
  for (const name of segments(key)) at = at?.names.get(name);
  return at !== undefined;
}

/** What to do about a key that the schema cannot read, unless it may read any name there. */
function unknownStep(key: Key, shape: Shape): string | undefined {
  const path = segments(key);
  for (const [depth, name] of path.entries()) {
    const section = shapeAt(shape, path.slice(0, depth));
    if (!section?.kinds || section.open || section.rest) return undefined;
    if (section.names.has(name)) continue;
    const near = nearest(name, section.names.keys());
    return near === undefined
      ? 'Name a key of the schema'
      : `Did you mean "${keyFrom([...path.slice(0, depth), near, ...path.slice(depth + 1)])}"?`;
  }
  return undefined;
}
