// What `doctor` finds out from the stores: whether each answers and how fast, and how many requests a load
// makes. Makes one load, without leases.

import type { ProviderChain } from '../../chain/chain.ts';
import { checkConfig } from '../../config/load-config.ts';
import type { Health } from '../../health.ts';
import { living } from '../../living.ts';
import type { Wanted } from '../../provider.ts';
import type { StandardSchemaV1 } from '../../schema/schema.ts';
import type { Loaded } from '../module.ts';
import type { Check } from './check.ts';

/** The health of each provider that is not on this machine, and of the others that fail. */
export async function storeChecks(chain: ProviderChain): Promise<Check[]> {
  const { providers = {} } = await chain.health();
  const local = new Set(chain.providers.flatMap(({ name, local }) => (local ? [name] : [])));
  return Object.entries(providers).flatMap(([name, health]): Check[] =>
    local.has(name) && health.status === 'ok' ? [] : [storeCheck(name, health)],
  );
}

function storeCheck(name: string, { status, reason, latencyMs, breaker }: Health): Check {
  const latency = latencyMs === undefined ? 'answers' : `answers in ${Math.round(latencyMs)} ms`;
  if (status === 'ok') return { name, found: latency, status: 'ok' };
  const open = breaker === 'open' ? ', breaker open' : '';
  return {
    name,
    found: `${status}${open}${reason ? `: ${reason}` : ''}`,
    status: status === 'degraded' ? 'warning' : 'failed',
  };
}

export interface LoadCost {
  /** Requests of a first load, by store. Includes no log-in and no lease. */
  readonly requests: Readonly<Record<string, number>>;
  readonly check: Check;
}

/** Loads once, and counts. */
export async function loadCost({ chain, schema, options }: Loaded, wanted: Wanted): Promise<LoadCost> {
  const before = requestCounts();
  const check = schema ? await validity(chain, schema, options) : await readability(chain, wanted);
  const requests = Object.fromEntries(
    Array.from(requestCounts(), ([name, count]) => [name, count - (before.get(name) ?? 0)] as const).filter(
      ([, count]) => count > 0,
    ),
  );
  return { requests, check };
}

/** The requests of each store so far. */
function requestCounts(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, name, counters } of living())
    if (kind === 'store') counts.set(name, (counts.get(name) ?? 0) + (counters().requests ?? 0));
  return counts;
}

async function validity(
  chain: ProviderChain,
  schema: StandardSchemaV1,
  options: Loaded['options'],
): Promise<Check> {
  const { ok, problems } = await checkConfig(schema, chain, options);
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  const name = 'configuration';
  if (ok) return { name, found: 'valid', status: 'ok' };
  return { name, found: count, status: 'failed', hint: 'Run llm-config check to see them' };
}

async function readability(chain: ProviderChain, wanted: Wanted): Promise<Check> {
  const layers = await chain.layers('', { wanted });
  const failed = layers.flatMap(({ name, error }) => (error ? [name] : []));
  const name = 'configuration';
  return failed.length === 0
    ? { name, found: 'can be read', status: 'ok' }
    : { name, found: `cannot be read from ${failed.join(', ')}`, status: 'failed' };
}
