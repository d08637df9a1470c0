export { type ChainOptions, type Intercept, type Operation, ProviderChain } from './chain.ts';
export {
  type ConfigTree,
  type ConfigValue,
  type Entry,
  type Loose,
  type Metadata,
  type Origin,
  type Secret,
  secret,
  type Unreadable,
} from './entry.ts';
export { ConfigError, type ErrorCode, type ErrorDetails, errorCodes, isConfigError } from './errors.ts';
export { type ConfigEvent, type ConfigEventTypes, type EventHead, type Logger, type LogLevel, type LogOptions, logTo } from './events.ts';
export type { Explanation, Said } from './explain.ts';
export type { FormatName } from './formats/format.ts';
export { lazy } from './internal/lazy.ts';
export { type Key, keyOf } from './key.ts';
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
export { type MemoryOptions, MemoryProvider, type MemoryValue, type MemoryValues } from './providers/memory.ts';
export { fallback, optional } from './tolerance.ts';
