// `rotate`: replaces a credential in a store and at a target, without a moment in which an application is
// refused. step.ts does one step; this file gives it the lock, the clock and the listeners.

import type { ConfigEvent } from '../../events.ts';
import { aBoolean, aNumber, aSignal, checkOptions } from '../../internal/options.ts';
import { toConfigError } from '../../query.ts';
import { AskedTarget, pause } from './asked-target.ts';
import { Credentials } from './credential.ts';
import type { HeldLock } from './lock.ts';
import { type RotateOptions, type Settings, settingsOf } from './options.ts';
import { Reports } from './reports.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { type RotationStatus, statusOf } from './status.ts';
import { Step, type StepOptions, type StepResult } from './step.ts';
import type { RotatingStore, RotationState } from './store.ts';
import type { RotationTarget } from './target.ts';

/** The options of `run`. */
export interface RunOptions {
  /** Ends the run, and the step that is under way. @default none: it lasts as long as the process */
  readonly signal?: AbortSignal;
  /** The pause between two steps. @default 60_000 */
  readonly pollMs?: number;
}

/** The rotation of one secret. Keeps no state of its own: another process may do the next step. */
export interface Rotation {
  /** The key of the secret. */
  readonly key: string;
  /** Does what is due: nothing, the next rotation as far as it goes now, or the end of one that has begun.
   *  Call it from cron or a job, often enough for the overlap.
   *  @throws ConfigError if a step fails. What was done stays, and the next call goes on from there. */
  step(options?: StepOptions): Promise<StepResult>;
  /** Steps until the signal aborts. A step that fails is an event, or a warning without a listener, and is
   *  tried again. Keeps the process alive. */
  run(options?: RunOptions): Promise<void>;
  /** Reads the store and asks the target. Changes nothing, and needs no lock. */
  status(options?: Pick<StepOptions, 'signal'>): Promise<RotationStatus>;
  /** Calls `listener` for each event, until disposed. */
  on(listener: (event: ConfigEvent) => void): Disposable;
}

/** Rotates one credential. The order of a rotation: the next credential is stored as *pending*, the target
 *  learns it, it is tested, it becomes *current*, both work for a while, nothing uses the old one, the old
 *  one is revoked. Each step begins by logging in with the current credential, and sets it again if it is
 *  refused, because the store is the truth.
 *  @throws ConfigError `invalid_option`
 *  @example
 *  const options = { lock: leaseLock(redis), revoke: 'auto' } as const;
 *  const rotation = rotate(kvStore(vault, 'llm'), generated(keys), options);
 *  await rotation.step(); // 'idle', 'overlap', 'done'
 *  @see withSecret for applications that use the credential. */
export function rotate(store: RotatingStore, target: RotationTarget, options: RotateOptions): Rotation {
  const settings = settingsOf(store, target, options);
  const credentials = new Credentials(store.name, target, options.fields);
  const reports = new Reports(store.name, store.key, () => settings.clock.now());
  if (options.on) reports.on(options.on);
  const parts: Parts = { store, target, settings, credentials, reports };
  const step = async (stepOptions: StepOptions, isThrown: boolean): Promise<StepResult> => {
    try {
      return await locked(parts, stepOptions);
    } catch (thrown) {
      const error = toConfigError(thrown, store.name, store.key);
      reports.failed(error, isThrown);
      throw error;
    }
  };
  return {
    key: store.key,
    async step(stepOptions = {}) {
      checkOptions('step', stepOptions, { begin: aBoolean, force: aBoolean, signal: aSignal });
      return step(stepOptions, true);
    },
    async run(runOptions = {}) {
      checkOptions('run', runOptions, { signal: aSignal, pollMs: aNumber(1) });
      const { signal = new AbortController().signal, pollMs = 60_000 } = runOptions;
      while (!signal.aborted) {
        await step({ signal }, false).catch(() => undefined);
        await pause(settings.clock, pollMs, signal);
      }
    },
    async status(statusOptions = {}) {
      checkOptions('status', statusOptions, { signal: aSignal });
      const { clock, revoke } = settings;
      const limited = withTimeout(settings, [statusOptions.signal]);
      try {
        const state = await store.read({ signal: limited.signal });
        const asked = askedBy(parts, { signal: limited.signal }, 0);
        return await statusOf(state, {
          asked,
          credentials,
          schedule: scheduleIn(parts, state),
          clock,
          revoke,
        });
      } catch (thrown) {
        throw toConfigError(thrown, store.name, store.key);
      } finally {
        limited.end();
      }
    },
    on: (listener) => reports.on(listener),
  };
}

interface Parts {
  readonly store: RotatingStore;
  readonly target: RotationTarget;
  readonly settings: Settings;
  readonly credentials: Credentials;
  readonly reports: Reports;
}

const scheduleIn = ({ settings, target }: Parts, state: RotationState): Schedule =>
  scheduleOf(settings.schedule, target.kind, state);

function askedBy(
  { store, target, settings }: Parts,
  call: { readonly signal: AbortSignal; readonly session?: unknown },
  settleMs = settings.settleMs,
): AskedTarget {
  return new AskedTarget(target, { owner: store.name, clock: settings.clock, settleMs, call });
}

/** Runs a step under the lock. */
async function locked(parts: Parts, options: StepOptions): Promise<StepResult> {
  const { store, target, settings, credentials, reports } = parts;
  const limited = withTimeout(settings, [options.signal]);
  const run = async (held: HeldLock): Promise<StepResult> => {
    const signal = held.signal ? AbortSignal.any([limited.signal, held.signal]) : limited.signal;
    const { session } = held;
    const step = new Step({
      store,
      target: askedBy(parts, { signal, ...(session !== undefined && { session }) }),
      overlaps: target.overlap,
      credentials,
      reports,
      clock: settings.clock,
      revoke: settings.revoke,
      schedule: (state) => scheduleIn(parts, state),
      held,
      signal,
    });
    return step.run(options);
  };
  try {
    return (await settings.lock.run(store.key, run, { signal: limited.signal })) ?? 'busy';
  } finally {
    limited.end();
  }
}

/** A signal that aborts with the first of others, or when the time of a step is over. */
function withTimeout(
  { clock, timeoutMs }: Settings,
  signals: readonly (AbortSignal | undefined)[],
): { readonly signal: AbortSignal; readonly end: () => void } {
  const late = new AbortController();
  const end = clock.after(timeoutMs, () => late.abort());
  const all = signals.filter((signal) => signal !== undefined);
  return { signal: AbortSignal.any([late.signal, ...all]), end };
}
