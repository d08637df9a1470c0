// #region before
import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import type { SSMClient } from '@aws-sdk/client-ssm';

export function makeReader(client: SSMClient) {
  const parameters = new SSMProvider({ awsSdkV3Client: client });
  return {
    host: () => parameters.get('/acme/inference/database/host', { maxAge: 60 }),
    password: () => parameters.get('/acme/inference/database/password', { maxAge: 60, decrypt: true }),
    poolMax: async () => Number(await parameters.get('/acme/inference/database/pool-max', { maxAge: 60 })),
    limits: () => parameters.get('/acme/inference/limits', { maxAge: 60, transform: 'json' }),
    replica: () => parameters.get('/acme/inference/database/replica', { maxAge: 60 }),
  };
}
// #endregion
