// What the formats have in common: the name of one, what it reads, and one as a value that users pass. Types
// only, so that naming them loads no parser.

import type { Steps } from '../turns.ts';
import type { ConfigTree } from '../value.ts';
import type { Position } from './position.ts';
import type { SourceText } from './refusal.ts';

/** The name of a format. */
export type FormatName = 'json' | 'jsonc' | 'yaml' | 'toml';

/** A text that was read: its frozen tree, and the position of the value at a path. */
export interface Parsed {
  readonly tree: ConfigTree;
  /** The text is searched on the first call. */
  readonly at: (path: readonly string[]) => Position | undefined;
}

/** A format as a value, with the code that reads it: `yaml` of `llm-config-manager/yaml`, `toml` of
 *  `llm-config-manager/toml`. Both directions refuse what would not survive a round trip. */
export interface Format {
  readonly name: FormatName;
  /** @internal */
  parse(source: SourceText): Steps<Parsed>;
  /** @internal */
  print(tree: ConfigTree, owner: string): Promise<string>;
}
