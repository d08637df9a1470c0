// Leaves of the merged tree. Made by merged.ts. Origin and secrecy are computed on demand: `get` of a small
// section needs few of them.

import { type Entry, isUnreadable, type Unreadable } from '../entry.ts';
import { rest, startsWith } from '../key.ts';
import type { Origin } from '../origin.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { LayerEntry, LeafNode } from './node.ts';

export interface Provenance {
  readonly origin: Origin;
  readonly secret: boolean;
  /** What opened the value, if it was sealed. */
  readonly openedWith?: string;
}

/** The origin and secrecy of one leaf of an entry, which may hold a whole tree. */
export function provenanceOf(item: Entry | Unreadable, key: Key): Provenance {
  if (isUnreadable(item)) return { origin: item.origin, secret: true };
  if (item.loose === 'words') {
    const { origin, openedWith } = item;
    const secret = item.secret || item.leaf?.(key).secret === true;
    return { origin, secret, ...(openedWith !== undefined && { openedWith }) };
  }
  return (!item.loose && startsWith(key, item.key) && item.leaf?.(rest(key, item.key))) || item;
}

/** One value of the merge and the entry it came from. */
export class Leaf {
  readonly key: Key;
  readonly value: ConfigValue;
  readonly entry: Entry;
  /** The number of the entry's layer, 0 for the highest priority. */
  readonly layer: number;
  readonly layerName: string;
  readonly #overridden: LeafNode['overridden'];
  readonly #coversHole: boolean;

  /** `coversHole`: the hole of a section above hides lower layers here too. */
  constructor(key: Key, node: LeafNode, layerName: string, coversHole: boolean) {
    this.key = key;
    this.value = node.value;
    this.entry = node.entry;
    this.layer = node.layer;
    this.layerName = layerName;
    this.#overridden = node.overridden;
    this.#coversHole = coversHole;
  }

  /** The layers that have a value here: the winner's, then those that it overrides. */
  get layers(): readonly LayerEntry[] {
    const overridden = this.#overridden.filter((item): item is LayerEntry => item !== 'hole');
    return [{ entry: this.entry, layer: this.layer }, ...overridden];
  }

  get origin(): Origin {
    return provenanceOf(this.entry, this.key).origin;
  }

  /** Where the value is, and where the values are that it overrides. */
  origins(): readonly Origin[] {
    const items = this.#overridden.filter((item) => item !== 'hole');
    return [this.origin, ...items.map(({ entry }) => provenanceOf(entry, this.key).origin)];
  }

  /** Whether the entry is secret, or overrides a secret or a hole: the same key is secret elsewhere. */
  get secret(): boolean {
    return this.provenance().secret;
  }

  /** Origin and secrecy in a single look-up. */
  provenance(): Provenance {
    const { origin, secret } = provenanceOf(this.entry, this.key);
    const isSecret = (item: LayerEntry | 'hole'): boolean =>
      item === 'hole' || provenanceOf(item.entry, this.key).secret;
    return { origin, secret: secret || this.#coversHole || this.#overridden.some(isSecret) };
  }
}
