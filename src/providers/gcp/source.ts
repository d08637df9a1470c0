// GCP Secret Manager as a source of documents: one secret is one document. Used by `provider.ts`. Google
// has no batch read and no compare-and-set, and its client cannot cancel a call: over gRPC an aborted call
// runs on, and its result is ignored.

import { ConfigError } from '../../errors.ts';
import { textOf } from '../../formats/json-text.ts';
import type { Need } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import { withSignal } from '../../remote/call-signal.ts';
import { DashedNames } from '../../remote/dashed-names.ts';
import { readOnlyVersion } from '../../remote/findings.ts';
import { hostIn, identityOf } from '../../remote/identity.ts';
import { ancestors, mapped, placesOf } from '../../shelter/places.ts';
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
import { classify, type RequestInfo, statusOf } from './classify.ts';
import { GcpConnection } from './connection.ts';
import { crc32c } from './crc32c.ts';
import { gcpNeeds } from './needs.ts';
import type { GcpSecretManagerOptions } from './options.ts';
import { documentOf, infoOf, type ListedVersion, type Version, versionIn } from './payload.ts';

// turns off the client's own retries: the shelter times out and repeats attempts
const callOptions = { retry: null, timeout: 30_000 };
const pageSize = 1_000;

export class GcpSource implements DocumentSource {
  readonly name: string;
  readonly batch = 1;
  readonly places?: readonly Place[];
  /** Absent for an injected client, which is logged in already. */
  readonly connect?: () => Promise<boolean>;
  readonly #options: GcpSecretManagerOptions;
  readonly #parent: string;
  readonly #names: DashedNames;
  readonly #google: GcpConnection;

  constructor(options: GcpSecretManagerOptions) {
    const { project, location, prefix = '', secrets } = options;
    this.name = options.name ?? 'gcp';
    this.#options = options;
    this.#parent = `projects/${project}${location ? `/locations/${location}` : ''}`;
    this.#names = new DashedNames({ dashes: 'exact', prefix, allowed: /^[\w-]{1,255}$/ });
    if (secrets)
      this.places = placesOf('GcpSecretManagerProvider', 'secrets', secrets).map((place) => ({
        ...place,
        document: this.#resourceName(place.document),
      }));
    this.#google = new GcpConnection(this.name, options);
    if (!options.client) this.connect = () => this.#google.connect();
  }

  locate(key: Key): readonly Place[] {
    if (this.places) return mapped(this.places)(key);
    return ancestors(key, (at) => {
      const name = this.#names.nameOf(at);
      return name && this.#resourceName(name);
    });
  }

  refusal(key: Key): ConfigError | undefined {
    return this.places ? undefined : this.#names.refusal(this.name, key);
  }

  async read([document]: readonly [string], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const [secret, pinned] = document.split('/versions/') as [string, string?];
    if (call.version !== undefined && !versionPattern.test(call.version))
      throw invalidVersion(this.name, secret);
    const name = `${secret}/versions/${call.version ?? pinned ?? this.#options.version ?? 'latest'}`;
    const client = await this.#google.client();
    try {
      const [version] = await withSignal(call.signal, () =>
        client.accessSecretVersion({ name }, callOptions),
      );
      return new Map([[document, documentOf(this.name, name, version as Version)]]);
    } catch (error) {
      if (statusOf(error) === 'NOT_FOUND') return new Map([[document, 'absent']]);
      throw this.#error(error, name, 'secretAccessor');
    }
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    const { prefix } = this.#options;
    const request = {
      parent: this.#parent,
      pageSize,
      ...(prefix && { filter: `name:${prefix}` }),
      ...(cursor && { pageToken: cursor }),
    };
    const client = await this.#google.client();
    try {
      const [secrets, , response] = await withSignal(call.signal, () =>
        client.listSecrets(request, { ...callOptions, autoPaginate: false }),
      );
      const found = (secrets as { name?: string }[]).flatMap(({ name = '' }) =>
        this.#listed(name.split('/').at(-1) as string, call),
      );
      const token = (response as { nextPageToken?: string } | undefined)?.nextPageToken;
      return { found: found.filter(({ place }) => scope.reaches(place.key)), next: token ? [token] : [] };
    } catch (error) {
      throw this.#error(error, `${this.#parent}/secrets`, 'viewer');
    }
  }

