/** Encrypts and decrypts small keys with a key that never leaves its service: Vault Transit, AWS KMS. */
export interface KeyWrapper {
  /** The key's identifier in the recipients of an encrypted file. It is stable and not secret. */
  readonly kid: string;
  /** The name of the wrapping in a file: `vault-transit`, `aws-kms`. */
  readonly algorithm: string;
  wrap(key: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<string>;
  unwrap(wrapped: string, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
}
