import { DotEnvProvider, EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// #region first
const dotenv = new DotEnvProvider({ prefix: 'APP', environment: 'production' });
const host = await dotenv.get('database.host'); // from .env.production, else from .env
// #endregion
console.log(`${host}`);

// #region load
const Schema = z.object({ database: z.object({ host: z.string(), name: z.string() }) });
// the environment overrides the files
await using chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), dotenv]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.database);

// #region expand
const expanding = new DotEnvProvider({ prefix: 'APP', environment: 'production', expand: true });
const url = await expanding.get('database.url'); // ${…} is replaced by other variables of the files
// #endregion
console.log(`${url}`);

// #region files
const one = new DotEnvProvider({ files: ['.env'] }); // a required file
// #endregion
console.log(`${await one.get('app.database.host')}`);
