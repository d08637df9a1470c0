// The options of `rotate`, checked and with their defaults. Used by rotate.ts. A store that only
// overwrites is refused, because of two orchestrators one would lose a credential.

import { ConfigError } from '../../errors.ts';
import type { ConfigEvent } from '../../events.ts';
import { aFunction, aNumber, aString, checkOptions, mapOf, oneOf } from '../../internal/options.ts';
import { aClock, type Clock, systemClock } from '../../shelter/clock.ts';
import type { Key } from '../../value.ts';
import type { RotationLock } from './lock.ts';
import type { Schedule } from './schedule.ts';
import type { RotatingStore } from './store.ts';
import type { RotationTarget } from './target.ts';

/** The options of `rotate`. */
export interface RotateOptions extends Partial<Schedule> {
  /** The lock under which each step runs. Without one, two orchestrators leave a current secret that the
   *  target refuses. */
  readonly lock: RotationLock;
  /** What happens to an old credential that is out of use: `'auto'` revokes it, `'manual'` leaves it to a
   *  person. */
  readonly revoke: 'auto' | 'manual';
  /** The key in the stored secret for each field of the credential. All other fields of the secret are kept.
   *  @default the names of the target */
  readonly fields?: Readonly<Record<string, Key>>;
  /** The age at which the current credential is replaced. @default by kind, see `schedules` */
  readonly everyMs?: number;
  /** How long the old credential is kept after a promotion. @default by kind */
  readonly overlapMs?: number;
  /** How long after the overlap an old credential may still be in use, before that is an event
   *  `rotation_waiting`. @default by kind */
  readonly graceMs?: number;
  /** How long the target may refuse a new credential that it has just learned. @default 10_000 */
  readonly settleMs?: number;
  /** The longest time of a step. Its calls are then aborted. @default 60_000 */
  readonly timeoutMs?: number;
  /** Called for each event, as a listener of `on`. @default none */
  readonly on?: (event: ConfigEvent) => void;
  /** The source of time. @default the system's */
  readonly clock?: Clock;
}

/** The options with their defaults. */
export type Settings = ReturnType<typeof settingsOf>;

const hasMethods =
  (expected: string, ...names: readonly string[]) =>
  (value: unknown) =>
    names.every((name) => typeof (value as Record<string, unknown> | null)?.[name] === 'function')
      ? undefined
      : expected;

export function settingsOf(store: RotatingStore, target: RotationTarget, options: RotateOptions) {
  checkStore(store);
  checkTarget(target);
  checkOptions('rotate', options, {
    lock: hasMethods('an object with run(name, step)', 'run'),
    revoke: oneOf('auto', 'manual'),
    fields: mapOf(aString),
    everyMs: aNumber(0),
    overlapMs: aNumber(0),
    graceMs: aNumber(0),
    settleMs: aNumber(0),
    timeoutMs: aNumber(1),
    on: aFunction,
    clock: aClock,
  });
  for (const [name, hint] of [
    ['lock', 'Pass postgresLock(pool), fileLock(path) or leaseLock(lease)'],
    ['revoke', "Set revoke: 'auto', or 'manual' if a person revokes old credentials"],
  ] as const)
    if (options[name] === undefined)
      throw new ConfigError('invalid_option', `rotate: the option ${name} is required`, { hint });
  const { lock, revoke, everyMs, overlapMs, graceMs } = options;
  const { settleMs = 10_000, timeoutMs = 60_000, clock = systemClock } = options;
  const own = Object.fromEntries(
    Object.entries({ everyMs, overlapMs, graceMs }).filter(([, value]) => value !== undefined),
  ) as Partial<Schedule>;
  return { lock, revoke, schedule: own, settleMs, timeoutMs, clock };
}

function checkStore(store: unknown): void {
  const methods = hasMethods('', 'read', 'putPending', 'promote', 'dropPrevious');
  if (methods(store) === undefined && (store as Partial<RotatingStore>).compares === true) return;
  throw new ConfigError('invalid_option', 'rotate: the first argument is not a store that compares', {
    hint: 'Pass secretsManagerStore(…), kvStore(…), fileStore(…) or a RotatingStore with compares: true',
  });
}

function checkTarget(target: unknown): void {
  const { overlap, fields } = (target ?? {}) as Partial<RotationTarget>;
  const expected = ['next', 'test', ...(overlap === true ? ['inUse', 'revoke'] : ['set'])];
  const isSound =
    hasMethods('', ...expected)(target) === undefined &&
    typeof overlap === 'boolean' &&
    Array.isArray(fields) &&
    fields.length > 0;
  if (isSound) return;
  throw new ConfigError('invalid_option', 'rotate: the second argument is not a target', {
    hint: 'Pass alternating(…), generated(…) or a RotationTarget',
  });
}
