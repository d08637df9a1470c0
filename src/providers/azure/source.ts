import type { ConfigValue } from '../../entry.ts';
import { ConfigError, type ErrorCode } from '../../errors.ts';
import { DashedNames } from '../../internal/dashed.ts';
import { lazy } from '../../internal/lazy.ts';
import { peer } from '../../internal/peer.ts';
import type { Key } from '../../key.ts';
import { ancestors, asDocument, mapped, placesOf } from '../../shelter/places.ts';
import type { Call, DocumentSource, DocumentWrite, Outcome, Page, Place, Scope } from '../../shelter/port.ts';
import { classify } from './classify.ts';
import type { AzureClient, AzureCredential, AzureKeyVaultOptions } from './provider.ts';

interface Properties {
  readonly name: string;
  readonly version?: string;
  readonly enabled?: boolean;
  readonly notBefore?: Date;
  readonly expiresOn?: Date;
  readonly updatedOn?: Date;
  readonly contentType?: string;
}

interface Secret {
  readonly value?: string;
  readonly properties: Properties;
}

export class AzureSource implements DocumentSource {
  readonly name: string;
  readonly batch = 1;
  readonly places?: readonly Place[];
  readonly #options: AzureKeyVaultOptions;
  readonly #names: DashedNames;
  readonly #loaded: () => Promise<(credential: AzureCredential | undefined) => AzureClient>;
  #client: AzureClient | undefined;
  #leftOut = new Set<string>();
  #notice: (message: string, outcome?: ErrorCode) => void = () => {};

  constructor(options: AzureKeyVaultOptions) {
    const { keys = 'camel', prefix = '', secrets } = options;
    this.name = options.name ?? 'azure';
    this.#options = options;
    this.#names = new DashedNames({ dashes: keys, prefix, allowed: /^[0-9A-Za-z-]{1,127}$/ });
    if (secrets) this.places = placesOf('AzureKeyVaultProvider', 'secrets', secrets);
    this.#loaded = lazy(() => this.#sdk());
    this.#client = options.client;
  }

  onNotice(tell: (message: string, outcome?: ErrorCode) => void): void {
    this.#notice = tell;
  }

  locate(key: Key): readonly Place[] {
    return this.places ? mapped(this.places)(key) : ancestors(key, (at) => this.#names.nameOf(at));
  }

  async read([document]: readonly [string], { signal, version }: Call): Promise<ReadonlyMap<string, Outcome>> {
    const [name, pinned] = document.split('/') as [string, string?];
    const select = version ?? pinned;
    const client = await this.#connected();
    try {
      const secret = (await client.getSecret(name, { abortSignal: signal, ...(select && { version: select }) })) as Secret;
      return new Map([[document, this.#off(secret.properties) ?? this.#documentOf(secret)]]);
    } catch (error) {
      const refused = classify(error, { provider: this.name, resource: document });
      if (refused.code === 'not_found') return new Map([[document, 'absent']]);
      throw refused;
    }
  }

  #documentOf({ value = '', properties: { version, updatedOn, expiresOn, contentType } }: Secret): Outcome {
    return asDocument(value, {
      secret: true,
      text: true,
      ...(version && { version }),
      ...(updatedOn && { modifiedAt: +updatedOn }),
      ...(expiresOn && { expiresAt: +expiresOn }),
      ...(contentType && { metadata: { type: contentType } }),
    });
  }

  /** Why a secret that is there must not be used. */
  #off({ name, enabled, notBefore, expiresOn }: Properties): ConfigError | undefined {
    const now = Date.now();
    const off = (what: string, hint: string) =>
      new ConfigError('disabled', `${this.name}: the secret ${name} ${what}`, { provider: this.name, hint });
    if (enabled === false) return off('is disabled', 'Enable it, or set a new version');
    if (notBefore && +notBefore > now) return off(`is not valid before ${notBefore.toISOString()}`, 'Wait, or change its activation date');
    if (expiresOn && +expiresOn <= now) return off(`expired on ${expiresOn.toISOString()}`, 'Set a new version, or move its expiry date');
    return undefined;
  }

  async page(scope: Scope, cursor: string | undefined, { signal }: Call): Promise<Page> {
    const client = await this.#connected();
    try {
      const pages = client
        .listPropertiesOfSecrets({ abortSignal: signal })
        .byPage({ maxPageSize: 25, ...(cursor && { continuationToken: cursor }) });
      const page = ((await pages.next()).value ?? []) as Properties[] & { continuationToken?: string };
      const found = page.flatMap((secret) => this.#listed(secret));
      return { found: found.filter(({ place }) => scope.reaches(place.key)), next: page.continuationToken ? [page.continuationToken] : [] };
    } catch (error) {
      throw classify(error, { provider: this.name, resource: 'the list of secrets' });
    }
  }

  #listed(secret: Properties): Page['found'] {
    const { name } = secret;
    if (!this.#names.owns(name)) return [];
    const key = this.#names.keyOf(name);
    const outcome = this.#off(secret);
    if (key !== undefined) return [{ place: { key, document: this.#names.nameOf(key) as string, field: '' }, ...(outcome && { outcome }) }];
    if (!this.#leftOut.has(name))
      this.#notice(`${this.name}: the secret ${name} is left out: its name does not read back as a key. Name it in the option secrets`);
    this.#leftOut.add(name);
    return [];
  }

  async write(document: string, value: ConfigValue | undefined, _options: DocumentWrite, { signal }: Call): Promise<string | undefined> {
    const client = await this.#connected();
    const [name] = document.split('/') as [string];
    try {
      if (value === undefined) {
        await client.beginDeleteSecret?.(name, { abortSignal: signal });
        return undefined;
      }
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      const contentType = typeof value === 'object' && value !== null ? { contentType: 'application/json' } : {};
      const secret = (await client.setSecret?.(name, text, { abortSignal: signal, ...contentType })) as Secret | undefined;
      return secret?.properties.version;
    } catch (error) {
      throw classify(error, { provider: this.name, resource: document });
    }
  }

  async load(): Promise<void> {
    if (!this.#options.client) await this.#loaded();
  }

  /** A client of our own is made anew, and with it the token it holds. */
  renew(): boolean {
    if (this.#options.client) return false;
    this.#client = undefined;
    return true;
  }

  classify(error: unknown): ConfigError {
    return classify(error, { provider: this.name, resource: 'a request' });
  }

  async #connected(): Promise<AzureClient> {
    this.#client ??= (await this.#loaded())(this.#options.credential);
    return this.#client;
  }

  async #sdk(): Promise<(credential: AzureCredential | undefined) => AzureClient> {
    const { url, clientOptions, credential } = this.#options;
    const owner = 'AzureKeyVaultProvider';
    const { SecretClient } = await peer(owner, '@azure/keyvault-secrets', () => import('@azure/keyvault-secrets'));
    const identity = credential ? undefined : await peer(owner, '@azure/identity', () => import('@azure/identity'));
    return (given) => {
      const use = given ?? (identity && new identity.DefaultAzureCredential());
      return new SecretClient(url, use as never, { retryOptions: { maxRetries: 0 }, ...clientOptions }) as unknown as AzureClient;
    };
  }
}
