/** A request to Vault's API, before encoding and headers, with the facts that error messages need. */
export interface ApiRequest {
  readonly method: 'GET' | 'LIST' | 'POST' | 'PUT' | 'DELETE';
  /** The API path, not encoded, without `/v1/`. */
  readonly path: string;
  readonly query?: string;
  readonly body?: object;
  /** The capability that a policy must grant, where the method does not determine it. */
  readonly capability?: 'update';
  /** What the request is about, in the user's words: the secret, the folder. */
  readonly subject: string;
}
