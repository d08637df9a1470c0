// #region before
import { createOpenAI } from '@ai-sdk/openai';
import { createFallback } from 'ai-fallback';

export function makeModel(urls: { readonly eu: string; readonly us: string }) {
  const eu = createOpenAI({ baseURL: urls.eu, apiKey: process.env.EU_KEY ?? 'fake-key-eu' });
  const us = createOpenAI({ baseURL: urls.us, apiKey: process.env.US_KEY ?? 'fake-key-us' });
  return createFallback({
    models: [eu.chat('gpt-x'), us.chat('gpt-x')],
    modelResetInterval: 60_000,
  });
}
// #endregion before
