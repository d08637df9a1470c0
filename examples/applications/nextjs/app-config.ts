// #region app-config
import { type Config, loadConfig } from 'llm-config-manager';
import type { z } from 'zod';
import { chain, schema } from './config';

export type AppConfig = Config<z.infer<typeof schema>>;

// Next.js makes several copies of a module, and they share one configuration
const shared = globalThis as { appConfig?: Promise<AppConfig> };

export function appConfig(): Promise<AppConfig> {
  shared.appConfig ??= loadConfig(schema, chain, { watch: true });
  return shared.appConfig;
}
// #endregion
