/** What of a node-vault client is needed: so that one can be injected. */
export interface VaultClient {
  request(options: VaultRequest): Promise<unknown>;
}

export interface VaultRequest {
  /** Encoded, with a leading slash, without the API version. */
  readonly path: string;
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly json?: object;
  readonly signal?: AbortSignal;
}
