// The port to what accepts or refuses a credential: a database, an API, the readers of a key. Implemented by
// the targets of this module and by applications; used by rotate.ts. Each method may be called again after a
// process has died in the middle of it, so each one is idempotent.

/** The fields of a credential, by the target's names: `{ user, password }`, `{ key }`. The option `fields` of
 *  `rotate` maps them to the fields of the stored secret. */
export type Credential = Readonly<Record<string, string>>;

/** What a target receives with each call. */
export interface TargetCall {
  /** Aborted when the step is given up or its lock is lost. */
  readonly signal: AbortSignal;
  /** What the lock holds, if it holds something at the target: a session of the database. The statements of
   *  a target of the same database run on it, so that they end together with the lock.
   *  @see RotationLock */
  readonly session?: unknown;
}

/** What is known of the rotation that the next credential is for. */
export interface NextCall extends TargetCall {
  /** Names the rotation. The same when it is tried again, until the next promotion. What a target creates is
   *  named after it, and what has that name already is left from a process that died: the target removes it
   *  before it creates another. At most 32 letters and digits. */
  readonly rotation: string;
}

/** What each target does. */
interface Target {
  /** The kind of its default schedule: `database`, `api_key`, `service_token`.
   *  @see schedules */
  readonly kind: string;
  /** The names of the fields of its credentials. */
  readonly fields: readonly string[];
  /** Makes the next credential from the current one. It is stored before `set` lets the target learn it. A
   *  target that lets another system create it has no `set`. For users that alternate, the next user is one
   *  that `current` is not. */
  next(current: Credential, call: NextCall): Promise<Credential> | Credential;
  /** Makes the target accept the credential, whatever it accepted before: `ALTER ROLE … LOGIN PASSWORD`. Not
   *  called with one that `test` accepts. Also called with the current one, if the target refuses it: the
   *  store is the truth. Without it, a refused credential is replaced by another one. */
  set?(credential: Credential, call: TargetCall): Promise<void>;
  /** Logs in. False means that the target refuses the credential. What is not known, because the target is
   *  down, throws. */
  test(credential: Credential, call: TargetCall): Promise<boolean>;
}

/** A target that accepts two credentials at the same time: two users, two API keys. */
export interface OverlappingTarget extends Target {
  readonly overlap: true;
  /** The field that names an account: `user`. One of two credentials of the same account cannot be revoked
   *  alone, so the next credential never has the account of the current one. @default each credential is an
   *  account of its own, as an API key is */
  readonly identity?: string;
  /** How many still use the old credential: sessions, requests since the promotion, files. */
  inUse(old: Credential, current: Credential, call: TargetCall): Promise<number>;
  /** Makes the target refuse the old credential. Called during the overlap only with `force`. Also called for
   *  a credential that was made and never became current. */
  revoke(old: Credential, current: Credential, call: TargetCall): Promise<void>;
  /** Whether the old credential is revoked. @default `test(old)` is false */
  isRevoked?(old: Credential, current: Credential, call: TargetCall): Promise<boolean>;
}

/** A target that has one credential: a single user. `set` revokes the old one in the same moment, so there is
 *  no overlap, and a moment in which applications are refused: `withSecret` covers it. */
export interface ReplacingTarget extends Target {
  readonly overlap: false;
  set(credential: Credential, call: TargetCall): Promise<void>;
}

/** What accepts or refuses a credential. */
export type RotationTarget = OverlappingTarget | ReplacingTarget;
