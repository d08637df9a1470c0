import { type ConfigSource, lazy, loadConfig } from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({ llm: z.object({ endpoint: z.url(), apiKey: z.string() }) });

export interface Event {
  readonly prompt: string;
}

// #region handler
/** Loaded once, at the first invocation; a load that failed is not remembered, so that the next invocation tries again. */
export function makeHandler(
  source: ConfigSource,
): (event: Event) => Promise<{ statusCode: number; body: string }> {
  const config = lazy(() => loadConfig(Schema, source));
  return async ({ prompt }) => {
    try {
      const { endpoint, apiKey } = (await config()).value.llm;
      return {
        statusCode: 200,
        body: `${endpoint} was asked "${prompt}" with a key of ${apiKey.length} letters`,
      };
    } catch (error) {
      return { statusCode: (error as { status?: number }).status ?? 500, body: (error as Error).message };
    }
  };
}
// #endregion
