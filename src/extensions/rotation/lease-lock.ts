// Locks that are not held at the target: a file between the processes of one machine, and a lease that a
// service keeps, such as Redis. Both are passed to `rotate` as the option `lock`.

import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { ConfigError, isConfigError } from '../../errors.ts';
import { aNumber, checkOptions } from '../../internal/options.ts';
import { withLock } from '../../local/lock.ts';
import { aClock, type Clock, later, systemClock } from '../../shelter/clock.ts';
import type { HeldLock, RotationLock } from './lock.ts';

/** What keeps leases: one command of Redis, one row of a table. */
export interface Leases {
  /** Gives the lease to `owner` until `ttlMs` from now, unless another owner has it. An owner that has it
   *  already extends it. Returns whether `owner` has it. */
  acquire(name: string, owner: string, ttlMs: number): Promise<boolean>;
  /** Ends the lease, if `owner` has it. */
  release(name: string, owner: string): Promise<void>;
}

/** The options of `leaseLock`. */
export interface LeaseLockOptions {
  /** How long a lease lasts without an extension. A process that died blocks the others so long.
   *  @default 30_000 */
  readonly ttlMs?: number;
  /** The source of time. @default the system's */
  readonly clock?: Clock;
}

/** A lock that is a lease. It is extended while the step runs, and asked before each change of the target.
 *  @see RotationLock for what a lease cannot promise */
export function leaseLock(leases: Leases, options: LeaseLockOptions = {}): RotationLock {
  checkOptions('leaseLock', options, { ttlMs: aNumber(1_000), clock: aClock });
  const { ttlMs = 30_000, clock = systemClock } = options;
  return {
    async run(name, step) {
      const owner = randomUUID();
      if (!(await leases.acquire(name, owner, ttlMs))) return undefined;
      const lost = new AbortController();
      const extend = async (): Promise<boolean> => {
        const isOurs = await leases.acquire(name, owner, ttlMs);
        if (!isOurs) lost.abort();
        return isOurs;
      };
      const held: HeldLock = {
        signal: lost.signal,
        async check() {
          if (lost.signal.aborted || !(await extend())) throw lockLost(name);
        },
      };
      const stop = repeatedly(clock, ttlMs / 3, extend);
      try {
        return await step(held);
      } finally {
        stop();
        await leases.release(name, owner).catch(() => undefined);
      }
    },
  };
}

/** Calls `work` at an interval until it is stopped. A failure is not the last call. */
function repeatedly(clock: Clock, everyMs: number, work: () => Promise<unknown>): () => void {
  let isStopped = false;
  let cancel: () => void;
  const next = (): void => {
    cancel = later(clock, everyMs, () => {
      const again = (): void => {
        if (!isStopped) next();
      };
      void work().then(again, again);
    });
  };
  next();
  return () => {
    isStopped = true;
    cancel();
  };
}

const lockLost = (name: string): ConfigError =>
  new ConfigError('conflict', `the lock of the rotation of "${name}" is lost: another process has it`, {
    hint: 'Nothing is lost: the next step goes on. If this repeats, raise ttlMs',
  });

/** A lock between the processes of one machine, or of machines that share a folder: a file beside `file`.
 *  @example
 *  rotate(fileStore(secrets, 'llm'), target, { lock: fileLock('secrets.json.jwe'), revoke: 'auto' }); */
export function fileLock(file: string): RotationLock {
  return {
    async run(name, step, { signal } = {}) {
      const beside = `${path.resolve(file)}.rotation.${name.replaceAll(/[^\w.-]/g, '_')}`;
      let isHeld = false;
      try {
        return await withLock(
          beside,
          (check) => {
            isHeld = true;
            return step({ check });
          },
          { owner: `the rotation of "${name}"`, waitMs: 500, leaseMs: 600_000, signal },
        );
      } catch (error) {
        if (!isHeld && isConfigError(error) && error.code === 'timeout') return undefined;
        throw error;
      }
    },
  };
}
