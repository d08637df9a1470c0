// Azure's client and its credential, created on first use. Used by `source.ts`.

import { lazy, peer } from '../../internal/lazy.ts';
import type { AzureClient } from './client.ts';
import type { AzureKeyVaultOptions } from './options.ts';

const owner = 'AzureKeyVaultProvider';

export class AzureConnection {
  readonly #options: AzureKeyVaultOptions;
  readonly #clientFactory: () => Promise<() => AzureClient>;
  #ownClient: AzureClient | undefined;

  constructor(options: AzureKeyVaultOptions) {
    this.#options = options;
    this.#clientFactory = lazy(() => this.#loadFactory());
  }

  async load(): Promise<void> {
    if (!this.#options.client) await this.#clientFactory();
  }

  async client(): Promise<AzureClient> {
    if (this.#options.client) return this.#options.client;
    const createClient = await this.#clientFactory();
    this.#ownClient ??= createClient();
    return this.#ownClient;
  }

  /** Drops the client and its token, so that the next request creates both again. False for an injected
   *  client, which is kept. */
  relogin(): boolean {
    this.#ownClient = undefined;
    return !this.#options.client;
  }

  async #loadFactory(): Promise<() => AzureClient> {
    const { url, clientOptions, credential } = this.#options;
    const { SecretClient } = await peer(
      owner,
      '@azure/keyvault-secrets',
      () => import('@azure/keyvault-secrets'),
    );
    const identity = credential
      ? undefined
      : await peer(owner, '@azure/identity', () => import('@azure/identity'));
    return () => {
      const tokens = credential ?? (identity && new identity.DefaultAzureCredential());
      return new SecretClient(url, tokens as never, {
        retryOptions: { maxRetries: 0 },
        ...clientOptions,
      }) as unknown as AzureClient;
    };
  }
}
