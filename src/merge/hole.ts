// Holes of the merged tree, with the error that reading one throws. Made by merged.ts.

import { ConfigError } from '../errors.ts';
import type { Origin } from '../origin.ts';
import type { Key } from '../value.ts';
import { provenanceOf } from './leaf.ts';
import type { ConflictNode, SectionNode } from './node.ts';

/** A place that cannot be read. It hides values of lower priority: a broken value never falls through to
 *  another. */
export interface Hole {
  readonly key: Key;
  readonly origin: Origin;
  readonly error: ConfigError;
  readonly layer: number;
}

export function holeOf(key: Key, node: SectionNode | ConflictNode): Hole {
  if (node.kind === 'conflict') {
    const error = conflictError(key, node);
    return Object.freeze({ key, error, origin: error.origin as Origin, layer: node.layer });
  }
  const { item, layer } = node.hole as NonNullable<SectionNode['hole']>;
  return Object.freeze({ key, error: item.error.with({ key }), origin: item.origin, layer });
}

function conflictError(key: Key, { between: [a, b], differ }: ConflictNode): ConfigError {
  const [first, second] = [provenanceOf(a, key).origin, provenanceOf(b, key).origin];
  const what = differ
    ? `"${key}" has different values in ${first} and ${second}`
    : `"${key}" is both a value and a section: ${first} and ${second}`;
  return new ConfigError('conflict', what, {
    key,
    origin: second,
    hint: differ ? 'Keep one of them' : 'Rename or remove one of them',
  });
}
