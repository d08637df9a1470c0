import { loadConfig, MemoryProvider, ProviderChain, secret } from 'llm-config-manager';
import { z } from 'zod';

// #region first
const defaults = new MemoryProvider({
  database: { host: 'localhost', poolMax: 10 }, // sections
  'service.name': 'inference', // or dotted keys at the top level
  license: secret('fake-license'), // marked secret, because its name is not recognised
});
const poolMax = await defaults.get('database.poolMax');
// #endregion
console.log(`${poolMax}`);
console.log(`${await defaults.get('license')}`);

// #region load
const Schema = z.object({
  database: z.object({ host: z.string(), poolMax: z.number() }),
  service: z.object({ name: z.string() }),
});
const overrides = new MemoryProvider({}, { name: 'overrides' });
await using chain = new ProviderChain([overrides, defaults]);
await using config = await loadConfig(Schema, chain, { watch: true });
// #endregion
console.log(config.value);

// #region write
await overrides.set('database.poolMax', 50); // notifies watchers
await config.reload();
// #endregion
console.log(config.value.database.poolMax);
