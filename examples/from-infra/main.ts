import { EnvProvider, isConfigError, loadConfig, logTo, ProviderChain } from 'llm-config-manager';
import { sheltered } from 'llm-config-manager/shelter';
import { z } from 'zod';
import { Store } from './store.ts';

const env = { REDIS_HOST: 'cache.internal', REDIS_PORT: '6380', LLM_SHIELD_TIMEOUT_MS: '200' };

const logger = { ...console, debug: () => undefined }; // in production: pino, winston, bunyan

// #region config
const Schema = z.object({
  redis: z.object({ host: z.string(), port: z.number().int(), keyPrefix: z.string().default('') }),
  llmShield: z.object({ timeoutMs: z.number().int().positive() }),
});
const chain = new ProviderChain([new EnvProvider({ env })]); // REDIS_HOST, LLM_SHIELD_TIMEOUT_MS
const config = await loadConfig(Schema, chain, { on: logTo(logger) });
console.log(config.value);
// #endregion config

// #region shelter
const store = sheltered(new Store(), {
  cache: { ttlMs: 300_000 },
  resilience: { attempts: 3, backoff: { initialMs: 100, factor: 2 }, breaker: { failures: 5 } },
  limits: { perSecond: 40 },
});
// #endregion shelter

// #region errors
/** The HTTP answer for an error of this library. Its message has no secret. */
function responseOf(error: unknown): { status: number; body: object } {
  if (!isConfigError(error)) return { status: 500, body: { code: 'INTERNAL_ERROR' } };
  const { status, code, message, transient } = error;
  return { status, body: { code, message, retry: transient } };
}
// #endregion errors

console.log(await store.get('billing.account').catch(responseOf));
console.log(await store.get('flags.beta').catch(responseOf));
await store.close();
await config.close();
