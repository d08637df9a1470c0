export { type ChainOptions, type Intercept, type Operation, ProviderChain } from './chain/chain.ts';
export type { Explanation, Said } from './chain/explain.ts';
export type { CheckedKey, ConfigCheck } from './config/check-config.ts';
export type { Config } from './config/config.ts';
export type { GenerationInfo, SourceInfo } from './config/generation.ts';
export { checkConfig, loadConfig } from './config/load-config.ts';
export type { DeepReadonly, PathOf, ValueAt } from './config/paths.ts';
export type { ConfigSource, LoadOptions } from './config/plan.ts';
export type { ChangeListener, ConfigChange } from './config/subscriptions.ts';
export type { ConfigView } from './config/view.ts';
export type { WatchOptions } from './config/watching.ts';
export {
  type ConfigTree,
  type ConfigValue,
  type Entry,
  type Loose,
  type Metadata,
  makeEntry,
  makeOrigin,
  type Origin,
  type OriginFields,
  type Secret,
  secret,
  type Unreadable,
} from './entry.ts';
export { ConfigError, type ErrorCode, type ErrorDetails, errorCodes, isConfigError } from './errors.ts';
export { type ConfigEvent, type ConfigEventTypes, type EventHead, type Logger, type LogLevel, type LogOptions, logTo } from './events.ts';
export type { FormatName } from './formats/format.ts';
export { type Revealable, reveal } from './guarded.ts';
export { lazy } from './internal/lazy.ts';
export type { VariableOptions } from './internal/variable-names.ts';
export { type Key, keyFrom, keyOf, segments, startsWith } from './key.ts';
export { cascade, type EnvironmentsOptions, environments, mounted, scoped } from './levels.ts';
export type {
  Change,
  ConfigProvider,
  Health,
  HealthStatus,
  KeyStatus,
  Layer,
  ListOptions,
  ReadOptions,
  Wanted,
  WritableProvider,
  WriteOptions,
} from './provider.ts';
export { type BundleOptions, BundleProvider } from './providers/bundle.ts';
export { type DirectoryOptions, DirectoryProvider } from './providers/directory.ts';
export { type DotEnvOptions, DotEnvProvider } from './providers/dotenv.ts';
export { type EnvOptions, EnvProvider } from './providers/env.ts';
export { type MemoryOptions, MemoryProvider, type MemoryValue, type MemoryValues } from './providers/memory.ts';
export { type Sensitive, taint } from './redact.ts';
export type { Problem } from './report/report.ts';
export { type EnvExampleOptions, envExample } from './schema/env-example.ts';
export { describeKeys, type SchemaKey, type SchemaKeys } from './schema/keys.ts';
export type { StandardSchemaV1 } from './schema/schema.ts';
export { fallback, optional } from './tolerance.ts';
