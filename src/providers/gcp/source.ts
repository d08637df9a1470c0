import { ConfigError, type ErrorCode } from '../../errors.ts';
import { textOf } from '../../formats/json-text.ts';
import { quoted } from '../../redact.ts';
import { DashedNames } from '../../remote/dashed-names.ts';
import { readOnlyVersion } from '../../remote/read-only-version.ts';
import { ancestors, asDocument, mapped, placesOf } from '../../shelter/places.ts';
import type {
  Call,
  Document,
  DocumentSource,
  DocumentWrite,
  Outcome,
  Page,
  Place,
  Scope,
} from '../../shelter/port.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { type Asked, classify, statusOf } from './classify.ts';
import { GcpConnection } from './connection.ts';
import { crc32c } from './crc32c.ts';
import type { GcpSecretManagerOptions } from './options.ts';

// the shelter ends an attempt and repeats it; this only keeps Google's client from trying on its own
const once = { retry: null, timeout: 30_000 };
const pageSize = 1_000;

interface Version {
  readonly name?: string;
  readonly payload?: { readonly data?: Uint8Array | string | null; readonly dataCrc32c?: unknown } | null;
}

export class GcpSource implements DocumentSource {
  readonly name: string;
  readonly batch = 1;
  readonly places?: readonly Place[];
  /** A client of the application's own has logged in already. */
  readonly connect?: () => Promise<boolean>;
  readonly #options: GcpSecretManagerOptions;
  readonly #parent: string;
  readonly #names: DashedNames;
  readonly #google: GcpConnection;
  #notice: (message: string, outcome?: ErrorCode) => void = () => {};

  constructor(options: GcpSecretManagerOptions) {
    const { project, location, prefix = '', secrets } = options;
    this.name = options.name ?? 'gcp';
    this.#options = options;
    this.#parent = `projects/${project}${location ? `/locations/${location}` : ''}`;
    this.#names = new DashedNames({ dashes: 'exact', prefix, allowed: /^[\w-]{1,255}$/ });
    if (secrets)
      this.places = placesOf('GcpSecretManagerProvider', 'secrets', secrets).map((place) => ({
        ...place,
        document: this.#full(place.document),
      }));
    this.#google = new GcpConnection(this.name, options);
    if (!options.client) this.connect = () => this.#google.connect();
  }

  onNotice(tell: (message: string, outcome?: ErrorCode) => void): void {
    this.#notice = tell;
  }

  locate(key: Key): readonly Place[] {
    if (this.places) return mapped(this.places)(key);
    return ancestors(key, (at) => {
      const name = this.#names.nameOf(at);
      return name && this.#full(name);
    });
  }

  refusal(key: Key): ConfigError | undefined {
    return this.places ? undefined : this.#names.refusal(this.name, key);
  }

