// What the state of a store means for a rotation: whether a promotion is half done, whether the pending
// version can still be used, and the name of the rotation. Used by step.ts and status.ts.

import { createHash } from 'node:crypto';
import { sameValue } from '../../value.ts';
import type { Credentials } from './credential.ts';
import type { PendingVersion, RotatingStore, RotationState } from './store.ts';

/** Whether the pending version is current already, and only the end of its promotion is missing. */
export const isPromoted = ({ pending, current }: RotationState): boolean =>
  pending !== undefined && sameValue(pending.value, current.value);

/** The pending version, unless it was made from another secret than the current one, or for its account. */
export function freshIn(
  { pending, current }: RotationState,
  credentials: Credentials,
): PendingVersion | undefined {
  if (!pending || pending.from !== current.version) return undefined;
  const isSame = credentials.isSameAccount(credentials.in(pending.value), credentials.in(current.value));
  return isSame ? undefined : pending;
}

/** The same for each try of a rotation: it depends on the current version alone. */
export const rotationOf = ({ name, key }: RotatingStore, { current, version }: RotationState): string =>
  createHash('sha256')
    .update(JSON.stringify([name, key, current.version ?? version]))
    .digest('hex')
    .slice(0, 24);
