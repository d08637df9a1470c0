/** What of Google's client is used, so that tests and applications can bring their own. */
export interface GcpClient {
  accessSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
  listSecrets(request: object, options?: object): Promise<readonly unknown[]>;
  createSecret(request: object, options?: object): Promise<readonly unknown[]>;
  addSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
  deleteSecret(request: object, options?: object): Promise<readonly unknown[]>;
  getSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
  disableSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
}
