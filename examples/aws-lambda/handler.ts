// #region handler
import { isConfigError, ProviderChain } from 'llm-config-manager';
import { AwsSsmProvider } from 'llm-config-manager/aws';

const parameters = new AwsSsmProvider({
  path: '/acme/inference',
  cache: { ttlMs: 60_000, staleIfErrorMs: 600_000 },
  resilience: { timeoutMs: 1_000, deadlineMs: 1_200 }, // well below Lambda's default timeout of three seconds
});
const chain = new ProviderChain([parameters]);

/** Reads come from the cache until it expires. Expiry is checked on each read, so the instance may freeze. */
export async function handler(): Promise<{ statusCode: number; body: string }> {
  try {
    // one request for both
    const [endpoint, apiKey] = await Promise.all([
      chain.require('llm.endpoint'),
      chain.require('llm.apiKey'),
    ]);
    return { statusCode: 200, body: `calls ${endpoint} with a key of ${String(apiKey).length} characters` };
  } catch (error) {
    return { statusCode: isConfigError(error) ? error.status : 500, body: (error as Error).message };
  }
}
// #endregion
