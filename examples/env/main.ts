import { EnvProvider, loadConfig, MemoryProvider, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// set by the shell or the platform that starts the application
Object.assign(process.env, {
  APP_DATABASE_HOST: 'db.internal',
  APP_DATABASE_POOL_MAX: '20',
  APP__MODELS__0: 'small',
  APP__MODELS__1: 'large',
  APP_LLM_API_KEY_FILE: 'secrets/api-key',
  DATABASE_URL: 'postgres://app:fake@db.internal/app',
  LIMITS_JSON: '{"perMinute":60,"burst":10}',
});

// #region first
const env = new EnvProvider({ prefix: 'APP' });
const poolMax = await env.get('database.poolMax'); // the variable APP_DATABASE_POOL_MAX
// #endregion
console.log(`${poolMax}`);

// #region load
const Schema = z.object({
  database: z.object({ host: z.string(), poolMax: z.number(), timeoutMs: z.number() }),
  models: z.array(z.string()),
});
const defaults = new MemoryProvider({ 'database.timeoutMs': 500 }, { name: 'defaults' });
await using chain = new ProviderChain([env, defaults]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value);

// #region map
const mapped = new EnvProvider({
  name: 'platform',
  prefix: 'APP',
  variables: { 'database.url': 'DATABASE_URL' }, // a name given by the platform
  json: { limits: 'LIMITS_JSON' }, // a section as JSON
});
const perMinute = await mapped.get('limits.perMinute');
// #endregion
console.log(`${await mapped.get('database.url')}`);
console.log(`${perMinute}`);

// #region file
const files = new EnvProvider({ prefix: 'APP', fileSuffix: '_FILE' });
const apiKey = await files.get('llm.apiKey'); // content of the file at APP_LLM_API_KEY_FILE
// #endregion
console.log(`${apiKey}`, apiKey?.value === 'fake-key');

// #region where
console.log(env.where('database.pool-max'));
// #endregion
