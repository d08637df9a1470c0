import { ConfigError, type ErrorCode } from '../../errors.ts';
import { textOf } from '../../formats/json-text.ts';
import { quoted } from '../../redact.ts';
import { DashedNames } from '../../remote/dashed-names.ts';
import { defined, textField, timeField } from '../../remote/fields.ts';
import { readOnlyVersion } from '../../remote/read-only-version.ts';
import { systemClock } from '../../shelter/clock.ts';
import { ancestors, asDocument, mapped, placesOf } from '../../shelter/places.ts';
import type { Call, DocumentSource, DocumentWrite, Outcome, Page, Place, Scope } from '../../shelter/port.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { classify } from './classify.ts';
import { AzureConnection } from './connection.ts';
import type { AzureKeyVaultOptions } from './options.ts';
import { ListPages } from './pages.ts';

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
  readonly #azure: AzureConnection;
  readonly #pages = new ListPages();
  #notice: (message: string, outcome?: ErrorCode) => void = () => {};

  constructor(options: AzureKeyVaultOptions) {
    const { keys = 'camel', prefix = '', secrets } = options;
    this.name = options.name ?? 'azure';
    this.#options = options;
    this.#names = new DashedNames({ dashes: keys, prefix, allowed: /^[0-9A-Za-z-]{1,127}$/ });
    if (secrets) this.places = placesOf('AzureKeyVaultProvider', 'secrets', secrets);
    this.#azure = new AzureConnection(options);
  }

  onNotice(tell: (message: string, outcome?: ErrorCode) => void): void {
    this.#notice = tell;
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
    const select = version ?? pinned;
    const client = await this.#azure.client();
    try {
      const secret = (await client.getSecret(name, {
        abortSignal: signal,
        ...(select && { version: select }),
      })) as Secret;
      return new Map([[document, this.#off(secret.properties) ?? this.#documentOf(secret)]]);
    } catch (error) {
      const refused = classify(error, { provider: this.name, resource: document });
      if (refused.code === 'not_found') return new Map([[document, 'absent']]);
      throw refused;
    }
  }

  #documentOf({ value, properties: { name, version, updatedOn, expiresOn, contentType } }: Secret): Outcome {
    if (typeof value !== 'string')
      return new ConfigError('unavailable', `${this.name}: ${quoted(name)} was answered without a value`, {
        provider: this.name,
      });
    const type = textField(contentType);
    const more = {
      version: textField(version),
      modifiedAt: timeField(updatedOn),
      expiresAt: timeField(expiresOn),
      metadata: type === undefined ? undefined : { type },
    };
    return asDocument(value, { secret: true, text: true, ...defined(more) });
  }

  /** Why a secret that is there must not be used. */
  #off({ name, enabled, notBefore, expiresOn }: Properties): ConfigError | undefined {
    const now = (this.#options.clock ?? systemClock).now();
    const off = (what: string, hint: string) =>
      new ConfigError('disabled', `${this.name}: the secret ${quoted(name)} ${what}`, {
        provider: this.name,
        hint,
      });
    if (enabled === false) return off('is disabled', 'Enable it, or set a new version');
    if (notBefore && +notBefore > now)
      return off(`is not valid before ${notBefore.toISOString()}`, 'Wait, or change its activation date');
    if (expiresOn && +expiresOn <= now)
      return off(`expired on ${expiresOn.toISOString()}`, 'Set a new version, or move its expiry date');
    return undefined;
  }

  async page(scope: Scope, cursor: string | undefined, { signal }: Call): Promise<Page> {
    const client = await this.#azure.client();
    try {
      const { items, next } = await this.#pages.page(client, cursor, signal);
      const found = (items as readonly Properties[]).flatMap((secret) => this.#listed(secret));
      return { found: found.filter(({ place }) => scope.reaches(place.key)), next: next ? [next] : [] };
    } catch (error) {
      throw classify(error, { provider: this.name, resource: 'the list of secrets' });
    }
  }

  #listed(secret: Properties): Page['found'] {
    const { name } = secret;
    if (!this.#names.owns(name)) return [];
    const key = this.#names.keyOf(name);
    const outcome = this.#off(secret);
    if (key !== undefined)
      return [
        {
          place: { key, document: this.#names.nameOf(key) as string, field: '' },
          ...(outcome && { outcome }),
        },
      ];
    const said = `${this.name}: the secret ${quoted(name)} is left out: its name does not read back as a key`;
    this.#notice(`${said}. Name it in the option secrets`, 'invalid_key');
    return [];
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
    const refused = (error: unknown): ConfigError => classify(error, { provider: this.name, resource: name });
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
        if (!refused(error).message.includes('ObjectIsDeletedButRecoverable')) throw error;
        // its name is taken until it is purged
        await (await client.beginRecoverDeletedSecret(name, { ...options, intervalInMs: 500 })).pollUntilDone(
          options,
        );
        return set();
      });
    } catch (error) {
      throw refused(error);
    }
  }

  load(): Promise<void> {
    return this.#azure.load();
  }

  renew(): boolean {
    return this.#azure.renew();
  }

  classify(error: unknown): ConfigError {
    return classify(error, { provider: this.name, resource: 'a request' });
  }
}
