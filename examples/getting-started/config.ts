// #region schema
import { BundleProvider, DotEnvProvider, EnvProvider, loadConfig } from 'llm-config-manager';
import { z } from 'zod';

export const Schema = z.object({
  server: z.object({ port: z.number().int().max(65_535), host: z.string().default('0.0.0.0') }),
  llm: z.object({
    endpoint: z.url(),
    apiKey: z.string(),
    timeoutMs: z.number().default(30_000),
    models: z.array(z.string()).min(1),
  }),
});
// #endregion

// #region sources
export const sources = () => [
  new EnvProvider({ prefix: 'APP' }), // highest priority: the environment of this process
  new DotEnvProvider({ prefix: 'APP' }), // .env on a developer's machine
  new BundleProvider('config/base.yaml'), // defaults shared by the team
];
// #endregion

// #region load
export const load = () => loadConfig(Schema, sources());
export type AppConfig = Awaited<ReturnType<typeof load>>['value'];
// #endregion
