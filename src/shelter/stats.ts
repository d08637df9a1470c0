// The counters of a sheltered provider: `stats()`, and what the registry of the process reads. Used by
// sheltered.ts.

import type { Living } from '../living.ts';
import type { CacheCounts } from './cache/cache.ts';
import type { RequestCounts } from './request/request.ts';
import type { SecondLevelStats } from './second-level.ts';

/** Counters since the provider was created. */
export interface ShelteredStats {
  /** Reads answered from memory. */
  readonly hits: number;
  /** Reads that made a request, and were not served stale. */
  readonly misses: number;
  /** Reads of missing keys answered from memory. */
  readonly absentHits: number;
  /** Reads that were served an answer past its life. */
  readonly stale: number;
  /** Reads that joined a request in flight. */
  readonly joined: number;
  readonly requests: number;
  /** Requests that were retries. */
  readonly retries: number;
  /** Requests that failed. */
  readonly errors: number;
  /** Documents in memory. */
  readonly size: number;
  /** The share of reads answered from memory, 0 to 1; 0 before the first read. */
  readonly ratio: number;
  /** What the second level did, with the option `second`. */
  readonly second?: SecondLevelStats;
}

/** What `stats()` reads of a cache. */
interface CountedCache {
  readonly counts: CacheCounts;
  readonly size: number;
  readonly secondCounts: SecondLevelStats | undefined;
}

export function statsOf(cache: CountedCache, requests: RequestCounts): ShelteredStats {
  const { counts, size, secondCounts: second } = cache;
  const { hits, misses, absentHits, stale, joined } = counts;
  const all = hits + misses + absentHits + stale + joined;
  const ratio = all === 0 ? 0 : (hits + absentHits + stale) / all;
  return { hits, misses, absentHits, stale, joined, ...requests, size, ratio, ...(second && { second }) };
}

/** What the registry of the process reads of a provider. Holds the counts, and not the provider. */
export function livingStore(
  provider: { readonly name: string; stats(): ShelteredStats },
  reads: CacheCounts,
  requests: RequestCounts,
): Living {
  const known = new WeakRef(provider);
  return {
    kind: 'store',
    name: provider.name,
    counters: () => ({ ...reads, ...requests }),
    gauges: () => {
      const stats = known.deref()?.stats();
      return stats && { size: stats.size };
    },
  };
}
