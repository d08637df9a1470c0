// #region env
import { BundleProvider, DotEnvProvider, EnvProvider } from 'llm-config-manager';
import { loadConfigSync } from 'llm-config-manager/sync';
import { yaml } from 'llm-config-manager/yaml';
import { z } from 'zod';

const Schema = z.object({
  server: z.object({ host: z.string(), port: z.number() }),
  database: z.object({ host: z.string() }),
});

export const env = loadConfigSync(Schema, [
  new EnvProvider({ prefix: 'APP' }),
  new DotEnvProvider(),
  new BundleProvider({ path: 'config/base.yaml', format: yaml }),
]).value;
// #endregion
