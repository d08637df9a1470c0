import { EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { GcpSecretManagerProvider } from 'llm-config-manager/gcp';
import { z } from 'zod';
import { fakeClient } from './fake-client.ts';

const connection = { client: fakeClient() };

// #region prefix
const gcp = new GcpSecretManagerProvider({ ...connection, project: 'acme-prod', prefix: 'inference-' });
const password = await gcp.get('database.password'); // the secret inference-database--password
// #endregion
console.log(`${password}`);

// #region map
const named = new GcpSecretManagerProvider({
  ...connection,
  project: 'acme-prod',
  secrets: {
    'llm.apiKey': 'inference-llm#apiKey', // one field of JSON text
    llmText: 'inference-llm#', // the whole text of one secret
    tls: 'projects/1234/secrets/tls/versions/1', // a version in another project
  },
});
// #endregion
console.log(`${await named.get('llm.apiKey')}`);
console.log(`${await named.get('tls')}`);

const asked = gcp.stats().requests;
// #region load
const Schema = z.object({
  database: z.object({ password: z.string() }),
  llm: z.object({ apiKey: z.string(), model: z.string() }),
});
await using chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), gcp]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.llm.model);
console.log(`requests for the load: ${gcp.stats().requests - asked}`);

// #region write
await gcp.set('database.password', 'fake-3'); // adds a version; creates the secret if it does not exist
const versions = await gcp.versions('database.password'); // the newest first
const before = await gcp.get('database.password', { version: '2' });
await gcp.disable('database.password'); // reads fail until there is another version
// #endregion
console.log(`${before}`);
console.log(versions.map(({ version }) => version).join(', '));
await named.close();
