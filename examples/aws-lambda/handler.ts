// #region handler
import { AwsSsmProvider } from 'llm-config-manager/aws';

const parameters = new AwsSsmProvider({ path: '/acme/inference', cache: { ttlMs: 60_000, staleIfErrorMs: 600_000 } });

/** A read is a cache hit until its time is over, which is looked at when it is read: an instance may freeze in between. */
export async function handler(): Promise<{ statusCode: number; body: string }> {
  try {
    const found = await parameters.getMany(['llm.endpoint', 'llm.apiKey']);
    return { statusCode: 200, body: [...found.values()].map(String).join('\n') };
  } catch (error) {
    return { statusCode: (error as { status?: number }).status ?? 500, body: (error as Error).message };
  }
}
// #endregion
