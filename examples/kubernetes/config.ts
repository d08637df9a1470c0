// #region config
import {
  BundleProvider,
  type Config,
  DirectoryProvider,
  EnvProvider,
  loadConfig,
  ProviderChain,
  type StandardSchemaV1,
} from 'llm-config-manager';
import { z } from 'zod';

const Schema = z.object({
  llm: z.object({ model: z.string(), maxTokens: z.number().int(), apiKey: z.string() }),
});
export type AppConfig = Config<StandardSchemaV1.InferOutput<typeof Schema>>;

/** Reads the environment, a mounted Secret and a mounted ConfigMap. An update of a mount makes a new
 *  generation. */
export function load(mounts = '/etc/inference', env = process.env): Promise<AppConfig> {
  const chain = new ProviderChain([
    new EnvProvider({ prefix: 'APP', env }),
    new DirectoryProvider(`${mounts}/secrets`),
    new BundleProvider(`${mounts}/config/app.yaml`),
  ]);
  return loadConfig(Schema, chain, { watch: true });
}
// #endregion
