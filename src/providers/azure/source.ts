// Azure Key Vault as a source of documents: one secret is one document. Used by `provider.ts`. Key Vault
// has no batch read and no compare-and-set. A deleted secret keeps its name until it is purged: a write
// recovers it first.

import { ConfigError } from '../../errors.ts';
import { textOf } from '../../formats/json-text.ts';
import { defined } from '../../internal/options.ts';
import type { Need } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import { quoted } from '../../redact.ts';
import { withSignal } from '../../remote/call-signal.ts';
import { DashedNames } from '../../remote/dashed-names.ts';
import { textField, timeField } from '../../remote/fields.ts';
import { incomplete, readOnlyVersion } from '../../remote/findings.ts';
import { addressIn, hostIn, identityOf } from '../../remote/identity.ts';
import { systemClock } from '../../shelter/clock.ts';
import { ancestors, asDocument, mapped, placesOf } from '../../shelter/places.ts';
import type {
  Call,
  DocumentSource,
  DocumentWrite,
  Outcome,
  Page,
  Place,
  Scope,
  SourceIdentity,
  VersionPage,
} from '../../shelter/port.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { classify, isDeleted } from './classify.ts';
import { AzureConnection } from './connection.ts';
import { azureNeeds } from './needs.ts';
import type { AzureKeyVaultOptions } from './options.ts';
import { ListPages } from './pages.ts';

interface Properties {
  readonly name: string;
  readonly version?: string;
  readonly enabled?: boolean;
  readonly notBefore?: Date;
  readonly expiresOn?: Date;
  readonly createdOn?: Date;
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
  readonly #azure: AzureConnection;
  readonly #pages = new ListPages();

  constructor(options: AzureKeyVaultOptions) {
    const { keys = 'camel', prefix = '', secrets } = options;
    this.name = options.name ?? 'azure';
    this.#options = options;
    this.#names = new DashedNames({ dashes: keys, prefix, allowed: /^[0-9A-Za-z-]{1,127}$/ });
    if (secrets) this.places = placesOf('AzureKeyVaultProvider', 'secrets', secrets);
    this.#azure = new AzureConnection(this.name, options);
  }

