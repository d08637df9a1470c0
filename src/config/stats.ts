// The counters of a configuration: `config.stats()`, and what the registry of the process reads.

import type { Living } from '../living.ts';

/** Counters of a configuration since it was loaded. */
export interface ConfigStats {
  /** The number of the current generation. */
  readonly generation: number;
  /** The age of the current generation. */
  readonly ageMs: number;
  /** Reloads that kept the current generation because they failed. */
  readonly failedReloads: number;
}

export const configStats = (
  { number, loadedAt }: { readonly number: number; readonly loadedAt: number },
  counts: Pick<ConfigStats, 'failedReloads'>,
): ConfigStats => ({ generation: number, ageMs: Math.max(0, Date.now() - loadedAt), ...counts });

/** What the registry of the process reads of a configuration. Holds the counts, and not the configuration. */
export function livingConfig(
  config: { stats(): ConfigStats },
  name: string,
  counts: Readonly<Record<string, number>>,
): Living {
  const known = new WeakRef(config);
  return {
    kind: 'config',
    name,
    counters: () => ({ ...counts }),
    gauges: () => {
      const stats = known.deref()?.stats();
      return stats && { generation: stats.generation, ageMs: stats.ageMs };
    },
    largest: ['generation', 'ageMs'],
  };
}
