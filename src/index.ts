// The main entry point of the package. Exports the core and the local providers; each remote provider has its
// own subpath, so that importing the core loads no client of a store.

export { type ChainOptions, ProviderChain } from './chain/chain.ts';
export type { ExplainedLayer, Explanation } from './chain/explain.ts';
export { cascade, type EnvironmentsOptions, environments } from './chain/levels.ts';
export type { SecretOptions } from './chain/secret-use.ts';
export { withSecret } from './chain/with-secret.ts';
export type { ReloadOptions } from './config/accepted-keys.ts';
export type {
  Candidate,
  CandidateChange,
  CandidateData,
  CandidateOptions,
} from './config/candidate.ts';
export type { CheckedKey, ConfigCheck } from './config/check-config.ts';
export type { Config } from './config/config.ts';
export type { DeprecatedUse } from './config/deprecated.ts';
export type { GenerationInfo, SourceInfo } from './config/generation.ts';
export type { RollbackOptions } from './config/going-back.ts';
export type { HistoryEntry } from './config/history.ts';
export { checkConfig, loadConfig } from './config/load-config.ts';
export type { OverrideValues } from './config/overrides.ts';
export type { DeepReadonly, PathOf, ValueAt } from './config/paths.ts';
export type { ConfigSource, LoadOptions, TrialCheck, TrialOptions, TriedConfig } from './config/plan.ts';
export { type PublicPart, publicConfig } from './config/public-config.ts';
export type { DisposeResource, MakeResource, Resource } from './config/resources.ts';
export { type RolloutOptions, rollout, variant } from './config/rollout.ts';
export type { ConfigStats } from './config/stats.ts';
export type { ChangeListener, ConfigChange } from './config/subscriptions.ts';
export type { ConfigView } from './config/view.ts';
export type { WatchOptions } from './config/watching.ts';
export { intercepted } from './decorators/intercepted.ts';
export { mounted, scoped } from './decorators/scoped.ts';
export { fallback, optional } from './decorators/tolerance.ts';
export {
  type Entry,
  type Loose,
  type Metadata,
  makeEntry,
  type Secret,
  secret,
  type Unreadable,
} from './entry.ts';
export type { Problem } from './errors.ts';
export { ConfigError, type ErrorCode, type ErrorDetails, errorCodes, isConfigError } from './errors.ts';
export {
  type ConfigEvent,
  type ConfigEventTypes,
  type EventHead,
  type Logger,
  type LogLevel,
  type LogOptions,
  logTo,
  type SharedByOperations,
} from './events.ts';
export type { Format, FormatName } from './formats/parsed.ts';
export type { Health, HealthStatus } from './health.ts';
export type { Interceptor, Operation } from './interception.ts';
export { lazy } from './internal/lazy.ts';
export { keyFrom, keyOf, segments, startsWith } from './key.ts';
export { livingMetrics, type Metrics } from './living.ts';
export { envExample } from './local/env-example.ts';
export type { EnvExampleOptions } from './local/example-text.ts';
export type { ReferenceValues } from './local/references.ts';
export type { VariableOptions } from './local/variable-names.ts';
export type { CallOptions, Cause } from './operation.ts';
export { makeOrigin, type Origin, type OriginFields } from './origin.ts';
export type {
  Change,
  CloseOptions,
  ComparingProvider,
  ConfigProvider,
  Decorated,
  DocumentWriteOptions,
  KeyStatus,
  Layer,
  ListOptions,
  PortOf,
  ReadOptions,
  VersionedProvider,
  VersionedRead,
  VersionedWrite,
  VersionInfo,
  VersionsOptions,
  Wanted,
  WritableProvider,
  WriteOptions,
} from './provider.ts';
export { type ArgvOptions, ArgvProvider } from './providers/argv.ts';
export { type BundleOptions, BundleProvider } from './providers/bundle.ts';
export { type DirectoryOptions, DirectoryProvider } from './providers/directory.ts';
export { type DotEnvOptions, DotEnvProvider } from './providers/dotenv.ts';
export { type EnvOptions, EnvProvider } from './providers/env.ts';
export {
  type MemoryOptions,
  MemoryProvider,
  type MemoryValue,
  type MemoryValues,
} from './providers/memory.ts';
export { type Sensitive, taint } from './redact.ts';
export { type Mutable, type Revealable, reveal } from './reveal.ts';
export { describeKeys } from './schema/describe-keys.ts';
export type { SchemaKey, SchemaKeys } from './schema/keys.ts';
export type { StandardSchemaV1 } from './schema/schema.ts';
export {
  bytes,
  duration,
  type UnitOptions,
  type UnitSchema,
  type ValibotUnit,
  type ZodUnit,
} from './schema/units.ts';
export type { TraceContexts } from './tracing.ts';
export type { ConfigTree, ConfigValue, Key } from './value.ts';
