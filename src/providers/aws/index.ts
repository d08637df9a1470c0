export type { AwsClient, AwsClientOptions, AwsCredentials } from './client.ts';
export { type KmsKeyOptions, kmsKey } from './kms.ts';
export { type AwsSecretsManagerOptions, AwsSecretsManagerProvider } from './secrets-manager.ts';
export { type AwsSsmOptions, AwsSsmProvider } from './ssm.ts';
