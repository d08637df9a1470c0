import { type Bound, bind } from './bind.ts';
import { type ConfigTree, type ConfigValue, type Entry, isTree, isUnreadable, makeEntry, type Origin, type Unreadable } from './entry.ts';
import { ConfigError } from './errors.ts';
import { sameValue } from './internal/freeze.ts';
import { append, type Key, keyFrom, quote, rest, segments, startsWith } from './key.ts';
import type { Layer, Wanted } from './provider.ts';

export { arrays } from './bind.ts';

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
  /** The merged section or value; throws the first hole at, above or below `prefix`. */
  tree(prefix?: Key): ConfigValue | undefined;
  /** Every layer's own answer for a key, highest priority first. */
  candidates(key: Key): readonly Candidate[];
}

interface Source {
  readonly item: Entry;
  readonly layer: number;
}
interface LeafNode extends Source {
  readonly kind: 'leaf';
  readonly value: ConfigValue;
  readonly under: (Source | 'hole')[];
}
interface Section {
  readonly kind: 'section';
  readonly kids: Map<string, Node>;
  readonly first: { readonly item: Entry | Unreadable };
  closed?: { readonly item: Unreadable; readonly layer: number };
}
interface Conflict {
  readonly kind: 'conflict';
  readonly layer: number;
  readonly between: readonly [Entry | Unreadable, Entry | Unreadable];
  readonly differ: boolean;
}
type Node = LeafNode | Section | Conflict;

/** Layers to one tree. Trees merge deeply, lists and scalars replace, a value against a section is a conflict, a hole stands. */
export function merge(layers: readonly Layer[], wanted?: Wanted): Merged {
  const bound = bind(layers, wanted);
  const root: Section = { kind: 'section', kids: new Map(), first: { item: undefined as never } };
  bound.forEach((items, layer) => {
    for (const one of items) if (!isUnreadable(one.item)) place(root, one.path, 0, one.item, one.item.value, layer);
    for (const one of items) if (isUnreadable(one.item)) close(root, one.path, one.item, layer);
  });
  return new MergedTree(
    root,
    bound,
    layers.map((layer) => layer.name),
  );
}

const hidden = (section: Section, layer: number): boolean => section.closed !== undefined && section.closed.layer < layer;

function place(section: Section, path: readonly string[], depth: number, item: Entry, value: ConfigValue, layer: number): void {
  if (hidden(section, layer)) return;
  if (depth < path.length) return put(section, path[depth] as string, path, depth + 1, item, value, layer);
  if (!isTree(value)) {
    section.closed ??= { item: rootValue(item), layer };
    return;
  }
  for (const name of Object.keys(value)) put(section, name, path, depth, item, value[name] as ConfigValue, layer);
}

function put(section: Section, name: string, path: readonly string[], depth: number, item: Entry, value: ConfigValue, layer: number): void {
  const node = section.kids.get(name);
  const isLeaf = depth >= path.length && !isTree(value);
  if (node === undefined) {
    if (isLeaf) {
      section.kids.set(name, { kind: 'leaf', item, value, layer, under: [] });
      return;
    }
    const made: Section = { kind: 'section', kids: new Map(), first: { item } };
    section.kids.set(name, made);
    return place(made, path, depth, item, value, layer);
  }
  if (node.kind === 'conflict') return;
  if (node.kind === 'section' && !isLeaf) return place(node, path, depth, item, value, layer);
  if (node.kind === 'section') {
    if (!hidden(node, layer)) section.kids.set(name, { kind: 'conflict', layer, between: [node.first.item, item], differ: false });
    return;
  }
  if (!isLeaf) section.kids.set(name, { kind: 'conflict', layer, between: [node.item, item], differ: false });
  else if (node.layer < layer) node.under.push({ item, layer });
  else if (!sameValue(node.value, value)) section.kids.set(name, { kind: 'conflict', layer, between: [node.item, item], differ: true });
}

function close(root: Section, path: readonly string[], item: Unreadable, layer: number): void {
  let section = root;
  for (let depth = 0; depth < path.length; depth++) {
    if (hidden(section, layer)) return;
    const name = path[depth] as string;
    let node = section.kids.get(name);
    if (node === undefined) section.kids.set(name, (node = { kind: 'section', kids: new Map(), first: { item } }));
    if (node.kind === 'conflict') return;
    if (node.kind === 'leaf') {
      if (depth === path.length - 1) node.under.push('hole');
      else section.kids.set(name, { kind: 'conflict', layer, between: [node.item, item], differ: false });
      return;
    }
    section = node;
  }
  section.closed ??= { item, layer };
}

