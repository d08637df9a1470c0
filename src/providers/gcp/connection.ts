import { lazy, peer } from '../../internal/lazy.ts';
import { classify } from './classify.ts';
import type { GcpClient } from './client.ts';
import type { GcpSecretManagerOptions } from './options.ts';

type Made = GcpClient & {
  /** Over REST an `authClient` that was given stands here itself. */
  readonly auth?: { getClient?(): Promise<unknown> };
  initialize?(): Promise<unknown>;
  close?(): Promise<void>;
};

/** Google's client, made on first use, and its credentials. */
export class GcpConnection {
  readonly #provider: string;
  readonly #options: GcpSecretManagerOptions;
  readonly #sdk: () => Promise<new (options: object) => unknown>;
  #own: Promise<Made> | undefined;

  constructor(provider: string, options: GcpSecretManagerOptions) {
    this.#provider = provider;
    this.#options = options;
    this.#sdk = lazy(async () => {
      const load = (): Promise<{ SecretManagerServiceClient: unknown }> =>
        import('@google-cloud/secret-manager');
      const { SecretManagerServiceClient } = await peer(
        'GcpSecretManagerProvider',
        '@google-cloud/secret-manager',
        load,
      );
      return SecretManagerServiceClient as new (
        options: object,
      ) => unknown;
    });
  }

  async load(): Promise<void> {
    if (!this.#options.client) await this.#sdk();
  }

  async client(): Promise<GcpClient> {
    return this.#options.client ?? this.#mine();
  }

  /** Looks for credentials: a call without any would end the process. */
  async connect(): Promise<true> {
    const client = await this.#mine();
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error('could not find a credential in time')),
          this.#options.credentialsTimeoutMs ?? 1_000,
        );
      });
      await Promise.race([client.auth?.getClient?.(), late]);
      await client.initialize?.();
      return true;
    } catch (error) {
      throw classify(error, { provider: this.#provider, resource: 'credentials', role: 'secretAccessor' });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Forgets our own client, and with it the token it holds. False: the client is not ours. */
  renew(): boolean {
    if (this.#options.client) return false;
    void this.close().catch(() => {});
    return true;
  }

  async close(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    await (await own)?.close?.();
  }

  #mine(): Promise<Made> {
    this.#own ??= this.#make().catch((error: unknown) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }

  async #make(): Promise<Made> {
    const Client = await this.#sdk();
    const { location, project, clientOptions } = this.#options;
    const endpoint = location ? { apiEndpoint: `secretmanager.${location}.rep.googleapis.com` } : {};
    return new Client({ ...endpoint, projectId: project, ...clientOptions }) as Made;
  }
}
