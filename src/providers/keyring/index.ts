export { type KeyringOptions, KeyringProvider } from './provider.ts';
