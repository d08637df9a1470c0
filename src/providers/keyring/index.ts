export type { KeyringOptions } from './options.ts';
export { KeyringProvider } from './provider.ts';
