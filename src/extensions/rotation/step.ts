// One step of a rotation, under its lock: asks the store and the target what is, and does what is missing. It
// keeps no journal, so a step may be killed anywhere, and the next one goes on. Used by rotate.ts.

import { ConfigError, isConfigError } from '../../errors.ts';
import type { Clock } from '../../shelter/clock.ts';
import { type ConfigValue, sameValue } from '../../value.ts';
import type { AskedTarget } from './asked-target.ts';
import type { Credentials } from './credential.ts';
import type { HeldLock } from './lock.ts';
import type { Reports } from './reports.ts';
import type { Schedule } from './schedule.ts';
import { freshIn, isPromoted, rotationOf } from './state.ts';
import type { PendingVersion, RotatingStore, RotationState, StoredVersion } from './store.ts';
import type { Credential } from './target.ts';

/** What a step has found or done. `idle`: nothing is due. `pending`: the next credential is stored, and the
 *  target does not accept it yet. `testing`: the target accepts it, and it is not current yet. `overlap`: the
 *  old one is kept for a while. `in use`: the overlap has ended, and so many still use the old one. `manual`:
 *  a person has to revoke the old one. `done`: the old one is revoked. `busy`: another process
 *  has the lock. */
export type StepResult =
  | 'idle'
  | 'pending'
  | 'testing'
  | 'overlap'
  | `in use: ${number}`
  | 'manual'
  | 'done'
  | 'busy';

/** The options of `step`. */
export interface StepOptions {
  /** Starts a rotation although none is due. @default false */
  readonly begin?: boolean;
  /** Revokes the old credential now: also during the overlap, while it is in use, and with
   *  `revoke: 'manual'`. @default false */
  readonly force?: boolean;
  /** Ends the step. The next one goes on from there. @default none */
  readonly signal?: AbortSignal;
}

export interface StepParts {
  readonly store: RotatingStore;
  readonly target: AskedTarget;
  readonly overlaps: boolean;
  readonly credentials: Credentials;
  readonly reports: Reports;
  readonly clock: Clock;
  readonly revoke: 'auto' | 'manual';
  readonly schedule: (state: RotationState) => Schedule;
  readonly held: HeldLock;
  readonly signal: AbortSignal;
}

/** A time further ahead than clocks of machines differ was made by a clock that has been put back. */
const aheadMs = 60_000;

export class Step {
  readonly #parts: StepParts;

  constructor(parts: StepParts) {
    this.#parts = parts;
  }

  async run({ begin = false, force = false }: StepOptions): Promise<StepResult> {
    let state = await this.#timed(await this.#finished(await this.#read()));
    const isAccepted = await this.#accepted(state);
    if (state.previous) {
      if (!isAccepted) state = await this.#wentBack(state, state.previous);
      const result = state.previous ? await this.#retire(state, state.previous, force) : 'done';
      if (result !== 'done' || (!begin && isAccepted)) return result;
      state = await this.#read();
    }
    let pending = freshIn(state, this.#parts.credentials);
    if (!pending) {
      if (isAccepted && !begin && !this.#isDue(state)) return 'idle';
      state = await this.#prepare(state);
      pending = state.pending as PendingVersion;
    }
    state = await this.#learned(state, pending);
    state = await this.#promoted(state, state.pending as PendingVersion);
    return state.previous ? this.#retire(state, state.previous, force) : 'done';
  }

  #read(): Promise<RotationState> {
    const { store, signal } = this.#parts;
    return store.read({ signal });
  }

  /** Finishes a promotion that was interrupted. */
  async #finished(state: RotationState): Promise<RotationState> {
    return state.pending && isPromoted(state) ? this.#promoted(state, state.pending) : state;
  }

