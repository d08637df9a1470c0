import { DirectoryProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region first
// in a pod: /run/secrets/inference
const mounted = new DirectoryProvider('mounted', { base64: ['keystore'] });
// the file database.password, or the file password in the folder database
const password = await mounted.get('database.password');
// #endregion
console.log(`${password}`);

// #region load
const Schema = z.object({
  database: z.object({ host: z.string(), password: z.string() }),
  llm: z.object({ apiKey: z.string() }),
});
await using chain = new ProviderChain([mounted]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.database.host);
console.log(`${config.explain('llm.apiKey')}`);
console.log((await mounted.get('keystore'))?.value);

// #region plain
// a ConfigMap, which holds no secrets
const settings = new DirectoryProvider('mounted', {
  name: 'settings',
  sensitive: false,
  base64: ['keystore'],
});
const host = await settings.get('database.host');
// #endregion
console.log(`${host}`);
console.log(`${await settings.get('database.password')}`);
