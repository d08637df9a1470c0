import { EnvProvider, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { EncryptedFileProvider } from 'llm-config-manager/encrypted-file';
import { z } from 'zod';

export const schema = z.object({
  database: z.object({ host: z.string(), password: z.string(), poolMax: z.number() }),
});

export const chain = new ProviderChain([
  new EnvProvider({ prefix: 'APP' }),
  new EncryptedFileProvider({ path: 'scratch/secrets.yaml.jwe', keys: { file: 'scratch/acme.key' } }),
  new MemoryProvider({ database: { host: 'localhost', poolMax: 'many' } }, { name: 'defaults' }),
]);
