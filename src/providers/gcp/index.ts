export type { GcpClient } from './client.ts';
export type { GcpSecretManagerOptions } from './options.ts';
export { GcpSecretManagerProvider } from './provider.ts';
