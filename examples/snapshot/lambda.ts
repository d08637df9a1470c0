// #region lambda
import { loadConfig, ProviderChain } from 'llm-config-manager';
import { AwsSecretsManagerProvider } from 'llm-config-manager/aws';
import { remembered } from 'llm-config-manager/snapshot';
import { z } from 'zod';

const store = remembered(new AwsSecretsManagerProvider({ secrets: { model: 'inference/model' } }), {
  keys: { env: 'SNAPSHOT_KEY' },
  app: 'inference',
  file: '/tmp/inference.snapshot',
});
export const config = await loadConfig(z.object({ model: z.string() }), new ProviderChain([store]));
await store.save(); // before the first freeze
// #endregion lambda
