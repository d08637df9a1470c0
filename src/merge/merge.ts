import { type Entry, isUnreadable, type Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { Layer, Wanted } from '../provider.ts';
import { type ConfigValue, isTree, sameValue } from '../value.ts';
import { bind } from './bind.ts';
import { type Merged, MergedTree } from './merged.ts';
import type { Section } from './node.ts';

/** Layers to one tree. Trees merge deeply, lists and scalars replace, a value against a section is a conflict, a hole stands. */
export function merge(layers: readonly Layer[], wanted?: Wanted): Merged {
  const bound = bind(layers, wanted);
  const root: Section = { kind: 'section', kids: new Map(), first: { item: undefined as never } };
  bound.forEach((items, layer) => {
    for (const one of items)
      if (!isUnreadable(one.item)) place(root, one.path, 0, one.item, one.item.value, layer);
    for (const one of items) if (isUnreadable(one.item)) close(root, one.path, one.item, layer);
  });
  return new MergedTree(
    root,
    bound,
    layers.map((layer) => layer.name),
  );
}

const hidden = (section: Section, layer: number): boolean =>
  section.closed !== undefined && section.closed.layer < layer;

function place(
  section: Section,
  path: readonly string[],
  depth: number,
  item: Entry,
  value: ConfigValue,
  layer: number,
): void {
  if (hidden(section, layer)) return;
  if (depth < path.length) put(section, path[depth] as string, path, depth + 1, item, value, layer);
  else if (!isTree(value)) section.closed ??= { item: rootValue(item), layer };
  else
    for (const name of Object.keys(value))
      put(section, name, path, depth, item, value[name] as ConfigValue, layer);
}

function put(
  section: Section,
  name: string,
  path: readonly string[],
  depth: number,
  item: Entry,
  value: ConfigValue,
  layer: number,
): void {
  const node = section.kids.get(name);
  const isLeaf = depth >= path.length && !isTree(value);
  if (node === undefined) {
    if (isLeaf) {
      section.kids.set(name, { kind: 'leaf', item, value, layer, under: [] });
      return;
    }
    const made: Section = { kind: 'section', kids: new Map(), first: { item } };
    section.kids.set(name, made);
    place(made, path, depth, item, value, layer);
    return;
  }
  if (node.kind === 'conflict') return;
  if (node.kind === 'section') {
    if (!isLeaf) place(node, path, depth, item, value, layer);
    else if (!hidden(node, layer))
      section.kids.set(name, { kind: 'conflict', layer, between: [node.first.item, item], differ: false });
    return;
  }
  if (!isLeaf) section.kids.set(name, { kind: 'conflict', layer, between: [node.item, item], differ: false });
  else if (node.layer < layer) node.under.push({ item, layer });
  else if (!sameValue(node.value, value))
    section.kids.set(name, { kind: 'conflict', layer, between: [node.item, item], differ: true });
}

function close(root: Section, path: readonly string[], item: Unreadable, layer: number): void {
  let section = root;
  for (let depth = 0; depth < path.length; depth++) {
    if (hidden(section, layer)) return;
    const name = path[depth] as string;
    let node = section.kids.get(name);
    if (node === undefined)
      section.kids.set(name, (node = { kind: 'section', kids: new Map(), first: { item } }));
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
