// A target as a step asks it: every call has the step's signal and the lock's session, and a foreign error
// becomes a ConfigError without its message, which may quote a password. Used by step.ts and rotate.ts.

import { ConfigError, isConfigError, nameAndCode } from '../../errors.ts';
import type { Clock } from '../../shelter/clock.ts';
import type { Credential, NextCall, RotationTarget, TargetCall } from './target.ts';

/** How a target is asked. */
export interface AskedParts {
  /** The store and the secret, in messages. */
  readonly owner: string;
  readonly clock: Clock;
  readonly settleMs: number;
  readonly call: TargetCall;
}

const firstPauseMs = 250;
const longestPauseMs = 2_000;

export class AskedTarget {
  readonly #target: RotationTarget;
  readonly #parts: AskedParts;

  constructor(target: RotationTarget, parts: AskedParts) {
    this.#target = target;
    this.#parts = parts;
  }

  next(current: Credential, rotation: string): Promise<Credential> {
    const call: NextCall = { ...this.#parts.call, rotation };
    return this.#ask('to make the next credential', async () => this.#target.next(current, call));
  }

  /** Whether the target can be made to accept a credential. */
  get canSet(): boolean {
    return this.#target.set !== undefined;
  }

  async set(credential: Credential): Promise<void> {
    await this.#ask('to set a credential', async () => this.#target.set?.(credential, this.#parts.call));
  }

  test(credential: Credential): Promise<boolean> {
    const { call } = this.#parts;
    return this.#ask(
      'to test a credential',
      async () => (await this.#target.test(credential, call)) === true,
    );
  }

  /** Tests a credential that the target has just learned. It may need a moment: replicas lag. */
  async settles(credential: Credential): Promise<boolean> {
    const { clock, settleMs, call } = this.#parts;
    let pauseMs = firstPauseMs;
    for (let waitedMs = 0; ; waitedMs += pauseMs, pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      if (await this.test(credential)) return true;
      if (waitedMs + pauseMs > settleMs || call.signal.aborted) return false;
      await pause(clock, pauseMs, call.signal);
    }
  }

  /** How many still use the old credential. */
  async inUse(old: Credential, current: Credential): Promise<number> {
    const target = this.#target;
    if (!target.overlap) return 0;
    return this.#ask('to count what uses the old credential', async () => {
      const count: unknown = await target.inUse(old, current, this.#parts.call);
      if (typeof count === 'number' && count >= 0) return count;
      throw new ConfigError('validation', `${this.#parts.owner}: inUse of the target is not a number`);
    });
  }

  async isRevoked(old: Credential, current: Credential): Promise<boolean> {
    const target = this.#target;
    if (!target.overlap || !target.isRevoked) return !(await this.test(old));
    const isRevoked = target.isRevoked.bind(target);
    return this.#ask('to look for the old credential', () => isRevoked(old, current, this.#parts.call));
  }

  async revoke(old: Credential, current: Credential): Promise<void> {
    const target = this.#target;
    if (target.overlap)
      await this.#ask('to revoke the old credential', () => target.revoke(old, current, this.#parts.call));
  }

  async #ask<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const { owner, call } = this.#parts;
    if (call.signal.aborted) throw aborted(owner, what);
    try {
      return await ask();
    } catch (error) {
      if (isConfigError(error)) throw error;
      if (call.signal.aborted) throw aborted(owner, what);
      throw new ConfigError('unavailable', `${owner}: the target failed ${what} (${nameAndCode(error)})`, {
        cause: error,
        hint: 'The next step goes on from here',
      });
    }
  }
}

const aborted = (owner: string, what: string): ConfigError =>
  new ConfigError('aborted', `${owner}: the step was aborted before the target was done ${what}`, {
    hint: 'The next step goes on from here',
  });

/** Waits, or ends early when the signal aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}
