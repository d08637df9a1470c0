import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { append, keyFrom, quote, rest, segments, startsWith } from '../key.ts';
import type { Origin } from '../origin.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key } from '../value.ts';
import type { Bound } from './bind.ts';
import type { Conflict, LayerItem, LeafNode, Node, Section } from './node.ts';

/** One value of the merge and the entry it came from. */
export interface Leaf {
  readonly key: Key;
  readonly value: ConfigValue;
  readonly entry: Entry;
  /** Its layer's number, from the highest priority down. */
  readonly layer: number;
  readonly layerName: string;
  readonly origin: Origin;
  /** Also when it overrides a secret or a hole. */
  readonly secret: boolean;
  /** Both at the price of one. */
  provenance(): Provenance;
}

/** A place that cannot be read: nothing of lower priority shines through. */
export interface Hole {
  readonly key: Key;
  readonly origin: Origin;
  readonly error: ConfigError;
  readonly layer: number;
}

/** What one layer says about one key. */
export interface Candidate {
  readonly layer: number;
  readonly layerName: string;
  readonly origin: Origin;
  readonly entry?: Entry;
  readonly value?: ConfigValue;
  readonly secret?: boolean;
  readonly error?: ConfigError;
}

export interface Merged {
  readonly leaves: ReadonlyMap<Key, Leaf>;
  readonly holes: ReadonlyMap<Key, Hole>;
  /** The sections that somebody has and that hold nothing. */
  readonly empty: ReadonlySet<Key>;
  /** The merged section; throws the first hole at, above or below `prefix`. */
  tree(prefix?: Key): ConfigTree | undefined;
  /** What of a section may be printed: its leaves that are not secret. */
  printable(prefix?: Key): ConfigTree;
  /** Every leaf as an entry of its own, at its bound key. */
  entries(): readonly Entry[];
  /** Every layer's own answer for a key, highest priority first. */
  candidates(key: Key): readonly Candidate[];
}

function conflict(key: Key, { between: [a, b], differ }: Conflict): ConfigError {
  const [first, second] = [leafOf(a, key).origin, leafOf(b, key).origin];
  const what = differ
    ? `${first} and ${second} both give "${key}", and differ`
    : `"${key}" is a value in one of ${first} and ${second}, and a section in the other`;
  return new ConfigError('conflict', what, {
    key,
    origin: second,
    hint: differ ? 'Keep one of them' : 'Rename or remove one of them',
  });
}

interface Provenance {
  readonly origin: Origin;
  readonly secret: boolean;
}

/** A leaf's own origin and taint inside an entry that may hold a whole tree. */
function leafOf(item: Entry | Unreadable, key: Key): Provenance {
  if (isUnreadable(item)) return { origin: item.origin, secret: true };
  return (!item.loose && startsWith(key, item.key) && item.leaf?.(rest(key, item.key))) || item;
}

export class MergedTree implements Merged {
  readonly #root: Section;
  readonly #bound: readonly (readonly Bound[])[];
  readonly #names: readonly string[];
  #found:
    | { readonly leaves: Map<Key, Leaf>; readonly holes: Map<Key, Hole>; readonly empty: Set<Key> }
    | undefined;
  #byKey: Map<Key, Bound[]>[] | undefined;

  constructor(root: Section, bound: readonly (readonly Bound[])[], names: readonly string[]) {
    this.#root = root;
    this.#bound = bound;
    this.#names = names;
  }

  get leaves(): ReadonlyMap<Key, Leaf> {
    return this.#walked().leaves;
  }

  get holes(): ReadonlyMap<Key, Hole> {
    return this.#walked().holes;
  }

  get empty(): ReadonlySet<Key> {
    return this.#walked().empty;
  }

