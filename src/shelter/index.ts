export { type Clock, systemClock } from './clock.ts';
export {
  type BreakerOptions,
  type CacheOptions,
  type ResilienceOptions,
  type ShelterOptions,
  shelterOptionChecks,
  shelterOptionsOf,
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
  type ShelteredStats,
  sheltered,
  type VersionedRead,
  type VersionedWrite,
  WritableShelteredProvider,
} from './sheltered.ts';
