import { checkConfig, EnvProvider, loadConfig, MemoryProvider } from 'llm-config-manager';
import { z } from 'zod';

// a deployment that still uses the old name
const env = { APP_DB_URL: 'https://db.internal' };
const defaults = new MemoryProvider({ 'database.poolMax': 10 }, { name: 'defaults' });

// #region load
const Schema = z.object({
  database: z.object({ url: z.string(), poolMax: z.number() }),
});
const deprecated = { db: 'database' }; // db.url is database.url, and so is APP_DB_URL
const source = [new EnvProvider({ prefix: 'APP', env }), defaults];
const config = await loadConfig(Schema, source, {
  deprecated,
  on: (event) => {
    if (event.type === 'notice') console.log(event.message);
  },
});
// #endregion
console.log(config.value);

// #region check
console.log(`${await checkConfig(Schema, source, { deprecated })}`);
// #endregion
