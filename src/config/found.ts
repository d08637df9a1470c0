// What a load found, and the part of it that a generation keeps: the layers and how texts were read. All
// else is merged again when something asks for it, such as `explain` or a comparison with the next load: a
// merge takes several times the memory of the values, and most generations are never asked.

import type { Entry } from '../entry.ts';
import { mergeSteps } from '../merge/merge.ts';
import type { Merged } from '../merge/merged.ts';
import { type Placement, placementSteps } from '../merge/placement.ts';
import type { Layer } from '../provider.ts';
import { wantedBy } from '../schema/keys.ts';
import type { ReadTexts } from '../schema/texts.ts';
import { atOnce, type Steps } from '../turns.ts';
import { isTree, sameValue } from '../value.ts';
import type { Carried } from './carry-forward.ts';
import { buildInput, type Input } from './input.ts';
import type { Plan } from './plan.ts';

/** What a load found in its sources, and what the schema got of it. */
export interface Found {
  readonly plan: Plan;
  readonly carried: Carried;
  readonly layers: readonly Layer[];
  readonly merged: Merged;
  /** The part of the merge that the configuration reads. */
  readonly placement: Placement;
  readonly texts: Pick<ReadTexts, 'read'>;
  /** The input of the schema. */
  readonly input: Input;
}

/** The merge of layers, and the part of it that the configuration reads. */
export function* mergeLayers(
  { at, shape }: Plan,
  layers: readonly Layer[],
): Steps<Pick<Found, 'merged' | 'placement'>> {
  const wanted = shape ? wantedBy(shape, at) : { keys: [], prefixes: [] };
  const merged = yield* mergeSteps(layers, { keys: wanted.keys, prefixes: [...wanted.prefixes, at] });
  return { merged, placement: yield* placementSteps(merged, at) };
}

/** Whether the sources have exactly what they had before, so that neither a merge nor the schema can find
 *  anything else. False if a layer has holes or is missing in an outage: what may be done about that depends
 *  on more than the layer. */
export function isUnchanged(layers: readonly Layer[], { carried }: Found): boolean {
  const before = carried.layers;
  return (
    carried.stale.size === 0 &&
    layers.length === before.length &&
    layers.every((layer, number) => isSameLayer(layer, before[number] as Layer))
  );
}

const isSameLayer = (a: Layer, b: Layer): boolean =>
  a.name === b.name &&
  !a.tolerated &&
  !b.tolerated &&
  a.holes.length === 0 &&
  b.holes.length === 0 &&
  a.entries.length === b.entries.length &&
  a.entries.every((entry, number) => isSameEntry(entry, b.entries[number] as Entry));

const compared = [
  'key',
  'secret',
  'version',
  'expiresAt',
  'loose',
  'text',
  'openedWith',
  'document',
] as const;

/** Sections are compared by identity: the same values may be on other lines now. */
function isSameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true;
  const isSameValue = a.value === b.value || (!isTree(a.value) && sameValue(a.value, b.value));
  return (
    isSameValue && compared.every((name) => a[name] === b[name]) && String(a.origin) === String(b.origin)
  );
}

type MadeAgain = Pick<Found, 'merged' | 'placement' | 'input'>;

/** What a generation keeps of its load. */
export class KeptLoad implements Found {
  readonly plan: Plan;
  readonly carried: Carried;
  readonly texts: ReadTexts;
  #made: WeakRef<MadeAgain> | undefined;

  constructor({ plan, carried }: Pick<Found, 'plan' | 'carried'>, texts: ReadTexts) {
    this.plan = plan;
    this.carried = carried;
    this.texts = texts;
  }

  get layers(): readonly Layer[] {
    return this.carried.layers;
  }

  get merged(): Merged {
    return this.#again().merged;
  }

  get placement(): Placement {
    return this.#again().placement;
  }

  get input(): Input {
    return this.#again().input;
  }

  #again(): MadeAgain {
    return atOnce(this.again());
  }

  /** Merges again, in steps. What is made lasts as long as its caller keeps the result. */
  *again(): Steps<MadeAgain> {
    let made = this.#made?.deref();
    if (!made) {
      made = yield* this.#make();
      this.#made = new WeakRef(made);
    }
    return made;
  }

  *#make(): Steps<MadeAgain> {
    const { plan, texts } = this;
    const { merged, placement } = yield* mergeLayers(plan, this.carried.layers);
    yield;
    const input = buildInput(placement, plan.shape, ({ path, item }) => texts.read(path, item.value));
    return { merged, placement, input };
  }
}
