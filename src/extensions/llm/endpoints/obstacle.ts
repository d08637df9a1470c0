// Why an endpoint is not asked now: what it lacks, a circuit or a quota, a limit. Used by call.ts for each
// call, and by explain.ts.

import type { Backends, Obstacle } from './backends.ts';
import type { Member } from './generation.ts';
import type { Limits } from './limits.ts';

/** What a call asks of an endpoint. */
export interface Wants {
  readonly needs?: readonly string[] | undefined;
  readonly estimatedTokens?: number | undefined;
  readonly tenant?: string | undefined;
  readonly subject?: string | undefined;
}

/** Undefined: it may be asked. `largerThan`: the context that was too small. */
export function obstacleOf(
  { backends, limits }: { readonly backends: Backends; readonly limits: Limits },
  { endpoint, identity }: Member,
  { needs = [], estimatedTokens = 0 }: Wants,
  largerThan?: number,
): Obstacle | undefined {
  const missing = needs.filter((need) => !endpoint.supports.includes(need));
  if (missing.length > 0) return { state: 'lacking', why: `it does not support ${missing.join(', ')}` };
  if (largerThan !== undefined && !((endpoint.contextTokens ?? 0) > largerThan))
    return { state: 'lacking', why: 'its context is not known to be larger' };
  const cooling = backends.cooling(endpoint, identity);
  if (cooling) return cooling;
  const forMs = limits.waitMs(endpoint, identity, estimatedTokens);
  return forMs > 0 ? overLimit(forMs) : undefined;
}

export const overLimit = (forMs: number): Obstacle => ({
  state: 'over limit',
  why: 'its limit per minute is used up',
  forMs,
});
