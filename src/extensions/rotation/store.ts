// The port to a store that keeps a credential while it is rotated: the current one, the next one, and the one
// before. Implemented by secrets-manager-store.ts, kv-store.ts and file-store.ts; used by rotate.ts. The
// state of a rotation is in the store and nowhere else, so that any process can go on where another one died.

import type { CallOptions } from '../../operation.ts';
import type { ConfigValue } from '../../value.ts';

/** The options of a call to a store. */
export interface StoreCall extends CallOptions {
  /** Ends the wait. What was sent may have been done. */
  readonly signal?: AbortSignal;
}

/** The options of `promote`. */
export interface PromoteCall extends StoreCall {
  /** The time now, by the clock of the rotation. */
  readonly at: number;
}

/** One version of a secret. */
export interface StoredVersion {
  /** The whole secret, with the fields that a rotation does not change. */
  readonly value: ConfigValue;
  /** The store's own version. Shown in events. */
  readonly version?: string;
  /** For the current version: when it was promoted, because the schedule and the overlap count from then.
   *  Never earlier than that. A secret that was never rotated: when it was written, if the store knows that.
   *  */
  readonly at?: number;
}

/** The next version. */
export interface PendingVersion extends StoredVersion {
  /** The version of the current secret from which this one was made. A pending secret that was made from
   *  another one is stale: it is replaced and never set. */
  readonly from?: string;
}

/** What a store has of a secret. */
export interface RotationState {
  /** What applications read. */
  readonly current: StoredVersion;
  /** Stored, and not current yet. While its value equals the current one, a promotion has been interrupted,
   *  and `promote` finishes it. */
  readonly pending?: PendingVersion;
  /** What a rotation has replaced, until it is revoked. Not what was current before a person edited the
   *  secret. */
  readonly previous?: StoredVersion;
  /** Identifies the state: it differs after each change of one of the three. */
  readonly version: string;
  /** The type of the secret, from its metadata: the kind of its default schedule. */
  readonly type?: string;
}

/** A store that keeps the versions of one secret, and compares before it writes. A store that only overwrites
 *  cannot be one: of two orchestrators, one would lose a credential that the target has learned.
 *  @see secretsManagerStore
 *  @see kvStore
 *  @see fileStore */
export interface RotatingStore {
  /** The store and the secret, for messages: `vault acme/database`. */
  readonly name: string;
  /** The key of the secret. In events, and the name of the lock. */
  readonly key: string;
  /** Two writes that have seen the same state never both succeed. */
  readonly compares: true;
  /** Reads all three from the store, past every cache.
   *  @throws ConfigError `not_found` if the store does not have the secret */
  read(options?: StoreCall): Promise<RotationState>;
  /** Stores the next version. Applications do not see it. Replaces a pending one.
   *  @param ifVersion `version` of the state that it was made from
   *  @throws ConfigError `conflict` if the state has changed */
  putPending(value: ConfigValue, ifVersion: string, options?: StoreCall): Promise<void>;
  /** Makes the pending version current and the current one previous. Then records `at` as the time of the
   *  promotion. Called again after an interruption, it finishes. With the current version in place of the
   *  pending one, it only records the time.
   *  @throws ConfigError `conflict` if one of the two has changed */
  promote(pending: StoredVersion, current: StoredVersion, options: PromoteCall): Promise<void>;
  /** Removes the previous version, because it is revoked. Does nothing if that has been done. */
  dropPrevious(previous: StoredVersion, options?: StoreCall): Promise<void>;
}
