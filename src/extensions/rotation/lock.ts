// The port to the lock under which each step of a rotation runs. Without one, two orchestrators leave a
// current secret that the target refuses. Used by rotate.ts.

/** What a step may use while it has the lock. */
export interface HeldLock {
  /** Aborted when the lock is known to be lost. */
  readonly signal?: AbortSignal;
  /** What the lock is held by, if that is a session of the target. Targets receive it with each call, and run
   *  their statements on it.
   *  @see TargetCall.session */
  readonly session?: unknown;
  /** Throws `conflict` if the lock is lost. Called before each change of the target. With a lease, the answer
   *  may be outdated by the time the change arrives. */
  check?(): Promise<void> | void;
}

/** Runs one step at a time of all processes that rotate a secret.
 *
 *  - A lock that is held by a session of the target, such as `postgresLock`, hands out that session. When the
 *    lock is gone, so is the connection: what a stalled process sends later does not arrive. A current secret
 *    is never refused.
 *  - Other locks are leases: they end after some time, also while a stalled process believes that it holds
 *    one. Each write to the store compares, so no credential is lost; but a late `set` may reach the target.
 *    A current secret may be refused until the next step, which sets it again and reports that. */
export interface RotationLock {
  /** Runs `step` while no other process runs a step under this name. Releases the lock when it has ended,
   *  also with an error. Returns undefined, without running `step`, if another process has the lock. */
  run<T>(
    name: string,
    step: (held: HeldLock) => Promise<T>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<T | undefined>;
}
