import { DirectoryProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region first
const mounted = new DirectoryProvider('mounted', { base64: ['keystore'] }); // in a pod: /run/secrets/inference
const password = await mounted.get('database.password'); // the file database.password, or password in the folder database
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
const settings = new DirectoryProvider('mounted', {
  name: 'settings',
  sensitive: false,
  base64: ['keystore'],
}); // a ConfigMap
const host = await settings.get('database.host');
// #endregion
console.log(`${host}`);
console.log(`${await settings.get('database.password')}`);
