// From the path of an issue to the leaf that it concerns. A path may lead into a leaf: a list is one leaf,
// and a text may have been read as a list or a section.

import { Spelling } from '../internal/nearest.ts';
import { keyFrom, rest, segments } from '../key.ts';
import type { Hole } from '../merge/hole.ts';
import type { Leaf } from '../merge/leaf.ts';
import type { Placed, Placement } from '../merge/placement.ts';
import type { Origin } from '../origin.ts';
import { PathIndex } from '../schema/by-path.ts';
import type { Path } from '../schema/dialects/dialect.ts';
import type { Shape } from '../schema/shape.ts';
import type { ConfigValue } from '../value.ts';
import { quotesOf } from './safe-message.ts';
import { isHidden } from './secrecy.ts';

/** The leaves and holes of a rejected configuration, by their paths. A report may have thousands of issues,
 *  so none of them searches through all leaves. */
export class Located {
  readonly #leaves: PathIndex<Placed<Leaf>>;
  readonly #all: PathIndex<Placed<Leaf | Hole>>;
  readonly #placement: Placement;
  readonly #shape: Shape;
  readonly #hidden = new Map<Placed<Leaf>, boolean>();
  readonly #quotes = new Map<Placed<Leaf>, (text: string) => boolean>();
  /** Counts the comparisons of all suggestions of a report. */
  readonly spelling = new Spelling();

  constructor(placement: Placement, shape: Shape) {
    const { leaves, holes } = placement;
    this.#placement = placement;
    this.#leaves = new PathIndex(leaves);
    this.#all = new PathIndex<Placed<Leaf | Hole>>([...leaves, ...holes]);
    this.#shape = shape;
  }

  /** The leaf at a path or around it. */
  leafAt(path: Path): Placed<Leaf> | undefined {
    return this.#leaves.around(path)[0];
  }

  firstInside(path: Path): Placed<Leaf | Hole> | undefined {
    return this.#all.inside(path)[0];
  }

  /** The values of all leaves that must not be printed. */
  secrets(): ConfigValue[] {
    return this.#placement.leaves.filter((leaf) => this.isHidden(leaf)).map(({ item }) => item.value);
  }

  /** The places of the values that must not be printed, and of the values that they override. */
  hiddenOrigins(): Origin[] {
    const { leaves, holes } = this.#placement;
    const hidden = leaves.filter((leaf) => this.isHidden(leaf)).flatMap(({ item }) => item.origins());
    return [...hidden, ...holes.map(({ item }) => item.origin)];
  }

  /** Whether a text quotes the value of a leaf. */
  isQuoted(leaf: Placed<Leaf>, text: string): boolean {
    const quotes = this.#quotes.get(leaf) ?? quotesOf(leaf.item.value);
    this.#quotes.set(leaf, quotes);
    return quotes(text);
  }

  isHidden(leaf: Placed<Leaf>): boolean {
    let hidden = this.#hidden.get(leaf);
    if (hidden === undefined) this.#hidden.set(leaf, (hidden = isHidden(leaf, this.#shape)));
    return hidden;
  }
}

/** The origin of a part of a leaf: a file knows the line of each item of a list. */
export function originInside({ item: { entry, key, origin } }: Placed<Leaf>, inside: Path): Origin {
  if (inside.length === 0 || entry.loose) return origin;
  const at = entry.leaf?.(keyFrom([...segments(rest(key, entry.key)), ...inside.map(String)])).origin;
  return at?.line === undefined ? origin : at;
}

/** A path inside a leaf as text: `[0].host`. */
export const insideText = (inside: Path): string =>
  inside.map((step) => (/^\d+$/.test(String(step)) ? `[${String(step)}]` : `.${String(step)}`)).join('');
