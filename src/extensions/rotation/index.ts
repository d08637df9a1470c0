// `llm-config-manager/rotation`: replaces credentials while they are in use.

export { type DataKeysOptions, dataKeys } from './data-keys.ts';
export { alternating, type DatabaseUsers, singleUser } from './database-users.ts';
export { fileStore, type UpdatingProvider } from './file-store.ts';
export { type GeneratedKeys, generated } from './generated.ts';
export { type DocumentProvider, type KvStoreOptions, kvStore } from './kv-store.ts';
export { fileLock, type LeaseLockOptions, type Leases, leaseLock } from './lease-lock.ts';
export type { HeldLock, RotationLock } from './lock.ts';
export type { RotateOptions } from './options.ts';
export { type PasswordOptions, passwords } from './password.ts';
export { postgresLock } from './postgres-lock.ts';
export type {
  LockedSession,
  PostgresLogin,
  PostgresLoginClient,
  PostgresPool,
  PostgresQueries,
  PostgresSession,
} from './postgres-pool.ts';
export { type PostgresUsersOptions, postgresUsers } from './postgres-users.ts';
export { type Rotation, type RunOptions, rotate } from './rotate.ts';
export { type Schedule, schedules } from './schedule.ts';
export { type StagedProvider, secretsManagerStore } from './secrets-manager-store.ts';
export type { RotationStatus } from './status.ts';
export type { StepOptions, StepResult } from './step.ts';
export type {
  PendingVersion,
  PromoteCall,
  RotatingStore,
  RotationState,
  StoreCall,
  StoredVersion,
} from './store.ts';
export type {
  Credential,
  NextCall,
  OverlappingTarget,
  ReplacingTarget,
  RotationTarget,
  TargetCall,
} from './target.ts';
