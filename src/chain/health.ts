import type { ConfigProvider, Health, ReadOptions } from '../provider.ts';
import { failure } from '../query.ts';

const deadlineMs = 5_000;

/** Every provider's health, side by side, each with its own deadline; the whole is as ill as its worst. */
export async function healthOf(providers: readonly ConfigProvider[], options: ReadOptions): Promise<Health> {
  const each = await Promise.all(
    providers.map(async (provider) => [provider.name, await one(provider, options)] as const),
  );
  const ill = each.filter(([, health]) => health.status !== 'ok');
  const status = ill.some(([, health]) => health.status === 'down')
    ? 'down'
    : ill.length > 0
      ? 'degraded'
      : 'ok';
  const reason = ill.map(([name, health]) => `${name}: ${health.reason ?? health.status}`).join('; ');
  const latencyMs = Math.max(0, ...each.map(([, health]) => health.latencyMs ?? 0));
  return {
    status,
    ...(reason && { reason }),
    latencyMs,
    checkedAt: Date.now(),
    providers: Object.fromEntries(each),
  };
}

async function one(provider: ConfigProvider, options: ReadOptions): Promise<Health> {
  const startedAt = Date.now();
  const down = (reason: string): Health => ({
    status: 'down',
    reason,
    latencyMs: Date.now() - startedAt,
    checkedAt: Date.now(),
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Health>((resolve) => {
    timer = setTimeout(() => resolve(down(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    const asked =
      provider.health?.(options) ?? Promise.resolve<Health>({ status: 'ok', checkedAt: startedAt });
    return await Promise.race([asked, late]);
  } catch (error) {
    return down(failure(error, provider.name).message);
  } finally {
    clearTimeout(timer);
  }
}
