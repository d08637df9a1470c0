// The nodes of a merged tree: `merge.ts` builds them, `merged.ts` reads them. Layer 0 has the highest
// priority.

import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigValue } from '../value.ts';

export interface LayerEntry {
  readonly entry: Entry;
  readonly layer: number;
}

export interface LeafNode extends LayerEntry {
  readonly kind: 'leaf';
  readonly value: ConfigValue;
  /** What the leaf hides: entries and holes of lower layers. */
  overridden: readonly (LayerEntry | 'hole')[];
}

export interface SectionNode {
  readonly kind: 'section';
  readonly children: Map<string, MergeNode>;
  /** The item that made the section, for the message of a conflict. */
  readonly first: { readonly item: Entry | Unreadable };
  /** The section's own hole: it hides every lower layer here and below. */
  hole?: { readonly item: Unreadable; readonly layer: number };
}

/** A place that is a value in one source and a section in another, or has two values in one layer
 *  (`differ`). */
export interface ConflictNode {
  readonly kind: 'conflict';
  readonly layer: number;
  readonly between: readonly [Entry | Unreadable, Entry | Unreadable];
  readonly differ: boolean;
}

export type MergeNode = LeafNode | SectionNode | ConflictNode;
