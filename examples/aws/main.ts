import { EnvProvider, loadConfig, ProviderChain } from 'llm-config-manager';
import { AwsSecretsManagerProvider, AwsSsmProvider, kmsKey } from 'llm-config-manager/aws';
import { z } from 'zod';
import { fakeClient } from './fake-client.ts';
import { assumed } from './role.ts';

const connection = { client: fakeClient() };

// #region ssm
const ssm = new AwsSsmProvider({ ...connection, path: '/acme/inference' });
const host = await ssm.get('database.host'); // the parameter /acme/inference/database/host
// #endregion
console.log(`${host}`);

// #region parameters
const named = new AwsSsmProvider({
  ...connection,
  parameters: {
    'image.id': '/aws/service/ami', // a public parameter
    'database.host': '/acme/inference/database/host',
  },
});
// #endregion
console.log(`${await named.get('image.id')}`);

// #region secrets
// every secret below acme/inference/
const secrets = new AwsSecretsManagerProvider({ ...connection, path: 'acme/inference/' });
// the field apiKey of acme/inference/llm, or the secret acme/inference/llm/apiKey
const apiKey = await secrets.get('llm.apiKey');
// #endregion
console.log(`${apiKey}`);

// #region map
const map = new AwsSecretsManagerProvider({
  ...connection,
  secrets: {
    'llm.apiKey': 'prod/llm#apiKey', // one field of one secret
    llmText: 'prod/llm#', // the whole text of one secret
  },
});
// #endregion
console.log(`${await map.get('llm.apiKey')}`);

const asked = { ssm: ssm.stats().requests, secrets: secrets.stats().requests };
// #region load
const Schema = z.object({
  database: z.object({ host: z.string(), password: z.string() }),
  llm: z.object({ apiKey: z.string(), model: z.string() }),
});
await using chain = new ProviderChain([new EnvProvider({ prefix: 'APP' }), secrets, ssm]);
await using config = await loadConfig(Schema, chain);
// #endregion
console.log(config.value.database.host, config.value.llm.model);
const cost = { ssm: ssm.stats().requests - asked.ssm, secrets: secrets.stats().requests - asked.secrets };
console.log(`requests for the load: ${cost.ssm} to SSM, ${cost.secrets} to Secrets Manager`);

// #region versions
const versions = await secrets.versions('llm.apiKey'); // those of the secret, the newest first
const before = await secrets.get('llm.apiKey', { version: 'AWSPREVIOUS' }); // a stage or a version id
const third = await ssm.get('database.host', { version: '3' }); // a number or a label
// #endregion
console.log(before?.version, third?.version);
console.log(versions.map(({ version, stages = [] }) => `${version} ${stages}`).join(', '));

// #region kms
// protects the keys of an encrypted file
const key = kmsKey({ ...connection, keyId: 'alias/config', encryptionContext: { app: 'inference' } });
const wrapped = await key.wrap(new Uint8Array(32));
// #endregion
console.log(key.kid, wrapped.length);

const Credentials = {
  AccessKeyId: 'fake',
  SecretAccessKey: 'fake',
  SessionToken: 'fake',
  Expiration: new Date('2030-01-01'),
};
const sts = { assumeRole: async () => ({ Credentials }) };
const role = await assumed(sts, 'arn:aws:iam::123456789012:role/inference-config');
console.log(role.expiration?.toISOString());
await Promise.all([ssm, named, secrets, map, key].map((one) => one.close()));
