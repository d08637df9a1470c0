import { ArgvProvider, EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { z } from 'zod';

// typed by the person who starts the application
process.argv.push('--server.port=9090', '--server.pool-max', '20', '--no-cache');
process.argv.push('--models', 'small', '--models', 'large', '-v', '--', 'input.txt');
process.env.APP_SERVER_PORT = '8080';

// #region first
const argv = new ArgvProvider();
const port = await argv.get('server.port'); // of `node main.js --server.port=9090`
// #endregion
console.log(`${port}`);

// #region load
const Schema = z.object({
  server: z.object({ port: z.number(), poolMax: z.number() }),
  cache: z.boolean().default(true),
  models: z.array(z.string()),
  verbose: z.boolean().default(false),
});
await using chain = new ProviderChain([
  new ArgvProvider({ flags: { verbose: '-v' } }),
  new EnvProvider({ prefix: 'APP' }),
]);
await using config = await loadConfig(Schema, chain, { unknown: 'error' });
// #endregion
console.log(config.value);
console.log(`${config.explain('server.port')}`);

// #region notice
const secrets = new ArgvProvider({ args: ['--database.password=fake-password'] });
secrets.on((event) => {
  if (event.type === 'notice') console.log(event.message);
});
// #endregion
console.log(`${await secrets.get('database.password')}`);

// #region where
console.log(argv.where('server.poolMax'));
// #endregion
