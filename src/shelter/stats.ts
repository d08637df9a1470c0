// The counters of a sheltered provider: `stats()`, and what the registry of the process reads. Used by
// sheltered.ts.

import type { ErrorCode } from '../errors.ts';
import type { Living, Metrics } from '../living.ts';
import type { CacheCounts } from './cache/cache.ts';
import type { BreakerState, RequestCounts } from './request/request.ts';
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
  /** The failed requests by the code of their error. */
  readonly errorCodes: { readonly [C in ErrorCode]?: number };
  /** Requests that waited for their turn, because of `limits`. */
  readonly waits: number;
  /** Documents in memory. */
  readonly size: number;
  /** The share of reads answered from memory, 0 to 1; 0 before the first read. */
  readonly ratio: number;
  /** The state of the circuit breaker. Undefined if a policy makes the requests. */
  readonly breaker?: BreakerState;
  /** Milliseconds until the first lease or secret ends, of those that are in memory and have an end. */
  readonly endsInMs?: number;
  /** What the second level did, with the option `second`. */
  readonly second?: SecondLevelStats;
}

/** What `stats()` reads of a cache. */
interface CountedCache {
  readonly counts: CacheCounts;
  readonly size: number;
  readonly secondCounts: SecondLevelStats | undefined;
  firstEnd(now: number): number | undefined;
}

/** What `stats()` reads of the requests. */
interface CountedRequests {
  readonly counts: RequestCounts;
  readonly state: BreakerState | undefined;
}

export function statsOf(cache: CountedCache, requests: CountedRequests, now: number): ShelteredStats {
  const { counts, size, secondCounts: second } = cache;
  const { hits, misses, absentHits, stale, joined } = counts;
  const all = hits + misses + absentHits + stale + joined;
  const ratio = all === 0 ? 0 : (hits + absentHits + stale) / all;
  const { state: breaker, counts: requested } = requests;
  const end = cache.firstEnd(now);
  return {
    ...{ hits, misses, absentHits, stale, joined },
    ...requested,
    errorCodes: { ...requested.errorCodes },
    ...{ size, ratio },
    ...(breaker && { breaker }),
    ...(end !== undefined && { endsInMs: end - now }),
    ...(second && { second: { ...second } }),
  };
}

const breakerStates: readonly BreakerState[] = ['closed', 'half-open', 'open'];

/** What the registry of the process reads of a provider. Holds the counts, and not the provider. */
export function livingStore(
  provider: { readonly name: string; stats(): ShelteredStats },
  { counts: reads, secondCounts }: Pick<CountedCache, 'counts' | 'secondCounts'>,
  requests: RequestCounts,
): Living {
  const known = new WeakRef(provider);
  return {
    kind: 'store',
    name: provider.name,
    counters: () => {
      const { errorCodes, ...counts } = requests;
      return { ...reads, ...counts, ...under('errors', errorCodes), ...under('second', secondCounts) };
    },
    gauges: () => {
      const stats = known.deref()?.stats();
      if (!stats) return undefined;
      const { size, breaker, endsInMs } = stats;
      return {
        size,
        ...(breaker && { breaker: breakerStates.indexOf(breaker) }),
        ...(endsInMs !== undefined && { endsInMs }),
      };
    },
    largest: ['breaker'],
    smallest: ['endsInMs'],
  };
}

/** Counters by the name of their group: `second.hits`. */
const under = (group: string, counts: object = {}): Metrics =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${group}.${name}`, count as number]));
