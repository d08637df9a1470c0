// #region after
import { ProviderChain } from 'llm-config-manager';
import { type AwsClient, AwsSsmProvider } from 'llm-config-manager/aws';
import { z } from 'zod';

export function makeReader(client: AwsClient) {
  const parameters = new AwsSsmProvider({
    client,
    parameters: {
      'database.host': '/acme/inference/database/host',
      'database.password': '/acme/inference/database/password',
      'database.poolMax': '/acme/inference/database/pool-max',
      'database.replica': '/acme/inference/database/replica',
      limits: '/acme/inference/limits',
    },
    cache: { ttlMs: 60_000, staleIfErrorMs: 600_000 },
    resilience: { timeoutMs: 1_000 }, // per attempt; there are three attempts
  });
  const chain = new ProviderChain([parameters]);
  return {
    host: () => chain.require('database.host', z.string()),
    password: () => chain.require('database.password', z.string()),
    poolMax: () => chain.require('database.poolMax', z.number()),
    limits: () => chain.tree('limits'),
    replica: () => chain.value('database.replica'),
  };
}
// #endregion
