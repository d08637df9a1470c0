import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigValue } from '../value.ts';

export interface LayerItem {
  readonly item: Entry;
  readonly layer: number;
}
export interface LeafNode extends LayerItem {
  readonly kind: 'leaf';
  readonly value: ConfigValue;
  readonly under: (LayerItem | 'hole')[];
}
export interface Section {
  readonly kind: 'section';
  readonly kids: Map<string, Node>;
  readonly first: { readonly item: Entry | Unreadable };
  closed?: { readonly item: Unreadable; readonly layer: number };
}
export interface Conflict {
  readonly kind: 'conflict';
  readonly layer: number;
  readonly between: readonly [Entry | Unreadable, Entry | Unreadable];
  readonly differ: boolean;
}
export type Node = LeafNode | Section | Conflict;
