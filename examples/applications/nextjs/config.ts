import { BundleProvider, EnvProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region config
export const schema = z.object({
  site: z.object({ title: z.string() }),
  llm: z.object({ model: z.string(), apiKey: z.string() }),
});

export const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP' }),
  new BundleProvider('config.yaml'),
]);
// #endregion
