import { EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { AzureKeyVaultProvider } from 'llm-config-manager/azure';
import { z } from 'zod';
import { fakeClient } from './fake-client.ts';

const connection = { client: fakeClient() };
const url = 'https://acme.vault.azure.net';

// #region prefix
const azure = new AzureKeyVaultProvider({ ...connection, url, prefix: 'inference--' });
const poolMax = await azure.get('database.poolMax'); // the secret inference--database--pool-max
// #endregion
console.log(`${poolMax}`);

// #region map
const named = new AzureKeyVaultProvider({
  ...connection,
  url,
  secrets: {
    'llm.apiKey': 'llm-api-key',
    'llm.oldKey': 'llm-api-key/1', // one version
    model: 'inference--llm#model', // one field of JSON text
  },
});
// #endregion
console.log(`${await named.get('llm.apiKey')}`);
console.log(`${await named.get('model')}`);

const asked = azure.stats().requests;
// #region load
const Schema = z.object({
  database: z.object({ poolMax: z.number() }),
  llm: z.object({ apiKey: z.string(), model: z.string() }),
});
await using chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), azure]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.database.poolMax);
console.log(`requests for the load: ${azure.stats().requests - asked}`);

// #region write
const written = await named.set('llm.apiKey', 'fake-2'); // a new version
const versions = await named.versions('llm.apiKey'); // the newest first
await named.delete('llm.apiKey'); // a soft delete: the secret can be recovered
// #endregion
console.log(`${written.version}`);
console.log(versions.map(({ version }) => version).join(', '));
await named.close();
