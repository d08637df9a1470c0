export type { KeyWrapper } from '../../key-wrapper.ts';
export type { FileKey } from '../../sealing/file-key.ts';
export type {
  KeyFromFile,
  KeyFromProvider,
  KeyFromVariable,
  KeyMaterial,
  KeySource,
} from '../../sealing/key-sources.ts';
export { parseKeys, password } from '../../sealing/keys.ts';
export { type SealOptions, seal } from '../../sealing/seal.ts';
export { type UnsealedOptions, unsealed } from '../../sealing/unsealed.ts';
export { type DocumentChanges, type EncryptedFileOptions, EncryptedFileProvider } from './provider.ts';
