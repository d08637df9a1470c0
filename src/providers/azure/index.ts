export { type AzureClient, type AzureCredential, type AzureKeyVaultOptions, AzureKeyVaultProvider } from './provider.ts';
