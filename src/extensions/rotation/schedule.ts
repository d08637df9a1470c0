// When a credential is rotated and when the old one is revoked. The defaults depend on the kind of secret,
// and are data. Used by step.ts.

import type { RotationState } from './store.ts';

/** How often, and how long the old credential works beside the new one. */
export interface Schedule {
  /** The age at which the current credential is replaced. */
  readonly everyMs: number;
  /** How long the old credential is kept after a promotion. Connections and caches must end within it. */
  readonly overlapMs: number;
  /** How long after the overlap an old credential may be in use before `rotation_waiting` is emitted. */
  readonly graceMs: number;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The default schedules, by the kind of a target, or by the `type` in the metadata of a secret, which comes
 *  first. */
export const schedules: Readonly<Record<string, Schedule>> = Object.freeze({
  api_key: Object.freeze({ everyMs: 90 * day, overlapMs: 7 * day, graceMs: 7 * day }),
  database: Object.freeze({ everyMs: 30 * day, overlapMs: day, graceMs: day }),
  data_key: Object.freeze({ everyMs: 90 * day, overlapMs: 7 * day, graceMs: 7 * day }),
  service_token: Object.freeze({ everyMs: day, overlapMs: 5 * minute, graceMs: 5 * minute }),
});

/** The schedule of a secret. */
export function scheduleOf(
  own: Partial<Schedule>,
  kind: string,
  { type }: Pick<RotationState, 'type'>,
): Schedule {
  const known = (name: string | undefined): Schedule | undefined =>
    name !== undefined && Object.hasOwn(schedules, name) ? schedules[name] : undefined;
  const defaults = known(type) ?? known(kind) ?? (schedules.database as Schedule);
  const { everyMs = defaults.everyMs, overlapMs = defaults.overlapMs, graceMs = defaults.graceMs } = own;
  return { everyMs, overlapMs, graceMs };
}
