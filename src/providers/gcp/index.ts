export { type GcpClient, type GcpSecretManagerOptions, GcpSecretManagerProvider } from './provider.ts';