  /** Gives the current version a time, where a waiting old credential has none that can be used. */
  async #timed(state: RotationState): Promise<RotationState> {
    const { store, clock, signal, reports } = this.#parts;
    const { current } = state;
    const at = clock.now();
    const isAhead = current.at !== undefined && current.at > at + aheadMs;
    if (!isAhead && (current.at !== undefined || !state.previous)) return state;
    if (isAhead)
      reports.notice(`${store.name}: the clock was put back, so the time of the last rotation is now`);
    await store.promote(current, current, { at, signal });
    return this.#read();
  }

  /** Whether the target accepts the current credential, if need be after setting it again. False: another one
   *  is needed at once. */
  async #accepted(state: RotationState): Promise<boolean> {
    const { target, credentials, reports } = this.#parts;
    const current = credentials.in(state.current.value);
    if (await target.test(current)) return true;
    const pending = freshIn(state, credentials);
    // the promotion comes next
    if (pending && !state.previous && (await target.test(credentials.in(pending.value)))) return true;
    if (!target.canSet) return false;
    await this.#check();
    await target.set(current);
    if (!(await target.settles(current)))
      throw this.#refused('current', 'Repair the target, or write another credential into the store');
    reports.step('repaired', undefined, state.current);
    return true;
  }

  /** Makes the old credential current again, because the current one is lost for good. Nothing is revoked. */
  async #wentBack(state: RotationState, previous: StoredVersion): Promise<RotationState> {
    const { store, target, credentials, reports, signal } = this.#parts;
    const old = credentials.in(previous.value);
    if (!(await target.test(old))) return state;
    await this.#check();
    await store.putPending(credentials.replaced(state.current.value, old), state.version, { signal });
    const after = await this.#read();
    if (!after.pending) throw this.#overtaken();
    const back = await this.#promoted(after, after.pending);
    reports.step('repaired', state.current, back.current);
    return back;
  }

  #isDue(state: RotationState): boolean {
    const { at } = state.current;
    // a rotation was begun, and the secret was edited since: it begins again
    if (state.pending?.from) return true;
    return at === undefined || this.#parts.clock.now() - at >= this.#parts.schedule(state).everyMs;
  }

  /** Stores the next credential. */
  async #prepare(state: RotationState): Promise<RotationState> {
    const { store, target, credentials, reports } = this.#parts;
    const current = credentials.in(state.current.value);
    await this.#check();
    const next = await target.next(current, rotationOf(store, state));
    const value = credentials.replaced(state.current.value, next);
    if (this.#parts.overlaps && credentials.isSameAccount(credentials.in(value), current))
      throw new ConfigError(
        'validation',
        `${store.name}: the target made a credential of the current account`,
        {
          hint: 'The next credential needs another account: give the target at least two users',
        },
      );
    await this.#forget(state, current);
    await this.#put(value, next, state);
    const after = await this.#read();
    if (!after.pending || !sameValue(after.pending.value, value)) throw this.#overtaken();
    reports.step('pending', after.current, after.pending);
    return after;
  }

  async #put(value: ConfigValue, next: Credential, state: RotationState): Promise<void> {
    const { store, target, credentials, signal } = this.#parts;
    try {
      await store.putPending(value, state.version, { signal });
    } catch (error) {
      // nothing knows a key that was made and is not stored
      if (isConfigError(error) && error.code === 'conflict' && !target.canSet)
        await target.revoke(next, credentials.in(state.current.value));
      throw error;
    }
  }

  /** Revokes what is pending and is going to be replaced: it was made from a secret that was edited since. */
  async #forget({ pending }: RotationState, current: Credential): Promise<void> {
    const { target, credentials, overlaps } = this.#parts;
    if (!pending?.from || !overlaps) return;
    const old = credentials.in(pending.value);
    if (credentials.isSameAccount(old, current) || (await target.isRevoked(old, current))) return;
    await this.#check();
    await target.revoke(old, current);
  }

  /** Lets the target learn the pending credential, and tests it. */
  async #learned(state: RotationState, pending: PendingVersion): Promise<RotationState> {
    const { target, credentials, reports } = this.#parts;
    const credential = credentials.in(pending.value);
    if (await target.test(credential)) return state;
    if (target.canSet) {
      await this.#check();
      await target.set(credential);
      reports.step('set', state.current, pending);
      if (await target.settles(credential)) return state;
    } else {
      if (await target.settles(credential)) return state;
      // what another system has made and refuses is lost: it makes another one
      const replaced = await this.#prepare(state);
      if (await target.settles(credentials.in((replaced.pending as PendingVersion).value))) return replaced;
    }
    throw this.#refused('next', 'The current one stays. Look at what the target needs of a credential');
  }

  async #promoted(state: RotationState, pending: PendingVersion): Promise<RotationState> {
    const { store, clock, reports, signal } = this.#parts;
    await this.#check();
    await store.promote(pending, state.current, { at: clock.now(), signal });
    const after = await this.#read();
    if (!sameValue(after.current.value, pending.value)) throw this.#overtaken();
    reports.step('promoted', isPromoted(state) ? after.previous : state.current, after.current);
    return after;
  }

  /** Revokes the old credential, as soon as it may be. */
  async #retire(state: RotationState, previous: StoredVersion, force: boolean): Promise<StepResult> {
    const { store, target, credentials, reports, signal, overlaps, clock } = this.#parts;
    const old = credentials.in(previous.value);
    const current = credentials.in(state.current.value);
    const isAlone = overlaps && !credentials.isSameAccount(old, current);
    if (isAlone && !(await target.isRevoked(old, current))) {
      const ageMs = clock.now() - (state.current.at as number);
      const waiting = force ? undefined : await this.#waiting(state, ageMs, old);
      if (waiting !== undefined) return waiting;
      await this.#check();
      await target.revoke(old, current);
      if (!(await target.isRevoked(old, current)))
        throw new ConfigError(
          'conflict',
          `${store.name}: the target accepts the old credential after revoke`,
          {
            hint: 'Look at what else lets the old account in',
          },
        );
    }
    await store.dropPrevious(previous, { signal });
    reports.step('revoked', previous, state.current);
    return 'done';
  }

  /** Why the old credential is not revoked yet. */
  async #waiting(state: RotationState, ageMs: number, old: Credential): Promise<StepResult | undefined> {
    const { store, target, credentials, reports, revoke, schedule } = this.#parts;
    const { overlapMs, graceMs } = schedule(state);
    if (ageMs < overlapMs) return 'overlap';
    if (revoke === 'manual') {
      reports.waiting(
        `${store.name}: the overlap has ended. Revoke the old credential, or run a step with force`,
      );
      return 'manual';
    }
    const inUse = await target.inUse(old, credentials.in(state.current.value));
    if (inUse === 0) return undefined;
    if (ageMs >= overlapMs + graceMs)
      reports.waiting(
        `${store.name}: the old credential is still in use (${inUse}) and was not revoked. ` +
          'Find out what uses it, or run a step with force',
        inUse,
      );
    return `in use: ${inUse}`;
  }

  async #check(): Promise<void> {
    const { held, signal, store } = this.#parts;
    if (signal.aborted)
      throw new ConfigError('aborted', `${store.name}: the step was aborted`, {
        hint: 'The next step goes on from here',
      });
    await held.check?.();
  }

  #refused(which: 'current' | 'next', hint: string): ConfigError {
    const { store } = this.#parts;
    const message = `${store.name}: the target refuses the ${which} credential`;
    return new ConfigError('unauthenticated', message, { hint });
  }

  #overtaken(): ConfigError {
    const { store } = this.#parts;
    return new ConfigError('conflict', `${store.name}: another process has changed the rotation`, {
      hint: 'The next step goes on from what is there',
    });
  }
}
