// What a shared cache is asked for, and what it needs for that. Used by shared-cache.ts and sharing.ts.

import type { Settings } from '../options.ts';
import type { SourceIdentity } from '../port.ts';
import type { SharedName } from '../second-level.ts';
import type { Cached } from './cached.ts';
import type { GuardedLevel, SecondLevelCounts } from './guarded-level.ts';
import type { Flight, Tickets } from './single-flight-cache.ts';

/** A read that the cache in memory could not answer. */
export interface Asking<T> {
  readonly flight: Flight<T>;
  readonly name: string;
  /** The deadline, from the first ask. */
  endsAt?: number;
  /** The ticket of the level's last answer. */
  ticket?: number;
  /** The ticket of the first answer that made it wait. */
  waiting?: number;
  /** A content was refused, so none is taken. */
  refuses?: true;
  /** When the store was asked. */
  readAt?: number;
}

/** What a shared cache needs of the cache in memory. */
export interface CachePort<T, A extends Asking<T>> {
  readonly cached: (asking: A, outcome: T, at: number, ticket: number) => Cached<T>;
  readonly peek: (name: string) => Cached<T> | undefined;
  readonly land: (asking: A, cached: Cached<T>) => void;
}

export interface SharedCacheParts<T, A extends Asking<T>> extends CachePort<T, A> {
  readonly kind: SharedName['kind'];
  readonly identity: SourceIdentity;
  readonly level: GuardedLevel;
  readonly counts: SecondLevelCounts;
  readonly settings: Settings;
  /** How many names one request may have. */
  readonly batch: number;
  readonly tickets: Tickets;
  /** Whether a request may start, so that a lock is of use. */
  readonly mayRead: () => boolean;
  /** What is kept of an outcome. Throws for one that cannot be shared. */
  readonly encode: (outcome: T) => unknown;
  readonly decode: (shared: unknown) => T;
  readonly revision: (outcome: T) => string;
}
