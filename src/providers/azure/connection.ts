import { lazy, peer } from '../../internal/lazy.ts';
import type { AzureClient } from './client.ts';
import type { AzureKeyVaultOptions } from './options.ts';

const owner = 'AzureKeyVaultProvider';

/** Azure's client, made on first use, and with it the credential. */
export class AzureConnection {
  readonly #options: AzureKeyVaultOptions;
  readonly #sdk: () => Promise<() => AzureClient>;
  #own: AzureClient | undefined;

  constructor(options: AzureKeyVaultOptions) {
    this.#options = options;
    this.#sdk = lazy(() => this.#loaded());
  }

  async load(): Promise<void> {
    if (!this.#options.client) await this.#sdk();
  }

  async client(): Promise<AzureClient> {
    if (this.#options.client) return this.#options.client;
    const make = await this.#sdk();
    this.#own ??= make();
    return this.#own;
  }

  /** Forgets our own client, and with it the token it holds. False: the client is not ours. */
  renew(): boolean {
    this.#own = undefined;
    return !this.#options.client;
  }

  async #loaded(): Promise<() => AzureClient> {
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
      const use = credential ?? (identity && new identity.DefaultAzureCredential());
      return new SecretClient(url, use as never, {
        retryOptions: { maxRetries: 0 },
        ...clientOptions,
      }) as unknown as AzureClient;
    };
  }
}
