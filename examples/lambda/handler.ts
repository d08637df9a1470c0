import { type ConfigSource, lazy, loadConfig } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({ llm: z.object({ endpoint: z.url(), apiKey: z.string() }) });

export interface Event {
  readonly prompt: string;
}

// #region handler
/** Loads the configuration once, on the first invocation. After a failed load, the next invocation
 *  retries. */
export function makeHandler(
  source: ConfigSource,
): (event: Event) => Promise<{ statusCode: number; body: string }> {
  const config = lazy(() => loadConfig(Schema, source));
  return async ({ prompt }) => {
    try {
      const { endpoint, apiKey } = (await config()).value.llm;
      const body = `sent "${prompt}" to ${endpoint} with a key of ${apiKey.length} characters`;
      return { statusCode: 200, body };
    } catch (error) {
      const { status = 500, message } = error as Error & { status?: number };
      return { statusCode: status, body: message };
    }
  };
}
// #endregion
