/** The part of a node-vault client that this library calls. Pass one as the option `client`. */
export interface VaultClient {
  request(options: VaultRequest): Promise<unknown>;
}

/** One HTTP request, in the form that node-vault takes. */
export interface VaultRequest {
  /** Encoded, with a leading slash, without the API version. */
  readonly path: string;
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly json?: object;
  readonly signal?: AbortSignal;
}
