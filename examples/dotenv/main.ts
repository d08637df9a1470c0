import { DotEnvProvider, EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region first
const dotenv = new DotEnvProvider({ prefix: 'APP', environment: 'production' });
const host = await dotenv.get('database.host'); // APP__DATABASE__HOST of .env.production, else of .env
// #endregion
console.log(`${host}`);

// #region load
const Schema = z.object({ database: z.object({ host: z.string(), name: z.string() }) });
await using chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), dotenv]); // the environment is stronger than files
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.database);

// #region expand
const expanding = new DotEnvProvider({ prefix: 'APP', environment: 'production', expand: true });
const url = await expanding.get('database.url'); // ${…} replaced by other variables of the files
// #endregion
console.log(`${url}`);

// #region files
const one = new DotEnvProvider({ files: ['.env'] }); // this file, which must be there
// #endregion
console.log(`${await one.get('app.database.host')}`);