  locate(key: Key): readonly Place[] {
    return this.places ? mapped(this.places)(key) : ancestors(key, (at) => this.#names.nameOf(at));
  }

  refusal(key: Key): ConfigError | undefined {
    return this.places ? undefined : this.#names.refusal(this.name, key);
  }

  async read(
    [document]: readonly [string],
    { signal, version }: Call,
  ): Promise<ReadonlyMap<string, Outcome>> {
    const [name, pinned] = document.split('/') as [string, string?];
    const selected = version ?? pinned;
    const client = await this.#azure.client();
    try {
      const secret = (await client.getSecret(name, {
        abortSignal: signal,
        ...(selected && { version: selected }),
      })) as Secret;
      return new Map([[document, this.#disabled(secret.properties) ?? this.#documentOf(secret)]]);
    } catch (error) {
      const classified = classify(error, { provider: this.name, resource: document });
      if (classified.code === 'not_found') return new Map([[document, 'absent']]);
      throw classified;
    }
  }

  #documentOf({ value, properties: { name, version, updatedOn, expiresOn, contentType } }: Secret): Outcome {
    if (typeof value !== 'string')
      return incomplete(this.name, `the response for ${quoted(name)} has no value`);
    const type = textField(contentType);
    const fields = {
      version: textField(version),
      modifiedAt: timeField(updatedOn),
      expiresAt: timeField(expiresOn),
      metadata: type === undefined ? undefined : { type },
    };
    return asDocument(value, { secret: true, text: true, ...defined(fields) });
  }

  /** The error for a secret that exists but must not be used; undefined for one that may. */
  #disabled({ name, enabled, notBefore, expiresOn }: Properties): ConfigError | undefined {
    const now = (this.#options.clock ?? systemClock).now();
    const error = (problem: string, hint: string) =>
      new ConfigError('disabled', `${this.name}: the secret ${quoted(name)} ${problem}`, {
        provider: this.name,
        hint,
      });
    if (enabled === false) return error('is disabled', 'Enable the secret, or set a new version');
    if (notBefore && +notBefore > now)
      return error(
        `is not valid before ${notBefore.toISOString()}`,
        'Wait for the activation date, or change it',
      );
    if (expiresOn && +expiresOn <= now)
      return error(`expired on ${expiresOn.toISOString()}`, 'Set a new version, or move the expiry date');
    return undefined;
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    const client = await this.#azure.client();
    try {
      const list = () => client.listPropertiesOfSecrets({ abortSignal: call.signal });
      const { items, next } = await this.#page(list, cursor, call.signal);
      const found = (items as readonly Properties[]).flatMap((secret) => this.#listed(secret, call));
      return { found: found.filter(({ place }) => scope.reaches(place.key)), next: next ? [next] : [] };
    } catch (error) {
      throw classify(error, { provider: this.name, resource: 'the list of secrets' });
    }
  }

  #page(...[open, cursor, signal]: Parameters<ListPages['page']>): ReturnType<ListPages['page']> {
    return withSignal(signal, () => this.#pages.page(open, cursor, signal));
  }

  async versions(document: string, cursor: string | undefined, { signal }: Call): Promise<VersionPage> {
    const client = await this.#azure.client();
    const [name] = document.split('/') as [string];
    try {
      const list = () => client.listPropertiesOfSecretVersions(name, { abortSignal: signal });
      const { items, next } = await this.#page(list, cursor, signal);
      const versions = (items as readonly Properties[]).map((one) => ({
        version: one.version ?? '',
        ...defined({
          modifiedAt: timeField(one.createdOn) ?? timeField(one.updatedOn),
          stages: this.#stages(one),
        }),
      }));
      return { versions, unsorted: true, ...(next && { next }) };
    } catch (error) {
      const classified = classify(error, { provider: this.name, resource: name });
      if (classified.code === 'not_found') return { versions: [] };
      throw classified;
    }
  }

  #stages({ enabled, notBefore, expiresOn }: Properties): readonly string[] | undefined {
    const now = (this.#options.clock ?? systemClock).now();
    if (enabled === false) return ['disabled'];
    if (notBefore && +notBefore > now) return ['not yet valid'];
    return expiresOn && +expiresOn <= now ? ['expired'] : undefined;
  }

  get address(): string | undefined {
    return hostIn(this.#options.url);
  }

  async needs(wanted: Wanted): Promise<readonly Need[]> {
    return azureNeeds(this.places, addressIn(this.#options.url ?? ''), wanted);
  }

  identity(): SourceIdentity | undefined {
    const address = addressIn(this.#options.url);
    return address === undefined ? undefined : identityOf({ kind: 'azure', address });
  }

  #listed(secret: Properties, call: Call): Page['found'] {
    const key = this.#names.listed(this.name, secret.name, call.notice);
    if (key === undefined) return [];
    const outcome = this.#disabled(secret);
    const document = this.#names.nameOf(key) as string;
    return [{ place: { key, document, field: '' }, ...(outcome && { outcome }) }];
  }

  async write(
    document: string,
    value: ConfigValue | undefined,
    _options: DocumentWrite,
    { signal }: Call,
  ): Promise<string | undefined> {
    const client = await this.#azure.client();
    const [name, pinned] = document.split('/') as [string, string?];
    if (pinned !== undefined) throw readOnlyVersion(this.name, document);
    const options = { abortSignal: signal };
    try {
      if (value === undefined) {
        await client.beginDeleteSecret(name, options);
        return undefined;
      }
      const text = textOf(value, this.name);
      const type = typeof value === 'object' && value !== null ? { contentType: 'application/json' } : {};
      const set = async (): Promise<string | undefined> =>
        ((await client.setSecret(name, text, { ...options, ...type })) as Secret).properties.version;
      return await set().catch(async (error: unknown) => {
        if (!isDeleted(error)) throw error;
        const recovery = await client.beginRecoverDeletedSecret(name, { ...options, intervalInMs: 500 });
        await recovery.pollUntilDone(options);
        return set();
      });
    } catch (error) {
      throw classify(error, { provider: this.name, resource: name });
    }
  }

  load(): Promise<void> {
    return this.#azure.load();
  }

  relogin(): boolean {
    return this.#azure.relogin();
  }

  get credentialVersion(): number {
    return this.#azure.credentialVersion;
  }

  classify(error: unknown): ConfigError {
    return classify(error, { provider: this.name, resource: 'a request' });
  }

  async close(): Promise<void> {
    this.#azure.close();
  }
}