  async read([document]: readonly [string], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const [secret, pinned] = document.split('/versions/') as [string, string?];
    if (call.version !== undefined && !aVersion.test(call.version)) throw noVersion(this.name, secret);
    const name = `${secret}/versions/${call.version ?? pinned ?? this.#options.version ?? 'latest'}`;
    const client = await this.#google.client();
    try {
      const [version] = await client.accessSecretVersion({ name }, once);
      return new Map([[document, this.#documentOf(name, version as Version)]]);
    } catch (error) {
      if (statusOf(error) === 'NOT_FOUND') return new Map([[document, 'absent']]);
      throw this.#refused(error, name, 'secretAccessor');
    }
  }

  #documentOf(name: string, { name: full, payload }: Version): Document {
    const { name: provider } = this;
    if (!payload)
      throw new ConfigError('unavailable', `${provider}: ${name} was answered without a payload`, {
        provider,
      });
    const bytes =
      typeof payload.data === 'string'
        ? Buffer.from(payload.data, 'base64')
        : Buffer.from(payload.data ?? []);
    const sum = payload.dataCrc32c;
    if (sum !== undefined && sum !== null && String(sum) !== String(crc32c(bytes)))
      throw new ConfigError(
        'unavailable',
        `${provider}: ${name} was corrupted on the way: its checksum does not match`,
        { provider },
      );
    const version = versionIn(full);
    const more = { secret: true, text: true, ...(version && { version }) };
    const text = utf8(bytes);
    return text === undefined
      ? { ...more, value: bytes.toString('base64'), metadata: { type: 'binary' } }
      : asDocument(text, more);
  }

  async page(scope: Scope, cursor: string | undefined): Promise<Page> {
    const { prefix } = this.#options;
    const request = {
      parent: this.#parent,
      pageSize,
      ...(prefix && { filter: `name:${prefix}` }),
      ...(cursor && { pageToken: cursor }),
    };
    const client = await this.#google.client();
    try {
      const [secrets, , response] = await client.listSecrets(request, { ...once, autoPaginate: false });
      const found = (secrets as { name?: string }[]).flatMap(({ name = '' }) =>
        this.#listed(name.split('/').at(-1) as string),
      );
      const token = (response as { nextPageToken?: string } | undefined)?.nextPageToken;
      return { found: found.filter(({ place }) => scope.reaches(place.key)), next: token ? [token] : [] };
    } catch (error) {
      throw this.#refused(error, `${this.#parent}/secrets`, 'viewer');
    }
  }

  #listed(name: string): Page['found'] {
    if (!this.#names.owns(name)) return [];
    const key = this.#names.keyOf(name);
    if (key !== undefined) return [{ place: { key, document: this.#full(name), field: '' } }];
    this.#notice(
      `${this.name}: the secret ${quoted(name)} is left out: its name is no key. Name it in the option secrets`,
      'invalid_key',
    );
    return [];
  }

  async write(
    document: string,
    value: ConfigValue | undefined,
    { ifVersion, unread }: DocumentWrite,
  ): Promise<string | undefined> {
    const client = await this.#google.client();
    const [parent, pinned] = document.split('/versions/') as [string, string?];
    if (pinned !== undefined || (this.#options.version ?? 'latest') !== 'latest')
      throw readOnlyVersion(this.name, document);
    try {
      if (value === undefined) {
        await client.deleteSecret({ name: parent }, once);
        return undefined;
      }
      if (ifVersion === undefined && !unread) await this.#create(parent);
      const data = Buffer.from(textOf(value, this.name));
      const [made] = await client.addSecretVersion(
        { parent, payload: { data, dataCrc32c: String(crc32c(data)) } },
        once,
      );
      return versionIn((made as Version | undefined)?.name);
    } catch (error) {
      throw this.#refused(error, parent, 'admin');
    }
  }

  /** A secret without a version is there already, and reads as absent. */
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
        once,
      );
    } catch (error) {
      if (statusOf(error) !== 'ALREADY_EXISTS') throw error;
    }
  }

  /** Outside the shelter: whoever pulls a switch wants to hear at once how it went. */
  async disable(key: Key): Promise<void> {
    const document = this.locate(key).find((place) => place.key === key)?.document;
    if (document === undefined)
      throw (
        this.refusal(key) ??
        new ConfigError('invalid_key', `${this.name} has no place for ${key}`, { provider: this.name, key })
      );
    await this.connect?.();
    const client = await this.#google.client();
    const [secret, pinned = 'latest'] = document.split('/versions/') as [string, string?];
    try {
      const [version] = await client.getSecretVersion({ name: `${secret}/versions/${pinned}` }, once);
      await client.disableSecretVersion({ name: (version as Version).name }, once);
    } catch (error) {
      throw this.#refused(error, document, 'secretVersionManager');
    }
  }

  load(): Promise<void> {
    return this.#google.load();
  }

  renew(): boolean {
    return this.#google.renew();
  }

  classify(error: unknown): ConfigError {
    return this.#refused(error, this.#parent, 'secretAccessor');
  }

  close(): Promise<void> {
    return this.#google.close();
  }

  #refused(error: unknown, resource: string, role: Asked['role']): ConfigError {
    return classify(error, { provider: this.name, resource, role });
  }

  #full(name: string): string {
    return name.startsWith('projects/') ? name : `${this.#parent}/secrets/${name}`;
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const aVersion = /^[\w-]+$/;

/** With anything else the name could lead to another secret. */
const noVersion = (provider: string, secret: string): ConfigError =>
  new ConfigError('invalid_option', `${provider}: ${secret}: no version is called like that`, {
    provider,
    hint: 'Give a number or an alias',
  });

const versionIn = (name: string | undefined): string | undefined =>
  /\/versions\/([\w-]+)$/.exec(name ?? '')?.[1];
