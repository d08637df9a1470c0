export type { KeyWrapper } from '../../key-wrapper.ts';
export type { FileKey } from './file-key.ts';
export type { KeyFromFile, KeyFromProvider, KeyFromVariable, KeyMaterial, KeySource } from './key-sources.ts';
export { parseKeys, password } from './keys.ts';
export { type EncryptedFileOptions, EncryptedFileProvider } from './provider.ts';
export { type SealOptions, seal } from './seal.ts';
export { type UnsealedOptions, unsealed } from './sealed.ts';
