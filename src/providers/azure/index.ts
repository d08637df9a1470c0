export type { AzureClient, AzureCredential } from './client.ts';
export type { AzureKeyVaultOptions } from './options.ts';
export { AzureKeyVaultProvider } from './provider.ts';
