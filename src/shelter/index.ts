export type { VersionedRead, VersionedWrite } from '../provider.ts';
export {
  type Sheltered,
  type ShelteredOptions,
  sheltered,
  VersionedShelteredProvider,
  WritableShelteredProvider,
  WritableVersionedShelteredProvider,
} from './abilities.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type BreakerOptions,
  type CacheOptions,
  type RequestPolicy,
  type ResilienceOptions,
  type ShelterOptions,
  shelterOptionChecks,
  shelterOptionsOf,
} from './options.ts';
export { ancestors, asDocument, mapped, placesOf } from './places.ts';
export type {
  Call,
  Closing,
  Document,
  DocumentSource,
  DocumentWrite,
  Limits,
  Outcome,
  Page,
  Place,
  Scope,
  SourceIdentity,
  VersionPage,
} from './port.ts';
export type {
  AskedName,
  AskOptions,
  HeldContent,
  Invalidated,
  KeptContent,
  NotHeld,
  SecondLevel,
  SecondLevelStats,
  SharedName,
  TicketedName,
} from './second-level.ts';
export type { SharedPace } from './shared-pace.ts';
export { ShelteredProvider } from './sheltered.ts';
export type { ShelteredStats } from './stats.ts';
