import { EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { transitKey, VaultProvider } from 'llm-config-manager/vault';
import { z } from 'zod';
import { fakeClient } from './fake-client.ts';
import { logIns } from './log-ins.ts';

const client = fakeClient();
const connection = { client, env: {} };

// #region first
// every secret below secret/acme/inference/
const vault = new VaultProvider({ ...connection, path: 'acme/inference/' });
// the field password of secret/acme/inference/database
const password = await vault.get('database.password');
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
console.log(`requests for the load: ${vault.stats().requests - asked}`);

// #region secrets
const named = new VaultProvider({
  ...connection,
  secrets: {
    database: 'secret/acme/inference/database', // a whole secret
    'llm.gcpKey': 'secret/acme/gcp#key', // one field of a secret
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
const user = await dynamic.get('postgres.username'); // created on the first read, then renewed
// #endregion
console.log(`${user?.origin}`);

// #region versions
const versions = await vault.versions('database.password'); // those of the secret, the newest first
const before = await vault.get('database.password', { version: '2' });
// #endregion
console.log(versions.map(({ version, stages = [] }) => [version, ...stages].join(' ')).join(', '));
console.log(before?.version);

// #region write
await vault.set('database.password', 'fake-next', { ifVersion: '3' }); // fails if version 3 was replaced
// #endregion

// #region transit
const key = transitKey({ ...connection, key: 'config-files' }); // protects the keys of an encrypted file
const wrapped = await key.wrap(new Uint8Array(32));
// #endregion
console.log(key.kid, wrapped.split(':')[1], Object.keys(logIns).length);
for (const make of Object.values(logIns)) make();
await Promise.all([vault, named, dynamic, key].map((one) => one.close()));
