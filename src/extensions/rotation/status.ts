// What a rotation looks like now, for people and monitoring: the state of the store, and what the target says
// of it. Used by rotate.ts. Reads only, and needs no lock.

import type { Clock } from '../../shelter/clock.ts';
import type { AskedTarget } from './asked-target.ts';
import type { Credentials } from './credential.ts';
import type { Schedule } from './schedule.ts';
import { freshIn, isPromoted } from './state.ts';
import type { StepResult } from './step.ts';
import type { RotationState } from './store.ts';

/** Where a rotation is, as the store and the target report it. */
export interface RotationStatus {
  /** Where the rotation is. */
  readonly step: Exclude<StepResult, 'busy' | 'done'>;
  /** Whether the target accepts the current credential. If not, the next step repairs that. */
  readonly isAccepted: boolean;
  /** The version that applications read. */
  readonly current: { readonly version?: string; readonly at?: number };
  readonly pending?: { readonly version?: string };
  readonly previous?: { readonly version?: string };
  /** When the next rotation begins. Omitted if the age of the current credential is unknown: then now. */
  readonly dueAt?: number;
  /** From when on the old credential may be revoked. */
  readonly overlapEndsAt?: number;
}

export async function statusOf(
  state: RotationState,
  parts: {
    readonly asked: AskedTarget;
    readonly credentials: Credentials;
    readonly schedule: Schedule;
    readonly clock: Clock;
    readonly revoke: 'auto' | 'manual';
  },
): Promise<RotationStatus> {
  const { current, pending, previous } = state;
  const { everyMs, overlapMs } = parts.schedule;
  const versionOf = ({ version }: { readonly version?: string }) =>
    version === undefined ? {} : { version };
  const { at } = current;
  return {
    step: await stepOf(state, parts),
    isAccepted: await parts.asked.test(parts.credentials.in(current.value)),
    current: { ...versionOf(current), ...(at !== undefined && { at }) },
    ...(pending && { pending: versionOf(pending) }),
    ...(previous && { previous: versionOf(previous) }),
    ...(at !== undefined && { dueAt: at + everyMs }),
    ...(at !== undefined && previous && { overlapEndsAt: at + overlapMs }),
  };
}

async function stepOf(
  state: RotationState,
  { asked, credentials, schedule, clock, revoke }: Parameters<typeof statusOf>[1],
): Promise<RotationStatus['step']> {
  const { current, previous } = state;
  const inForce = credentials.in(current.value);
  if (previous) {
    const old = credentials.in(previous.value);
    if (clock.now() - (current.at ?? clock.now()) < schedule.overlapMs) return 'overlap';
    if (revoke === 'manual') return 'manual';
    const inUse = credentials.isSameAccount(old, inForce) ? 0 : await asked.inUse(old, inForce);
    return inUse > 0 ? `in use: ${inUse}` : 'overlap';
  }
  const pending = freshIn(state, credentials);
  if (isPromoted(state)) return 'testing';
  if (!pending) return 'idle';
  return (await asked.test(credentials.in(pending.value))) ? 'testing' : 'pending';
}
