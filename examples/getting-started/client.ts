import type { AppConfig } from './config.ts';

// #region client
/** Takes the section it needs. It knows no sources, and a test hands in an object. */
export function makeClient({ endpoint, apiKey, timeoutMs, models }: AppConfig['llm']) {
  const headers = { authorization: `Bearer ${apiKey}` };
  return {
    url: `${endpoint}/v1/chat`,
    models,
    ask: (prompt: string) =>
      fetch(`${endpoint}/v1/chat`, {
        method: 'POST',
        body: prompt,
        headers,
        signal: AbortSignal.timeout(timeoutMs),
      }),
  };
}
// #endregion
