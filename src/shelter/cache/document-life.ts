// How long a document may be served, by the options of the cache and by what its store says. Used by
// documents.ts.

import { frozen } from '../../value.ts';
import type { SteadyClock } from '../clock.ts';
import type { Settings } from '../options.ts';
import type { Place } from '../port.ts';
import { Cached, type Definite } from './cached.ts';

/** A document that was asked for at `at`, by the request with the number `ticket`. */
export function cachedDocument(
  cache: Settings['cache'],
  { key, leased }: Place,
  outcome: Definite,
  at: number,
  ticket: number,
  clock: SteadyClock,
): Cached {
  // the end is a time of now, so the clock must have seen that it was put back
  if (outcome !== 'absent' && outcome.expiresAt !== undefined) clock.now();
  const { aheadMs } = clock;
  if (outcome === 'absent')
    return new Cached<Definite>(
      outcome,
      key,
      at,
      ticket,
      at + (cache ? cache.absentTtlMs : 0),
      Number.POSITIVE_INFINITY,
      aheadMs,
    );
  const { expiresAt = Number.POSITIVE_INFINITY } = outcome;
  // an end that is not a number is past
  const endsAt = expiresAt + aheadMs > at ? expiresAt + aheadMs : at;
  const ttlMs = cache ? cache.ttlMs * (1 + cache.jitter * (2 * Math.random() - 1)) : 0;
  const leaseMs = leased && endsAt < Number.POSITIVE_INFINITY ? ((endsAt - at) * 2) / 3 : undefined;
  const freshUntil = Math.min(at + (outcome.freshMs ?? leaseMs ?? ttlMs), endsAt);
  const { value } = outcome;
  const kept = typeof value === 'object' && value !== null ? { ...outcome, value: frozen(value) } : outcome;
  return new Cached<Definite>(kept, key, at, ticket, freshUntil, endsAt, aheadMs);
}
