/** The part of a `SecretClient` that this library uses. Azure's own client fits as it is. */
export interface AzureClient {
  getSecret(name: string, options?: object): Promise<unknown>;
  listPropertiesOfSecrets(options?: object): { byPage(settings?: object): AsyncIterator<unknown> };
  listPropertiesOfSecretVersions(
    name: string,
    options?: object,
  ): { byPage(settings?: object): AsyncIterator<unknown> };
  setSecret(name: string, value: string, options?: object): Promise<unknown>;
  beginDeleteSecret(name: string, options?: object): Promise<unknown>;
  beginRecoverDeletedSecret(
    name: string,
    options?: object,
  ): Promise<{ pollUntilDone(options?: object): Promise<unknown> }>;
}

/** A `TokenCredential`. Every credential of `@azure/identity` is one. */
export interface AzureCredential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}
