import { BundleProvider, type Config, EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { EncryptedFileProvider } from 'llm-config-manager/encrypted-file';
import { z } from 'zod';

const Schema = z.object({ database: z.object({ host: z.string(), port: z.number() }) });

export async function start(): Promise<string> {
  const chain = new ProviderChain([
    new EnvProvider({ prefix: 'APP' }),
    new EncryptedFileProvider({ path: 'secrets.yaml.jwe' }),
    new BundleProvider('base.yaml'),
  ]);
  const config: Config<z.infer<typeof Schema>> = await loadConfig(Schema, chain);
  const { host, port } = config.value.database;
  // @ts-expect-error it is frozen
  config.value.database.port = 1;
  // @ts-expect-error the key does not exist
  config.value.database.name;
  const timeout: number = config.get('database.port');
  return `${host}:${port + timeout}`;
}
