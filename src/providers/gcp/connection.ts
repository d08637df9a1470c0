// Google's client and its credentials, created on first use. Used by `source.ts`. Credentials are looked up
// explicitly before the first request: without any, a call of Google's client would end the process.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lazy, peer } from '../../internal/lazy.ts';
import { CredentialFiles } from '../../local/credential-files.ts';
import { classify } from './classify.ts';
import type { GcpClient } from './client.ts';
import { type Fetch, guarded, guardedFetch } from './guarded-fetch.ts';
import type { GcpSecretManagerOptions } from './options.ts';

type OwnClient = GcpClient & {
  /** Over REST this is the `authClient` itself, if `clientOptions` has one. */
  readonly auth?: { getClient?(): Promise<unknown>; fetch?: Fetch };
  initialize?(): Promise<unknown>;
  close?(): Promise<void>;
};

interface RestOptions {
  /** REST in place of gRPC. */
  readonly fallback?: unknown;
  readonly projectId: string;
  readonly auth?: object;
  readonly authClient?: object;
}

export class GcpConnection {
  readonly #provider: string;
  readonly #options: GcpSecretManagerOptions;
  readonly #sdk: () => Promise<new (options: object) => unknown>;
  readonly #files: CredentialFiles;
  #ownClient: Promise<OwnClient> | undefined;
  #isClosed = false;

  constructor(provider: string, options: GcpSecretManagerOptions) {
    this.#provider = provider;
    this.#options = options;
    this.#files = new CredentialFiles(() => credentialFiles(options));
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

  /** The host of requests, as Google's client chooses it. Undefined with a client of your own, which does not
   *  say. */
  get endpoint(): string | undefined {
    const { client, clientOptions } = this.#options;
    if (client) return undefined;
    const { servicePath, apiEndpoint, port, ...given } = { ...this.#regional, ...clientOptions } as Readonly<
      Record<string, unknown>
    >;
    const { universeDomain = given.universe_domain ?? process.env.GOOGLE_CLOUD_UNIVERSE_DOMAIN } = given;
    const host = servicePath || apiEndpoint || `secretmanager.${universeDomain ?? 'googleapis.com'}`;
    return port ? `${host}:${port}` : `${host}`;
  }

  get #regional(): { readonly apiEndpoint?: string } {
    const { location } = this.#options;
    return location ? { apiEndpoint: `secretmanager.${location}.rep.googleapis.com` } : {};
  }

  async load(): Promise<void> {
    if (!this.#options.client) await this.#sdk();
  }

  async client(): Promise<GcpClient> {
    if (this.#isClosed)
      throw new ConfigError('aborted', `${this.#provider}: the provider is closed`, {
        provider: this.#provider,
      });
    return this.#options.client ?? this.#getOwnClient();
  }

  /** Looks for credentials, at most `credentialsTimeoutMs`. */
  async connect(): Promise<true> {
    const client = await this.#getOwnClient();
    let timer: NodeJS.Timeout | undefined;
    try {
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error('could not find a credential in time')), // classified as unauthenticated
          this.#options.credentialsTimeoutMs ?? 1_000,
        );
      });
      await Promise.race([client.auth?.getClient?.(), timeout]);
      await client.initialize?.();
      return true;
    } catch (error) {
      throw classify(error, { provider: this.#provider, resource: 'credentials', role: 'secretAccessor' });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Drops the client and its token, so that the next request creates both again. False for an injected
   *  client, which is kept. */
  relogin(): boolean {
    if (this.#options.client) return false;
    void this.#drop().catch(() => {});
    this.#files.refused();
    return true;
  }

  /** Changes when a file of credentials has changed since they were refused. */
  get credentialVersion(): number {
    return this.#files.version;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#files.stop();
    return this.#drop();
  }

  async #drop(): Promise<void> {
    const creating = this.#ownClient;
    this.#ownClient = undefined;
    const client = await creating?.catch(() => undefined);
    await client?.close?.();
  }

  #getOwnClient(): Promise<OwnClient> {
    this.#ownClient ??= this.#createClient().catch((error: unknown) => {
      this.#ownClient = undefined;
      throw error;
    });
    return this.#ownClient;
  }

  async #createClient(): Promise<OwnClient> {
    const Client = await this.#sdk();
    const { project, clientOptions } = this.#options;
    const options: RestOptions = { ...this.#regional, projectId: project, ...clientOptions };
    if (!options.fallback) return new Client(options) as OwnClient;
    const { auth, authClient } = options;
    const client = new Client({
      ...options,
      ...(auth && { auth: guarded(auth, this.#provider) }),
      ...(authClient && { authClient: guarded(authClient, this.#provider) }),
    }) as OwnClient;
    // without either, the client has made a sender of its own
    const own = auth || authClient ? undefined : client.auth;
    if (own?.fetch) own.fetch = guardedFetch(own.fetch.bind(own), this.#provider);
    return client;
  }
}

/** The files from which Google's client takes credentials. */
function credentialFiles({ client, clientOptions }: GcpSecretManagerOptions): string[] {
  const { auth, authClient, credentials, keyFilename, keyFile } = (clientOptions ?? {}) as Readonly<
    Record<string, unknown>
  >;
  if (client || auth || authClient || credentials) return [];
  const {
    GOOGLE_APPLICATION_CREDENTIALS: ambient,
    CLOUDSDK_CONFIG: folder,
    HOME: home = homedir(),
  } = process.env;
  const found = keyFilename || keyFile || ambient;
  const own = join(folder || join(home, '.config', 'gcloud'), 'application_default_credentials.json');
  return [typeof found === 'string' ? resolve(found) : own];
}
