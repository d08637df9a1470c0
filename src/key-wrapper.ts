/** Something that can encrypt a small key without giving its own away: Vault Transit, AWS KMS. */
export interface KeyWrapper {
  /** What a file's recipient names: stable, not secret. */
  readonly kid: string;
  /** How the wrapping is called in a file: `vault-transit`, `aws-kms`. */
  readonly algorithm: string;
  wrap(key: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<string>;
  unwrap(wrapped: string, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
}
