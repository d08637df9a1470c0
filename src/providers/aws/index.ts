export type { AwsClient, AwsCredentials } from './client.ts';
export { type KmsKeyOptions, kmsKey } from './kms.ts';
export type { AwsClientOptions } from './options.ts';
export type { AwsSecretsManagerOptions } from './secrets-manager/options.ts';
export { AwsSecretsManagerProvider } from './secrets-manager/provider.ts';
export type { StageMove } from './secrets-manager/stages.ts';
export type { AwsSsmOptions } from './ssm/options.ts';
export { AwsSsmProvider } from './ssm/provider.ts';
