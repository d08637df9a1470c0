// What a load no longer finds in a store, against the current generation. Loaded by load.ts with the first
// reload: a store that was restarted empty looks healthy, and a weaker source or a default would silently
// replace its secrets. Local sources are not stores: a file is edited on purpose.

import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../errors.ts';
import { valueAt } from '../internal/dig.ts';
import { keyFrom, parent, startsWith } from '../key.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Merged } from '../merge/merged.ts';
import type { Placed } from '../merge/placement.ts';
import type { Layer } from '../provider.ts';
import { reportError } from '../report/report.ts';
import { isHidden } from '../report/secrecy.ts';
import { unknownDepth } from '../report/unknown-keys.ts';
import { shapeAt } from '../schema/shape.ts';
import type { Key } from '../value.ts';
import type { Found } from './found.ts';
import type { Overrides } from './overrides.ts';
import type { LoadOptions } from './plan.ts';
import type { LoadMode } from './reloads.ts';

/** A leaf that a store gave, and no longer has. */
interface Lost {
  readonly key: Key;
  readonly origin: string;
  readonly version: string | undefined;
  /** What would take the place of a secret. Undefined: nothing does, or it is not a secret. */
  readonly substitute: string | undefined;
}

/** What one store no longer has. */
export interface Vanished {
  readonly store: string;
  /** Whether nothing is left of what the store had. */
  readonly all: boolean;
  readonly lost: readonly Lost[];
  /** The same in one line. */
  readonly message: string;
}

/** A load that has lost something: what it found, and the output of the schema. */
type Now = Found & { readonly output: unknown };

/** The current generation: its load and its value. */
export interface Before {
  readonly load: Found;
  readonly value: unknown;
}

/** Throws if a load lost secrets whose place something weaker would take. `accept`: keys and sections that
 *  may vanish. `emit` reports what vanished, and whether a secret among it should have failed the load. */
export function refuseVanished(
  before: Before,
  now: Now,
  { vanished = 'refuse', accept = [] }: Partial<Pick<LoadOptions & LoadMode, 'vanished' | 'accept'>>,
  overrides: Overrides,
  emit: (all: readonly Vanished[], warn: boolean) => void,
): void {
  if (vanished === 'accept') return;
  const all = vanishedSince(before, now, accept, overrides);
  const problems = refusals(all);
  emit(all, vanished === 'warn' && problems.length > 0);
  if (vanished === 'refuse' && problems.length > 0) throw reportError(problems);
}

/** Everything that the stores gave to the generation `before` and do not give to `now`, without what is
 *  accepted. Leaves out what a stronger source has instead, holes, and what the schema does not read. */
function vanishedSince(
  { load: before, value }: Before,
  now: Now,
  accept: readonly Key[],
  overrides: Overrides,
): readonly Vanished[] {
  const places = placesOf(before.layers, now.layers);
  const isStore = before.layers.map(
    (layer, n) => !overrides.has(layer) && (!layer.local || !Number.isInteger(places[n])),
  );
  if (!isStore.includes(true)) return [];
  const reach = new Reach(now.merged);
  const { shape } = now.plan;
  const byStore = new Map<number, Lost[]>();
  for (const leaf of before.placement.leaves) {
    const { path, item } = leaf;
    const from = item.layers.find(
      ({ layer }) => isStore[layer] && reach.isLost(item.key, places[layer] as number),
    );
    if (!from || (shape && unknownDepth(path, shape) !== undefined)) continue;
    const key = keyFrom(path);
    if (accept.some((one) => startsWith(key, one))) continue;
    const { origin } = from === item.layers[0] ? item : from.entry;
    const substitute = isHidden(leaf, before.plan.shape) ? substituteOf(leaf, value, now, reach) : undefined;
    const lost = { key, origin: String(origin), version: from.entry.version, substitute };
    const known = byStore.get(from.layer);
    if (known) known.push(lost);
    else byStore.set(from.layer, [lost]);
  }
  return Array.from(byStore, ([layer, lost]) => {
    const left = now.layers[places[layer] as number];
    const all = !left || left.entries.length + left.holes.length === 0;
    const store = before.layers[layer]?.name as string;
    return { store, all, lost, message: messageOf(store, all, lost) };
  });
}

/** The place of each old layer among the new ones; between two of them if the layer is gone: that of a
 *  `fallback`, whose first provider has answered. */
function placesOf(before: readonly Layer[], now: readonly Layer[]): readonly number[] {
  const seen = new Map<string, number>();
  let last = -1;
  return before.map(({ name }) => {
    const from = seen.get(name) ?? 0;
    const at = now.findIndex((layer, n) => n >= from && layer.name === name);
    if (at < 0) return last + 0.5;
    seen.set(name, at + 1);
    last = at;
    return at;
  });
}

