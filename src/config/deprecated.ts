// What a load found under deprecated keys. Made by renames.ts; events, checks and explanations show it.

import type { Layer } from '../provider.ts';
import type { Key } from '../value.ts';

/** A value that a source has under a deprecated key. Keys are relative to the configuration. */
export interface DeprecatedUse {
  /** The old key. */
  readonly key: Key;
  /** The key to use instead. */
  readonly use: Key;
  /** Where the old key is set. */
  readonly origin: string;
  /** True if the same source also sets the new key, which wins. */
  readonly ignored: boolean;
}

/** A layer after its old keys were renamed. */
export interface RenamedLayer extends Layer {
  readonly deprecated?: readonly DeprecatedUse[];
}

/** What a load found under deprecated keys. */
export const deprecatedIn = (layers: readonly RenamedLayer[]): readonly DeprecatedUse[] =>
  layers.flatMap(({ deprecated }) => deprecated ?? []);

/** One line for a person: what is deprecated, where it is set, and what to do. */
export const deprecatedMessage = ({ key, use, origin, ignored }: DeprecatedUse): string =>
  ignored
    ? `"${key}" is deprecated (${origin}) and ignored: the same source sets "${use}". Remove "${key}"`
    : `"${key}" is deprecated (${origin}). Use "${use}"`;
