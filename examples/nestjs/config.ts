import { EnvProvider, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region config
export const schema = z.object({
  server: z.object({ host: z.string().default('127.0.0.1'), port: z.number().default(0) }),
  llm: z.object({ model: z.string(), maxTokens: z.number().int() }),
});

export const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP' }),
  new MemoryProvider({ llm: { model: 'small', maxTokens: 512 } }),
]);
// #endregion
