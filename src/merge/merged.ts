// The result of a merge: leaves, holes and empty sections by key, and the section below a prefix. `merge`
// builds the tree; what merges reads it. Everything is computed on first use, because `get` and `tree` of a
// small section need little of it.

import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { digPath } from '../internal/dig.ts';
import { append, keyFrom, quote, rest, segments, startsWith } from '../key.ts';
import type { Origin } from '../origin.ts';
import { looksSecret } from '../redact.ts';
import { atOnce, type Steps } from '../turns.ts';
import { type ConfigTree, type ConfigValue, isTree, type Key } from '../value.ts';
import type { Bound } from './bind.ts';
import { type Hole, holeOf } from './hole.ts';
import { Leaf, provenanceOf } from './leaf.ts';
import type { ConflictNode, MergeNode, SectionNode } from './node.ts';

/** What one layer has at a key: a value or an error. */
export interface Candidate {
  readonly layer: number;
  readonly layerName: string;
  readonly origin: Origin;
  readonly entry?: Entry;
  readonly value?: ConfigValue;
  readonly secret?: boolean;
  readonly openedWith?: string;
  readonly error?: ConfigError;
}

interface Contents {
  readonly leaves: Map<Key, Leaf>;
  readonly holes: Map<Key, Hole>;
  readonly empty: Set<Key>;
}

export class Merged {
  readonly #root: SectionNode;
  /** The items of each layer, each with the path of a key to which it is bound. */
  readonly bound: readonly (readonly Bound[])[];
  readonly #names: readonly string[];
  #contents: Contents | undefined;
  #byKey: Map<Key, Bound[]>[] | undefined;

  /** `bound` and `names`: the items and the name of each layer. */
  constructor(root: SectionNode, bound: readonly (readonly Bound[])[], names: readonly string[]) {
    this.#root = root;
    this.bound = bound;
    this.#names = names;
  }

  get leaves(): ReadonlyMap<Key, Leaf> {
    return this.#collected().leaves;
  }

  get holes(): ReadonlyMap<Key, Hole> {
    return this.#collected().holes;
  }

  /** The sections that a source has and that hold nothing. */
  get empty(): ReadonlySet<Key> {
    return this.#collected().empty;
  }

  #collected(): Contents {
    return (this.#contents ??= atOnce(this.#collect()));
  }

  /** Makes the leaves in steps, so that reading them takes no time. */
  *steps(): Steps<void> {
    this.#contents ??= yield* this.#collect();
  }

  *#collect(): Steps<Contents> {
    const empty = new Set<Key>();
    const leaves = new Map<Key, Leaf>();
    const holes = new Map<Key, Hole>();
    const names = this.#names;
    /** `holeLayer`: the layer of the nearest hole above, -1 without one. */
    const walk = (key: Key, node: MergeNode, holeLayer: number): void => {
      if (node.kind === 'leaf')
        leaves.set(key, new Leaf(key, node, names[node.layer] as string, node.layer < holeLayer));
      else if (node.kind === 'conflict') holes.set(key, holeOf(key, node));
      else {
        if (node.hole) holes.set(key, holeOf(key, node));
        else if (node.children.size === 0) empty.add(key);
        for (const [name, child] of node.children)
          walk(append(key, quote(name)), child, node.hole?.layer ?? holeLayer);
      }
    };
    const { hole, children } = this.#root;
    if (hole) holes.set('', holeOf('', this.#root));
    else if (children.size === 0) empty.add('');
    for (const [name, child] of children) {
      walk(quote(name), child, hole?.layer ?? -1);
      yield;
    }
    return { leaves, holes, empty };
  }

  /** The merged section at `prefix`; throws the first hole at, above or below `prefix`. */
  tree(prefix: Key = ''): ConfigTree | undefined {
    let node: MergeNode = this.#root;
    let key = '';
    for (const segment of segments(prefix)) {
      if (node.kind !== 'section') return node.kind === 'leaf' ? undefined : fail(key, node);
      const child: MergeNode | undefined = node.children.get(segment);
      if (!child) return node.hole ? fail(key, node) : undefined;
      // a hole above the prefix hides lower layers below the prefix too
      if (node.hole && child.kind === 'section') fail(key, node);
      key = append(key, quote(segment));
      node = child;
    }
    if (node.kind === 'leaf')
      throw new ConfigError(
        'invalid_key',
        `"${key}" is a value, not a section (${provenanceOf(node.entry, key).origin})`,
        {
          key,
          hint: 'Read the value with get',
        },
      );
    return treeOf(key, node);
  }

  /** The part of a section that may be printed: its leaves that are not secret and do not look so. */
  printable(prefix: Key = ''): ConfigTree {
    type Section = Record<string, ConfigValue>;
    // without a prototype: a section may be named toString
    const bare = (): Section => Object.create(null) as Section;
    const tree = bare();
    for (const leaf of this.leaves.values()) {
      if (leaf.key === prefix || !startsWith(leaf.key, prefix)) continue;
      if (leaf.secret || looksSecret(leaf.value)) continue;
      const path = segments(rest(leaf.key, prefix));
      const name = path.pop() as string;
      const section = path.reduce<Section>((at, segment) => (at[segment] ??= bare()) as Section, tree);
      section[name] = leaf.value;
    }
    return tree;
  }

  /** One entry per leaf, at the key to which it is bound. */
  entries(): readonly Entry[] {
    return Array.from(this.leaves.values(), (found) => {
      const { loose, leaf, ...entry } = found.entry;
      return makeEntry({ ...entry, key: found.key, value: found.value, ...found.provenance() });
    });
  }

  /** What a listing has: the entries and the holes. */
  items(): readonly (Entry | Unreadable)[] {
    return [...this.entries(), ...this.holes.values()];
  }

  /** What each layer has at a key, highest priority first. */
  candidates(key: Key): readonly Candidate[] {
    this.#byKey ??= this.bound.map((items) => {
      const byKey = new Map<Key, Bound[]>();
      for (const bound of items) {
        const boundKey = keyFrom(bound.path);
        byKey.set(boundKey, [...(byKey.get(boundKey) ?? []), bound]);
      }
      return byKey;
    });
    const path = segments(key);
    return this.#byKey.flatMap((byKey, layer) =>
      path.concat('').flatMap((_, depth) =>
        (byKey.get(keyFrom(path.slice(0, depth))) ?? []).flatMap(({ item }): Candidate[] => {
          const head = { layer, layerName: this.#names[layer] as string };
          if (isUnreadable(item)) return [{ ...head, origin: item.origin, error: item.error }];
          const value = digPath(item.value, path.slice(depth));
          if (value === undefined || isTree(value)) return [];
          const { origin, secret, openedWith } = provenanceOf(item, key);
          return [{ ...head, entry: item, value, origin, secret, ...(openedWith && { openedWith }) }];
        }),
      ),
    );
  }
}

function fail(key: Key, node: SectionNode | ConflictNode): never {
  throw holeOf(key, node).error;
}

function treeOf(key: Key, node: SectionNode | ConflictNode): ConfigTree {
  if (node.kind === 'conflict' || node.hole) return fail(key, node);
  const tree: Record<string, ConfigValue> = {};
  for (const [name, child] of node.children) {
    const inside = quote(name); // an assignment is safe: this refuses `__proto__`
    tree[name] = child.kind === 'leaf' ? child.value : treeOf(append(key, inside), child);
  }
  return tree;
}
