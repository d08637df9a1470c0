import type { ConfigTree } from '../value.ts';
import type { Position } from './position.ts';
import type { SourceText } from './refusal.ts';

/** A text that was read: its frozen tree, and the position of the value at a path. */
export interface Parsed {
  readonly tree: ConfigTree;
  /** The text is searched on the first call. */
  readonly at: (path: readonly string[]) => Position | undefined;
}

/** Reads and prints trees of values. Both directions refuse what would not survive a round trip. */
export interface Format {
  parse(source: SourceText): Promise<Parsed>;
  print(tree: ConfigTree, owner: string): Promise<string>;
}