  #walked(): { readonly leaves: Map<Key, Leaf>; readonly holes: Map<Key, Hole>; readonly empty: Set<Key> } {
    if (this.#found) return this.#found;
    const empty = new Set<Key>();
    const leaves = new Map<Key, Leaf>();
    const holes = new Map<Key, Hole>();
    const names = this.#names;
    const walk = (key: Key, node: Node, closed: number): void => {
      if (node.kind === 'leaf')
        leaves.set(key, new MergedLeaf(key, node, names[node.layer] as string, node.layer < closed));
      else if (node.kind === 'conflict') holes.set(key, holeOf(key, node));
      else {
        if (node.closed) holes.set(key, holeOf(key, node));
        else if (node.kids.size === 0) empty.add(key);
        for (const [name, kid] of node.kids)
          walk(append(key, quote(name)), kid, node.closed?.layer ?? closed);
      }
    };
    walk('', this.#root, -1);
    this.#found = { leaves, holes, empty };
    return this.#found;
  }

  tree(prefix: Key = ''): ConfigTree | undefined {
    let node: Node = this.#root;
    let key = '';
    for (const segment of segments(prefix)) {
      if (node.kind !== 'section') return node.kind === 'leaf' ? undefined : fail(key, node);
      const kid: Node | undefined = node.kids.get(segment);
      if (!kid) return node.closed ? fail(key, node) : undefined;
      // what hides lower priorities above the prefix hides them below it too
      if (node.closed && kid.kind === 'section') fail(key, node);
      key = append(key, quote(segment));
      node = kid;
    }
    if (node.kind === 'leaf')
      throw new ConfigError(
        'invalid_key',
        `"${key}" is a value, not a section (${leafOf(node.item, key).origin})`,
        {
          key,
          hint: 'Read it with get',
        },
      );
    return built(key, node) as ConfigTree;
  }

  printable(prefix: Key = ''): ConfigTree {
    const tree: Record<string, ConfigValue> = {};
    for (const leaf of this.leaves.values()) {
      if (leaf.secret || leaf.key === prefix || !startsWith(leaf.key, prefix)) continue;
      const path = segments(rest(leaf.key, prefix));
      const name = path.pop() as string;
      const section = path.reduce<Record<string, ConfigValue>>(
        (at, segment) => (at[segment] ??= {}) as Record<string, ConfigValue>,
        tree,
      );
      section[name] = leaf.value;
    }
    return tree;
  }

  entries(): readonly Entry[] {
    return Array.from(this.leaves.values(), (one) => {
      const { loose, leaf, ...entry } = one.entry;
      return makeEntry({ ...entry, key: one.key, value: one.value, ...one.provenance() });
    });
  }

  candidates(key: Key): readonly Candidate[] {
    this.#byKey ??= this.#bound.map((items) => {
      const byKey = new Map<Key, Bound[]>();
      for (const one of items) {
        const at = keyFrom(one.path);
        byKey.set(at, [...(byKey.get(at) ?? []), one]);
      }
      return byKey;
    });
    const path = segments(key);
    return this.#byKey.flatMap((byKey, layer) =>
      path.concat('').flatMap((_, depth) =>
        (byKey.get(keyFrom(path.slice(0, depth))) ?? []).flatMap(({ item }): Candidate[] => {
          const head = { layer, layerName: this.#names[layer] as string };
          if (isUnreadable(item)) return [{ ...head, origin: item.origin, error: item.error }];
          const value = dig(item.value, path.slice(depth));
          if (value === undefined || isTree(value)) return [];
          const { origin, secret } = leafOf(item, key);
          return [{ ...head, entry: item, value, origin, secret }];
        }),
      ),
    );
  }
}

class MergedLeaf implements Leaf {
  readonly key: Key;
  readonly value: ConfigValue;
  readonly entry: Entry;
  readonly layer: number;
  readonly layerName: string;
  readonly #under: LeafNode['under'];
  readonly #coversHole: boolean;

  constructor(key: Key, node: LeafNode, layerName: string, coversHole: boolean) {
    this.key = key;
    this.value = node.value;
    this.entry = node.item;
    this.layer = node.layer;
    this.layerName = layerName;
    this.#under = node.under;
    this.#coversHole = coversHole;
  }

  get origin(): Origin {
    return leafOf(this.entry, this.key).origin;
  }

  get secret(): boolean {
    return this.provenance().secret;
  }

  provenance(): Provenance {
    const { origin, secret } = leafOf(this.entry, this.key);
    const hides = (one: LayerItem | 'hole'): boolean => one === 'hole' || leafOf(one.item, this.key).secret;
    return { origin, secret: secret || this.#coversHole || this.#under.some(hides) };
  }
}

function holeOf(key: Key, node: Section | Conflict): Hole {
  if (node.kind === 'conflict') {
    const error = conflict(key, node);
    return Object.freeze({ key, error, origin: error.origin as Origin, layer: node.layer });
  }
  const { item, layer } = node.closed as NonNullable<Section['closed']>;
  return Object.freeze({ key, error: item.error.with({ key }), origin: item.origin, layer });
}

function fail(key: Key, node: Section | Conflict): never {
  throw holeOf(key, node).error;
}

function built(key: Key, node: Node): ConfigValue {
  if (node.kind === 'leaf') return node.value;
  if (node.kind === 'conflict' || node.closed) return fail(key, node);
  const tree: Record<string, ConfigValue> = {};
  for (const [name, kid] of node.kids) tree[name] = built(append(key, quote(name)), kid); // quote refuses __proto__
  return tree;
}

function dig(value: ConfigValue | undefined, path: readonly string[]): ConfigValue | undefined {
  let at = value;
  for (const segment of path)
    at = isTree(at) && Object.hasOwn(at, segment) ? (at as ConfigTree)[segment] : undefined;
  return at;
}
