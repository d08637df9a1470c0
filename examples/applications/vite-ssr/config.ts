import {
  BundleProvider,
  type Config,
  type ConfigSource,
  EnvProvider,
  publicConfig,
} from 'llm-config-manager';
import { z } from 'zod';

// #region config
export const Schema = z.object({
  server: z.object({ port: z.number(), host: z.string().default('127.0.0.1') }),
  site: z.object({ title: z.string() }),
  llm: z.object({ model: z.string(), apiKey: z.string() }),
});
type AppConfig = Config<z.infer<typeof Schema>>;

export const sources: ConfigSource = [new EnvProvider({ prefix: 'APP' }), new BundleProvider('config.yaml')];

export const publicPart = (config: AppConfig) => publicConfig(config, ['site', 'llm.model']);
export type PublicPart = ReturnType<typeof publicPart>;
// #endregion
