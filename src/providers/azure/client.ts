/** What of Azure's client is used, so that tests and applications can bring their own. */
export interface AzureClient {
  getSecret(name: string, options?: object): Promise<unknown>;
  listPropertiesOfSecrets(options?: object): { byPage(settings?: object): AsyncIterator<unknown> };
  setSecret(name: string, value: string, options?: object): Promise<unknown>;
  beginDeleteSecret(name: string, options?: object): Promise<unknown>;
  beginRecoverDeletedSecret(
    name: string,
    options?: object,
  ): Promise<{ pollUntilDone(options?: object): Promise<unknown> }>;
}

/** Any TokenCredential. */
export interface AzureCredential {
  getToken(
    scopes: string | string[],
    options?: object,
  ): Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
}
