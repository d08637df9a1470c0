// The health of a provider, and its last seen status. Providers, chains and decorators emit `health_changed`
// through an Emitter, which compares a status with the one seen before. All that report on one provider share
// what was seen, so that a change is emitted once.

/** `degraded`: the provider answers, but with a fault. */
export type HealthStatus = 'ok' | 'degraded' | 'down';

/** The health of a provider. */
export interface Health {
  readonly status: HealthStatus;
  /** Why the status is not `ok`. */
  readonly reason?: string;
  readonly latencyMs?: number;
  /** The state of a store's circuit breaker. */
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** Milliseconds since 1970. */
  readonly checkedAt: number;
  /** The health of each provider of a chain, by name. */
  readonly providers?: Readonly<Record<string, Health>>;
}

const lastSeen = new WeakMap<object, HealthStatus>();

/** Records the status of a provider. Returns the status that was seen before, if it differs. A provider
 *  counts as `ok` until something else is seen. */
export function seeStatus(provider: object, status: HealthStatus): HealthStatus | undefined {
  const before = lastSeen.get(provider) ?? 'ok';
  lastSeen.set(provider, status);
  return before === status ? undefined : before;
}
