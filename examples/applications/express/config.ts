import { BundleProvider, type Config, type ConfigSource, EnvProvider } from 'llm-config-manager';
import { z } from 'zod';

// #region config
export const Schema = z.object({
  server: z.object({ port: z.number(), host: z.string().default('127.0.0.1') }),
  llm: z.object({ model: z.string(), temperature: z.number().min(0).max(2) }),
});
export type AppConfig = Config<z.infer<typeof Schema>>;

export const sources: ConfigSource = [new EnvProvider({ prefix: 'APP' }), new BundleProvider('config.yaml')];
// #endregion
