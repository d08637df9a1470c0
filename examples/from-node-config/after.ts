// #region after
import { BundleProvider, EnvProvider, environments, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

export const Schema = z.object({
  server: z.object({ host: z.string(), port: z.number().int() }),
  database: z.object({ host: z.string(), poolMax: z.number().int(), password: z.string() }),
  models: z.array(z.string()),
});

/** The content of custom-environment-variables.json. */
const variables = { 'server.port': 'PORT', 'database.password': 'DB_PASSWORD' };

export const chain = (environment: string): ProviderChain =>
  new ProviderChain([
    new EnvProvider({ variables }),
    new BundleProvider({ path: 'config/local.json', optional: true }),
    environments(
      environment,
      (name) => new BundleProvider(`config/${name === 'base' ? 'default' : name}.json`),
    ),
  ]);
// #endregion

// #region load
export const config = await loadConfig(Schema, chain(process.env.NODE_ENV ?? 'development'));
export const { server, database, models } = config.value;
// #endregion