/** Which layer has something at a key of the new merge. */
class Reach {
  readonly #merged: Merged;
  /** By section: the strongest layer with a leaf below. */
  #sections: Map<Key, Leaf> | undefined;
  #holes: Set<Key> | undefined;

  constructor(merged: Merged) {
    this.#merged = merged;
  }

  /** Whether neither the layer at `place` nor a stronger one has anything at the key, nor a hole. */
  isLost(key: Key, place: number): boolean {
    const leaf = this.#merged.leaves.get(key);
    if (leaf) return leaf.layer > place && !leaf.layers.some(({ layer }) => layer === place);
    if (this.#isHole(key)) return false;
    const other = this.other(key);
    return !other || other.layer > place;
  }

  /** What has the key's place in another shape: a value above it, or a section at it. */
  other(key: Key): Leaf | undefined {
    for (let at = key; at !== ''; at = parent(at)) {
      const above = this.#merged.leaves.get(at);
      if (above) return above;
    }
    this.#sections ??= this.#sectionsOf();
    return this.#sections.get(key);
  }

  #sectionsOf(): Map<Key, Leaf> {
    const sections = new Map<Key, Leaf>();
    for (const leaf of this.#merged.leaves.values())
      for (let at = leaf.key; at !== ''; ) {
        at = parent(at);
        const known = sections.get(at);
        if (known && known.layer <= leaf.layer) break;
        sections.set(at, leaf);
      }
    return sections;
  }

  /** Whether a hole is at, above or below the key. */
  #isHole(key: Key): boolean {
    const { holes } = this.#merged;
    if (holes.size === 0) return false;
    if (!this.#holes) {
      this.#holes = new Set();
      for (const hole of holes.keys())
        for (let at = hole; !this.#holes.has(at); at = parent(at)) this.#holes.add(at);
    }
    for (let at = key; ; at = parent(at)) {
      if (holes.has(at)) return true;
      if (at === '') return this.#holes.has(key);
    }
  }

  leafAt(key: Key): Leaf | undefined {
    return this.#merged.leaves.get(key);
  }
}

/** What takes the place of a leaf, in words. Undefined if nothing does, or if it is the same value. */
function substituteOf(
  { path, item }: Placed<Leaf>,
  before: unknown,
  now: Now,
  reach: Reach,
): string | undefined {
  const weaker = reach.leafAt(item.key) ?? reach.other(item.key);
  if (weaker) return isDeepStrictEqual(weaker.value, item.value) ? undefined : String(weaker.origin);
  if (!now.plan.schema) return undefined;
  // a transform may have moved the default elsewhere
  const isMoved = (): boolean => valueAt(before, path) === undefined && hasDefault(now, path);
  return valueAt(now.output, path) !== undefined || isMoved() ? 'the default of the schema' : undefined;
}

const hasDefault = ({ plan }: Now, path: readonly string[]): boolean =>
  ['', ...path].some((_, depth) => shapeAt(plan.shape, path.slice(0, depth))?.default !== undefined);

/** The problems that refuse a load: secrets whose place something else would take. */
const refusals = (vanished: readonly Vanished[]): readonly Problem[] =>
  vanished.flatMap(({ store, all, lost }) =>
    lost.flatMap(({ key, origin, substitute }): Problem[] => {
      if (substitute === undefined) return [];
      const remedy = all ? `Restore ${store}, which has nothing left` : `Restore it in ${store}`;
      return [
        {
          kind: 'vanished',
          key,
          message: `has vanished from ${origin}; ${substitute} would take its place`,
          hint: `${remedy}. If that is meant: reload({ accept: [${quoted(key)}] })`,
        },
      ];
    }),
  );

const quoted = (key: Key): string => `'${key.replaceAll(/['\\]/g, '\\$&')}'`;

const shownKeys = 10;

/** One line about what a store no longer has. */
function messageOf(store: string, all: boolean, lost: readonly Lost[]): string {
  const [first] = lost;
  if (!all && lost.length === 1 && first) return `"${first.key}" has vanished from ${first.origin}`;
  const shown = lost.slice(0, shownKeys).map(({ key }) => `"${key}"`);
  const more = lost.length > shownKeys ? ` and ${lost.length - shownKeys} more` : '';
  const what = all ? `everything has vanished from ${store}` : `keys have vanished from ${store}`;
  return `${what}: ${shown.join(', ')}${more}`;
}
