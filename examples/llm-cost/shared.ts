import type { ConfigProvider } from 'llm-config-manager';
import { genaiPrices, loadLlm, type Price } from 'llm-config-manager/llm';
import { type RedisClient, type SharedOptions, shared } from 'llm-config-manager/redis';

// #region price
export const price: Price = ({ model, usage }) =>
  model === 'in-house' ? { micros: Math.ceil(usage.outputTokens * 0.2), currency: 'EUR' } : undefined;
// #endregion price

/** The budgets of all processes that use this Redis. */
export async function withBudgets(chain: ConfigProvider, client: RedisClient, keys: SharedOptions['keys']) {
  // #region shared
  const second = shared(client, { keys, domain: 'inference-prod', prefix: 'acme' });
  const ai = await loadLlm(chain, { price: await genaiPrices(), shared: second });
  // #endregion shared
  return ai;
}
