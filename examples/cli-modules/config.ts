import { BundleProvider, EnvProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

export const schema = z.object({
  server: z.object({ port: z.number(), host: z.string().default('localhost') }),
});

export const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP' }),
  new BundleProvider('config/base.yaml'),
]);