function rootValue({ key, origin, loose }: Entry): Unreadable {
  const error = new ConfigError('conflict', `${origin} holds a single value where a section is needed`, {
    key,
    origin,
    hint: 'Give it a key of its own',
  });
  return { key, origin, error, ...(loose && { loose }) };
}

function conflict(key: Key, { between: [a, b], differ }: Conflict): ConfigError {
  const [first, second] = [leafOf(a, key).origin, leafOf(b, key).origin];
  const what = differ
    ? `${first} and ${second} both give "${key}", and differ`
    : `"${key}" is a value in one of ${first} and ${second}, and a section in the other`;
  return new ConfigError('conflict', what, { key, origin: second, hint: differ ? 'Keep one of them' : 'Rename or remove one of them' });
}

/** A leaf's own origin and taint inside an entry that may hold a whole tree. */
function leafOf(item: Entry | Unreadable, key: Key): { readonly origin: Origin; readonly secret: boolean } {
  if (isUnreadable(item)) return { origin: item.origin, secret: true };
  return (!item.loose && startsWith(key, item.key) && item.leaf?.(rest(key, item.key))) || item;
}

class MergedTree implements Merged {
  readonly #root: Section;
  readonly #bound: readonly (readonly Bound[])[];
  readonly #names: readonly string[];
  #found: { readonly leaves: Map<Key, Leaf>; readonly holes: Map<Key, Hole> } | undefined;
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

  #walked(): { readonly leaves: Map<Key, Leaf>; readonly holes: Map<Key, Hole> } {
    if (this.#found) return this.#found;
    const leaves = new Map<Key, Leaf>();
    const holes = new Map<Key, Hole>();
    const names = this.#names;
    const walk = (key: Key, node: Node, closed: number): void => {
      if (node.kind === 'leaf') leaves.set(key, new MergedLeaf(key, node, names[node.layer] as string, node.layer < closed));
      else if (node.kind === 'conflict') holes.set(key, holeOf(key, node));
      else {
        if (node.closed) holes.set(key, holeOf(key, node));
        for (const [name, kid] of node.kids) walk(append(key, quote(name)), kid, node.closed?.layer ?? closed);
      }
    };
    walk('', this.#root, -1);
    this.#found = { leaves, holes };
    return this.#found;
  }

  tree(prefix: Key = ''): ConfigValue | undefined {
    let node: Node | undefined = this.#root;
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
    return valueOf(key, node);
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
          return value === undefined || isTree(value) ? [] : [{ ...head, entry: item, value, ...leafOf(item, key) }];
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
    return (
      this.#coversHole ||
      leafOf(this.entry, this.key).secret ||
      this.#under.some((one) => one === 'hole' || leafOf(one.item, this.key).secret)
    );
  }
}

function holeOf(key: Key, node: Section | Conflict): Hole {
  if (node.kind === 'conflict') {
    const error = conflict(key, node);
    return { key, error, origin: error.origin as Origin, layer: node.layer };
  }
  const { item, layer } = node.closed as NonNullable<Section['closed']>;
  return { key, error: item.error.with({ key }), origin: item.origin, layer };
}

function fail(key: Key, node: Section | Conflict): never {
  throw holeOf(key, node).error;
}

function valueOf(key: Key, node: Node): ConfigValue {
  if (node.kind === 'leaf') return node.value;
  if (node.kind === 'conflict' || node.closed) return fail(key, node);
  const tree: Record<string, ConfigValue> = {};
  for (const [name, kid] of node.kids) tree[name] = valueOf(append(key, quote(name)), kid); // quote refuses __proto__
  return tree;
}

function dig(value: ConfigValue | undefined, path: readonly string[]): ConfigValue | undefined {
  let at = value;
  for (const segment of path) at = isTree(at) && Object.hasOwn(at, segment) ? (at as ConfigTree)[segment] : undefined;
  return at;
}

/** A merged leaf as an entry of its own, at its bound key. */
export function leafEntry(leaf: Leaf): Entry {
  const { loose, leaf: inside, ...entry } = leaf.entry;
  return makeEntry({ ...entry, key: leaf.key, value: leaf.value, origin: leaf.origin, secret: leaf.secret });
}
