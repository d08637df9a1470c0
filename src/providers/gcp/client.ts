/** The part of a `SecretManagerServiceClient` that this library uses. Google's clients of versions 6 and
 *  7 fit as they are. */
export interface GcpClient {
  accessSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
  listSecrets(request: object, options?: object): Promise<readonly unknown[]>;
  listSecretVersions(request: object, options?: object): Promise<readonly unknown[]>;
  createSecret(request: object, options?: object): Promise<readonly unknown[]>;
  addSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
  deleteSecret(request: object, options?: object): Promise<readonly unknown[]>;
  getSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
  disableSecretVersion(request: object, options?: object): Promise<readonly unknown[]>;
}
