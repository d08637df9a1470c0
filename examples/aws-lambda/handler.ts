// #region handler
import { isConfigError, ProviderChain } from 'llm-config-manager';
import { AwsSsmProvider } from 'llm-config-manager/aws';

const parameters = new AwsSsmProvider({
  path: '/acme/inference',
  cache: { ttlMs: 60_000, staleIfErrorMs: 600_000 },
  resilience: { timeoutMs: 1_000, deadlineMs: 1_200 }, // well within the three seconds that a function has
});
const chain = new ProviderChain([parameters]);

/** A read is a cache hit until its time is over, which is looked at when it is read: an instance may freeze in between. */
export async function handler(): Promise<{ statusCode: number; body: string }> {
  try {
    const [endpoint, apiKey] = await Promise.all([
      chain.require('llm.endpoint'),
      chain.require('llm.apiKey'),
    ]); // one request
    return { statusCode: 200, body: `${endpoint} is asked with a key of ${String(apiKey).length} letters` };
  } catch (error) {
    return { statusCode: isConfigError(error) ? error.status : 500, body: (error as Error).message };
  }
}
// #endregion
