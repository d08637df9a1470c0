// #region after
import { createOpenAI } from '@ai-sdk/openai';
import { BundleProvider, EnvProvider, MemoryProvider, ProviderChain, reveal } from 'llm-config-manager';
import { loadLlm } from 'llm-config-manager/llm';

export async function makeModel(urls: { readonly eu: string; readonly us: string }) {
  const chain = new ProviderChain([
    new EnvProvider({
      variables: {
        'llm.endpoints.eu.auth.apiKey': 'EU_KEY',
        'llm.endpoints.us.auth.apiKey': 'US_KEY',
      },
    }),
    new MemoryProvider({ llm: { endpoints: { eu: { baseURL: urls.eu }, us: { baseURL: urls.us } } } }),
    new BundleProvider('llm.yaml'),
  ]);
  const ai = await loadLlm(chain);
  // #region model
  const model = ai
    .task('chat')
    .model(({ baseURL, auth, model }) =>
      createOpenAI({ apiKey: reveal(auth.apiKey), ...(baseURL && { baseURL }) }).chat(model),
    );
  // #endregion model
  return model;
}
// #endregion after
