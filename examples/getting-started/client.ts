import type { AppConfig } from './config.ts';

// #region client
/** Takes only the section it needs. It does not know the sources, so a test can pass a plain object. */
export function makeClient({ endpoint, apiKey, timeoutMs, models }: AppConfig['llm']) {
  const url = `${endpoint}/v1/chat`;
  const headers = { authorization: `Bearer ${apiKey}` };
  return {
    url,
    models,
    ask: (prompt: string) =>
      fetch(url, { method: 'POST', body: prompt, headers, signal: AbortSignal.timeout(timeoutMs) }),
  };
}
// #endregion
