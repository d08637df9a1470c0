export { type Clock, systemClock } from './clock.ts';
export {
  type BreakerOptions,
  type CacheOptions,
  type ResilienceOptions,
  type ShelterOptions,
  shelterOptionChecks,
  shelterOptionsOf,
  type VersionedRead,
  type VersionedWrite,
} from './options.ts';
export { ancestors, asDocument, mapped, placesOf } from './places.ts';
export type {
  Call,
  Document,
  DocumentSource,
  DocumentWrite,
  Limits,
  Outcome,
  Page,
  Place,
  Scope,
} from './port.ts';
export {
  ShelteredProvider,
  sheltered,
  WritableShelteredProvider,
} from './sheltered.ts';
export type { ShelteredStats } from './stats.ts';
