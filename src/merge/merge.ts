// Merges the layers of several providers into one tree. Used by chains, loads, cli/ and sets of files; layer
// 0 has the highest priority. Trees merge deeply; lists and scalars replace. A value against a section is a
// conflict, and a hole hides whatever lower layers have at its place.

import { type Entry, isUnreadable, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { Layer, Wanted } from '../provider.ts';
import { atOnce, type Steps, stepLength } from '../turns.ts';
import { type ConfigValue, isTree, type Key, sameValue } from '../value.ts';
import { bind } from './bind.ts';
import { Merged } from './merged.ts';
import type { LeafNode, SectionNode } from './node.ts';

/** Layers to one tree. `wanted`: the keys that loose names may bind to, besides those that the layers
 *  hold. */
export function merge(layers: readonly Layer[], wanted?: Wanted): Merged {
  return atOnce(mergeSteps(layers, wanted));
}

/** The same in steps: one for several entries, and one for each name at the root of a file. */
export function* mergeSteps(layers: readonly Layer[], wanted?: Wanted): Steps<Merged> {
  const bound = bind(layers, wanted);
  yield;
  const root: SectionNode = { kind: 'section', children: new Map(), first: { item: undefined as never } };
  let placed = 0;
  for (const [layer, items] of bound.entries()) {
    for (const { item, path } of items)
      if (isUnreadable(item)) continue;
      else if (path.length === 0 && isTree(item.value)) {
        for (const name of isHidden(root, layer) ? [] : Object.keys(item.value)) {
          placeChild(root, name, path, 0, item, item.value[name] as ConfigValue, layer);
          yield;
        }
      } else {
        place(root, path, 0, item, item.value, layer);
        if (++placed % stepLength === 0) yield;
      }
    for (const { item, path } of items) if (isUnreadable(item)) placeHole(root, path, item, layer);
  }
  return new Merged(
    root,
    bound,
    layers.map((layer) => layer.name),
  );
}

/** Merges the layers of a listing below `prefix`.
 *  @throws the error of a layer that failed */
export function mergeListed(layers: readonly Layer[], prefix: Key, wanted: Wanted | undefined): Merged {
  const failed = layers.find((layer) => layer.error);
  if (failed?.error) throw failed.error;
  const { keys, prefixes } = wanted ?? { keys: [], prefixes: [''] };
  return merge(layers, { keys, prefixes: prefix === '' ? prefixes : [...prefixes, prefix] });
}

/** One list for all leaves that hide nothing, which most do. */
const none: LeafNode['overridden'] = [];

const isHidden = (section: SectionNode, layer: number): boolean =>
  section.hole !== undefined && section.hole.layer < layer;

/** Places a value at `path`, then each name of a tree below it. `depth`: how much of the path leads to
 *  `section`. */
function place(
  section: SectionNode,
  path: readonly string[],
  depth: number,
  item: Entry,
  value: ConfigValue,
  layer: number,
): void {
  if (isHidden(section, layer)) return;
  if (depth < path.length) placeChild(section, path[depth] as string, path, depth + 1, item, value, layer);
  else if (!isTree(value)) section.hole ??= { item: valueAtRoot(item), layer };
  else
    for (const name of Object.keys(value))
      placeChild(section, name, path, depth, item, value[name] as ConfigValue, layer);
}

function placeChild(
  section: SectionNode,
  name: string,
  path: readonly string[],
  depth: number,
  item: Entry,
  value: ConfigValue,
  layer: number,
): void {
  const node = section.children.get(name);
  const isLeaf = depth >= path.length && !isTree(value);
  if (node === undefined) {
    if (isLeaf) {
      section.children.set(name, { kind: 'leaf', entry: item, value, layer, overridden: none });
      return;
    }
    const made: SectionNode = { kind: 'section', children: new Map(), first: { item } };
    section.children.set(name, made);
    place(made, path, depth, item, value, layer);
    return;
  }
  if (node.kind === 'conflict') return;
  if (node.kind === 'section') {
    if (!isLeaf) place(node, path, depth, item, value, layer);
    else if (!isHidden(node, layer))
      section.children.set(name, {
        kind: 'conflict',
        layer,
        between: [node.first.item, item],
        differ: false,
      });
    return;
  }
  if (!isLeaf)
    section.children.set(name, { kind: 'conflict', layer, between: [node.entry, item], differ: false });
  else if (node.layer < layer) node.overridden = [...node.overridden, { entry: item, layer }];
  else if (!sameValue(node.value, value))
    section.children.set(name, { kind: 'conflict', layer, between: [node.entry, item], differ: true });
}

/** Runs after the values of the same layer: where a layer has both, the value wins and counts as secret. */
function placeHole(root: SectionNode, path: readonly string[], item: Unreadable, layer: number): void {
  let section = root;
  for (let depth = 0; depth < path.length; depth++) {
    if (isHidden(section, layer)) return;
    const name = path[depth] as string;
    let node = section.children.get(name);
    if (node === undefined)
      section.children.set(name, (node = { kind: 'section', children: new Map(), first: { item } }));
    if (node.kind === 'conflict') return;
    if (node.kind === 'leaf') {
      if (depth === path.length - 1) node.overridden = [...node.overridden, 'hole'];
      else
        section.children.set(name, { kind: 'conflict', layer, between: [node.entry, item], differ: false });
      return;
    }
    section = node;
  }
  section.hole ??= { item, layer };
}

function valueAtRoot({ key, origin, loose }: Entry): Unreadable {
  const error = new ConfigError('conflict', `${origin} holds a single value where a section is needed`, {
    key,
    origin,
    hint: 'Store the value under a key',
  });
  return { key, origin, error, ...(loose && { loose }) };
}