  #listed(name: string, call: Call): Page['found'] {
    const key = this.#names.listed(this.name, name, call.notice);
    return key === undefined ? [] : [{ place: { key, document: this.#resourceName(name), field: '' } }];
  }

  async write(
    document: string,
    value: ConfigValue | undefined,
    { ifVersion, unread }: DocumentWrite,
    { signal }: Call,
  ): Promise<string | undefined> {
    const client = await this.#google.client();
    const [parent, pinned] = document.split('/versions/') as [string, string?];
    if (pinned !== undefined || (this.#options.version ?? 'latest') !== 'latest')
      throw readOnlyVersion(this.name, document);
    try {
      if (value === undefined) {
        await withSignal(signal, () => client.deleteSecret({ name: parent }, callOptions));
        return undefined;
      }
      if (ifVersion === undefined && !unread) await withSignal(signal, () => this.#create(parent));
      const data = Buffer.from(textOf(value, this.name));
      const [added] = await withSignal(signal, () =>
        client.addSecretVersion({ parent, payload: { data, dataCrc32c: String(crc32c(data)) } }, callOptions),
      );
      return versionIn((added as Version | undefined)?.name);
    } catch (error) {
      throw this.#error(error, parent, 'admin');
    }
  }

  /** The secret may exist without a version, and then reads as absent. */
  async #create(name: string): Promise<void> {
    const client = await this.#google.client();
    const [parent, secretId] = name.split('/secrets/') as [string, string];
    const { replicas } = this.#options;
    const replication = replicas
      ? { userManaged: { replicas: replicas.map((location) => ({ location })) } }
      : { automatic: {} };
    try {
      await client.createSecret(
        { parent, secretId, secret: parent.includes('/locations/') ? {} : { replication } },
        callOptions,
      );
    } catch (error) {
      if (statusOf(error) !== 'ALREADY_EXISTS') throw error;
    }
  }

  /** Google lists the newest version first. */
  async versions(document: string, cursor: string | undefined, call: Call): Promise<VersionPage> {
    const [parent] = document.split('/versions/') as [string];
    const request = { parent, pageSize: 1_000, ...(cursor && { pageToken: cursor }) };
    const client = await this.#google.client();
    try {
      const [versions, , response] = await withSignal(call.signal, () =>
        client.listSecretVersions(request, { ...callOptions, autoPaginate: false }),
      );
      const token = (response as { nextPageToken?: string } | undefined)?.nextPageToken;
      return {
        versions: (versions as ListedVersion[]).map(infoOf),
        unsorted: true, // no order is documented
        ...(token && { next: token }),
      };
    } catch (error) {
      if (statusOf(error) === 'NOT_FOUND') return { versions: [] };
      throw this.#error(error, parent, 'viewer');
    }
  }

  get address(): string | undefined {
    const { endpoint } = this.#google;
    return endpoint === undefined ? undefined : hostIn(`https://${endpoint}`);
  }

  async needs(wanted: Wanted): Promise<readonly Need[]> {
    return gcpNeeds(this.places, this.#parent, this.#options.prefix, wanted);
  }

  /** Documents are full resource names, so project and location make no difference. */
  identity(): SourceIdentity | undefined {
    const { endpoint } = this.#google;
    const { version = 'latest' } = this.#options;
    return endpoint === undefined ? undefined : identityOf({ kind: 'gcp', endpoint }, { version });
  }

  /** Bypasses the shelter: the caller needs the outcome at once, without retries. */
  async disable(key: Key): Promise<void> {
    const document = this.locate(key).find((place) => place.key === key)?.document;
    if (document === undefined)
      throw (
        this.refusal(key) ??
        new ConfigError('invalid_key', `${this.name}: no secret is mapped to the key ${key}`, {
          provider: this.name,
          key,
          hint: 'Map the key in the option secrets',
        })
      );
    const client = await this.#google.client();
    await this.connect?.();
    const [secret, pinned = 'latest'] = document.split('/versions/') as [string, string?];
    try {
      const [version] = await client.getSecretVersion({ name: `${secret}/versions/${pinned}` }, callOptions);
      await client.disableSecretVersion({ name: (version as Version).name }, callOptions);
    } catch (error) {
      throw this.#error(error, document, 'secretVersionManager');
    }
  }

  load(): Promise<void> {
    return this.#google.load();
  }

  relogin(): boolean {
    return this.#google.relogin();
  }

  get credentialVersion(): number {
    return this.#google.credentialVersion;
  }

  classify(error: unknown): ConfigError {
    return this.#error(error, this.#parent, 'secretAccessor');
  }

  close(): Promise<void> {
    return this.#google.close();
  }

  #error(error: unknown, resource: string, role: RequestInfo['role']): ConfigError {
    return classify(error, { provider: this.name, resource, role });
  }

  #resourceName(name: string): string {
    return name.startsWith('projects/') ? name : `${this.#parent}/secrets/${name}`;
  }
}

/** A version with other characters, such as a slash, could address another secret. */
const versionPattern = /^[\w-]+$/;

const invalidVersion = (provider: string, secret: string): ConfigError =>
  new ConfigError('invalid_option', `${provider}: ${secret}: invalid version`, {
    provider,
    hint: 'Use a version number or an alias',
  });
