// What a store without stages keeps beside a secret: the next version, or the one before, and when the
// current one was promoted. Used by kv-store.ts and file-store.ts, which write it in the same form.

import { type ConfigTree, type ConfigValue, isTree, sameValue } from '../../value.ts';

/** How far a rotation is. `pending`: `pending` is stored, and `previous` is what it will replace.
 *  `promoting`: it is about to be current. `promoted`: it is, and `previous` is not revoked. `idle`: nothing
 *  is under way. */
export type RecordStep = 'pending' | 'promoting' | 'promoted' | 'idle';

/** The state of a rotation beside the current secret. */
export interface RotationRecord {
  /** Names the rotation: another one for each pending version. */
  readonly id: string;
  readonly step: RecordStep;
  readonly pending?: ConfigValue;
  readonly previous?: ConfigValue;
  /** The version of the current secret from which the pending one was made. */
  readonly from: string;
  /** When the current secret was promoted. */
  readonly at?: number;
}

const steps: readonly unknown[] = ['pending', 'promoting', 'promoted', 'idle'] satisfies RecordStep[];

/** The record in a stored value. Undefined for what is none. */
export function recordIn(stored: ConfigValue | undefined): RotationRecord | undefined {
  if (!isTree(stored)) return undefined;
  const { id, step, from, at, pending, previous } = stored;
  if (typeof id !== 'string' || typeof from !== 'string' || !steps.includes(step)) return undefined;
  return {
    id,
    step: step as RecordStep,
    from,
    ...(pending !== undefined && { pending }),
    ...(previous !== undefined && { previous }),
    ...(Number.isFinite(Number(at ?? Number.NaN)) && { at: Number(at) }),
  };
}

/** The record as a store writes it. */
export function storedRecord({ id, step, from, at, pending, previous }: RotationRecord): ConfigTree {
  return {
    id,
    step,
    from,
    ...(at !== undefined && { at }),
    ...(pending !== undefined && { pending }),
    ...(previous !== undefined && { previous }),
  };
}

/** The leaves of a value by their paths below `prefix`, for a store that writes leaf by leaf. */
export function leavesOf(value: ConfigValue, path: readonly string[]): [readonly string[], ConfigValue][] {
  return isTree(value)
    ? Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]))
    : [[path, value]];
}

/** The record once the current secret is `current`, of `version`, since `at`. The pending version may be what
 *  has become current; one that was made from another secret is dropped. */
export function promotedRecord(
  record: RotationRecord,
  current: ConfigValue,
  { version, at }: { readonly version: string; readonly at: number },
): RotationRecord {
  const { pending, previous, ...rest } = record;
  if (pending !== undefined && sameValue(pending, current))
    return { ...rest, ...(previous !== undefined && { previous }), step: 'promoted', from: version, at };
  if (pending === undefined || record.from === version) return { ...record, from: version, at };
  return { ...rest, step: 'idle', from: version, at };
}
