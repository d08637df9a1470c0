// Cuts what a caller may not see out of entries, leaf by leaf: an entry of a list may be a whole file. Called
// by reads.ts. Decides about all leaves first, so that decisions that wait are awaited together.

import { type Entry, isUnreadable, type Loose, makeEntry, type Unreadable } from '../../entry.ts';
import { append, keyFrom, quote } from '../../key.ts';
import { type Origin, withoutText } from '../../origin.ts';
import type { Layer } from '../../provider.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../../value.ts';
import { undecidable } from './exact.ts';
import { EntryFacts } from './facts.ts';
import { type Decision, isPending } from './policy.ts';

type Item = Entry | Unreadable;

/** Decides about a leaf, or about a hole, which has no entry. */
export type Decide = (key: Key, entry: EntryFacts | undefined) => Decision | Promise<Decision>;

/** What takes the place of an item, or of a leaf of it, that is denied: a hole, or nothing. */
export type Replace = (key: Key, origin: Origin, decision: Decision, item?: Item) => readonly Unreadable[];

/** A leaf and the decision about it. */
interface Leaf {
  readonly path: readonly string[];
  readonly key: Key;
  readonly value: ConfigValue;
  decision: Decision;
}

const undecided: Decision = { allow: false, rule: '' };

/** The items without what is denied, and with what takes its place. `bound`: those whose names were loose.
 *  `decided` is called in between. */
export async function cutItems(
  items: readonly Item[],
  bound: ReadonlyMap<Item, Loose>,
  decide: Decide,
  replace: Replace,
  decided: () => void,
): Promise<Item[]> {
  const pending: Promise<void>[] = [];
  // the decision about each item, or about each leaf of a tree; plain loops: a list may have 100,000 items
  const found: (Decision | readonly Leaf[])[] = [];
  for (const item of items) {
    const isHole = isUnreadable(item);
    if (!isHole && !item.loose && isTree(item.value)) {
      const leaves = leavesOf(item, item.value);
      for (const leaf of leaves) {
        const decision = decide(leaf.key, new EntryFacts(item, leaf.path, bound.get(item)));
        if (!isPending(decision)) leaf.decision = decision;
        else pending.push(decision.then((later) => void (leaf.decision = later)));
      }
      found.push(leaves);
      continue;
    }
    const decision = item.loose
      ? undecidable
      : decide(item.key, isHole ? undefined : new EntryFacts(item, undefined, bound.get(item)));
    const at = found.push(undecided) - 1;
    if (!isPending(decision)) found[at] = decision;
    else pending.push(decision.then((later) => void (found[at] = later)));
  }
  if (pending.length > 0) await Promise.all(pending);
  decided();
  const cut: Item[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Item;
    const decision = found[i] as Decision | readonly Leaf[];
    if ('allow' in decision) {
      if (decision.allow) cut.push(item);
      else cut.push(...replace(item.key, withoutText(item.origin), decision, item));
    } else cut.push(...cutTree(item as Entry, decision, replace));
  }
  return cut;
}

/** The leaves of a tree. An empty section counts as one. */
function leavesOf(entry: Entry, tree: ConfigTree): Leaf[] {
  const leaves: Leaf[] = [];
  const walk = (value: ConfigValue, key: Key, path: readonly string[]): void => {
    const names = isTree(value) ? Object.keys(value) : [];
    if (names.length === 0) leaves.push({ path, key, value, decision: undecided });
    for (const name of names)
      walk((value as ConfigTree)[name] as ConfigValue, append(key, quote(name)), [...path, name]);
  };
  walk(tree, entry.key, []);
  return leaves;
}

function cutTree(entry: Entry, leaves: readonly Leaf[], replace: Replace): readonly Item[] {
  if (leaves.every(({ decision }) => decision.allow)) return [entry];
  const kept = leaves.filter(({ decision }) => decision.allow);
  const own = entry.leaf ?? (() => ({ origin: entry.origin, secret: entry.secret }));
  const leaf = (inside: Key): ReturnType<typeof own> => {
    const facts = own(inside);
    return { ...facts, origin: withoutText(facts.origin) };
  };
  const holes = leaves
    // a section that holds nothing hides nothing below it
    .filter(({ decision, value }) => !decision.allow && !isTree(value))
    .flatMap(({ key, path, decision }) => replace(key, leaf(keyFrom(path)).origin, decision));
  if (kept.length === 0) return holes;
  const { origin } = entry;
  return [makeEntry({ ...entry, origin: withoutText(origin), value: frozen(treeOf(kept)), leaf }), ...holes];
}

function treeOf(leaves: readonly Leaf[]): ConfigTree {
  type Section = Record<string, ConfigValue>;
  // without a prototype: a section may be named toString
  const bare = (): Section => Object.create(null) as Section;
  const tree = bare();
  for (const { path, value } of leaves) {
    const section = path.slice(0, -1).reduce<Section>((at, name) => (at[name] ??= bare()) as Section, tree);
    const name = path.at(-1);
    if (name !== undefined) section[name] = value;
  }
  return tree;
}

/** A spread of 100,000 items takes as long as the decisions about them. */
export const itemsOf = ({ entries, holes }: Layer): readonly (Entry | Unreadable)[] =>
  (entries as readonly (Entry | Unreadable)[]).concat(holes);
