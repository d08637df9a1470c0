// Azure's client and its credential, created on first use. Used by `source.ts`. The client reads responses of
// any size, and passes the signal of a list only to the first page, so a policy of ours limits each request.

import { resolve } from 'node:path';
import { lazy, peer } from '../../internal/lazy.ts';
import { CredentialFiles } from '../../local/credential-files.ts';
import { endsWithCall } from '../../remote/call-signal.ts';
import { maxResponseBytes, responseTooLarge } from '../../remote/limited.ts';
import type { AzureClient } from './client.ts';
import type { AzureKeyVaultOptions } from './options.ts';

const owner = 'AzureKeyVaultProvider';

interface Request {
  abortSignal?: AbortSignal;
  onDownloadProgress?: (progress: { readonly loadedBytes: number }) => void;
}

/** Ends a request with its call, and its response after 32 MiB, counted after decompression. The client reads
 *  all of it into memory. */
const limitPolicy = (provider: string) => ({
  name: 'limitResponse',
  async sendRequest<R>(request: Request, next: (request: Request) => Promise<R>): Promise<R> {
    const limit = new AbortController();
    const signal = endsWithCall(request.abortSignal, limit.signal);
    request.abortSignal = signal;
    request.onDownloadProgress = ({ loadedBytes }) => {
      if (loadedBytes > maxResponseBytes) limit.abort(responseTooLarge(provider));
    };
    // the client never settles if it is aborted while it counts
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      next(request).then(resolve, reject);
    });
  },
});

export class AzureConnection {
  readonly #provider: string;
  readonly #options: AzureKeyVaultOptions;
  readonly #clientFactory: () => Promise<() => AzureClient>;
  readonly #files: CredentialFiles;
  #ownClient: AzureClient | undefined;

  constructor(provider: string, options: AzureKeyVaultOptions) {
    this.#provider = provider;
    this.#options = options;
    this.#files = new CredentialFiles(() => (options.client || options.credential ? [] : credentialFiles()));
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
    if (this.#options.client) return false;
    this.#files.refused();
    return true;
  }

  /** Changes when a file of credentials has changed since they were refused. */
  get credentialVersion(): number {
    return this.#files.version;
  }

  close(): void {
    this.#files.stop();
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
      const { additionalPolicies: policies = [] } = (clientOptions ?? {}) as {
        additionalPolicies?: unknown[];
      };
      return new SecretClient(
        url,
        tokens as never,
        {
          retryOptions: { maxRetries: 0 },
          ...clientOptions,
          additionalPolicies: [...policies, { policy: limitPolicy(this.#provider), position: 'perRetry' }],
        } as never,
      ) as unknown as AzureClient;
    };
  }
}

/** The files from which Azure's default credential takes its secrets. */
function credentialFiles(): string[] {
  const { AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_CERTIFICATE_PATH } = process.env;
  return [AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_CERTIFICATE_PATH].flatMap((file) =>
    file ? [resolve(file)] : [],
  );
}
