import { BundleProvider, EnvProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region config
export const schema = z.object({
  server: z.object({ port: z.number(), host: z.string() }),
  llm: z.object({ model: z.string(), temperature: z.number().min(0).max(2) }),
});

export const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP' }),
  new BundleProvider('config.yaml'),
]);
// #endregion
