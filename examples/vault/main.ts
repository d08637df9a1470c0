import { EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { transitKey, VaultProvider } from 'llm-config-manager/vault';
import { z } from 'zod';
import { fakeClient } from './fake-client.ts';
import { logIns } from './log-ins.ts';

const client = fakeClient();
const connection = { client, env: {} };

// #region first
const vault = new VaultProvider({ ...connection, path: 'acme/inference/' }); // everything below secret/acme/inference/
const password = await vault.get('database.password'); // the field password of secret/acme/inference/database
// #endregion
console.log(`${password}`);

const asked = vault.stats().requests;
// #region load
const Schema = z.object({
  database: z.object({ host: z.string(), password: z.string(), pool_max: z.number() }),
});
await using chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), vault]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.database.host, config.value.database.pool_max);
console.log(`requests of the load: ${vault.stats().requests - asked}`);

// #region secrets
const named = new VaultProvider({
  ...connection,
  secrets: {
    database: 'secret/acme/inference/database', // the whole secret
    'llm.gcpKey': 'secret/acme/gcp#key', // one field of one
  },
});
// #endregion
console.log(`${await named.get('llm.gcpKey')}`);

// #region leases
const dynamic = new VaultProvider({
  ...connection,
  leases: {
    postgres: 'database/creds/inference',
    tls: { path: 'pki/issue/web', method: 'POST', data: { common_name: 'web.internal', ttl: '24h' } },
  },
});
const user = await dynamic.get('postgres.username'); // made now, renewed later
// #endregion
console.log(`${user?.origin}`);

// #region write
// await vault.set('database.password', next, { ifVersion: password?.version });
const before = await vault.get('database.password', { version: '2' });
// #endregion
console.log(before?.version);

// #region transit
const key = transitKey({ ...connection, key: 'config-files' }); // the keys of an encrypted file
const wrapped = await key.wrap(new Uint8Array(32));
// #endregion
console.log(key.kid, wrapped.split(':')[1], Object.keys(logIns).length);
for (const make of Object.values(logIns)) make();
await Promise.all([vault, named, dynamic, key].map((one) => one.close()));
