// The health of a chain. `chain.health` loads this file on first use. Each provider has its own deadline, so
// one that hangs does not keep the others from being reported.

import { innermost } from '../decorators/decorate.ts';
import type { Health } from '../health.ts';
import { reportsStatus } from '../internal/listeners.ts';
import type { ConfigProvider, ReadOptions } from '../provider.ts';
import { toConfigError } from '../query.ts';

const deadlineMs = 5_000;

/** The health of all providers, checked in parallel, each with its own deadline. The chain reports the
 *  worst status. */
export async function healthOf(
  providers: readonly ConfigProvider[],
  options: ReadOptions,
  seen: (provider: string, health: Health) => void,
): Promise<Health> {
  const each = await Promise.all(
    providers.map(async (provider) => {
      const health = await healthInTime(provider, options);
      // a store reports its own status, and `optional` and `fallback` that of the provider inside
      const reportsItself = health.breaker !== undefined || reportsStatus(innermost(provider));
      if (!provider.layers && !reportsItself) seen(provider.name, health);
      return [provider.name, health] as const;
    }),
  );
  const unhealthy = each.filter(([, health]) => health.status !== 'ok');
  const status = unhealthy.some(([, health]) => health.status === 'down')
    ? 'down'
    : unhealthy.length > 0
      ? 'degraded'
      : 'ok';
  const reason = unhealthy.map(([name, health]) => `${name}: ${health.reason ?? health.status}`).join('; ');
  const latencyMs = Math.max(0, ...each.map(([, health]) => health.latencyMs ?? 0));
  return {
    status,
    ...(reason && { reason }),
    latencyMs,
    checkedAt: Date.now(),
    providers: Object.fromEntries(each),
  };
}

async function healthInTime(provider: ConfigProvider, options: ReadOptions): Promise<Health> {
  const startedAt = Date.now();
  const down = (reason: string): Health => ({
    status: 'down',
    reason,
    latencyMs: Math.max(0, Date.now() - startedAt),
    checkedAt: Date.now(),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Health>((resolve) => {
    timer = setTimeout(() => resolve(down(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    const health =
      provider.health?.(options) ?? Promise.resolve<Health>({ status: 'ok', checkedAt: startedAt });
    return await Promise.race([health, late]);
  } catch (error) {
    return down(toConfigError(error, provider.name).message);
  } finally {
    clearTimeout(timer);
  }
}
