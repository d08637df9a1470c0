import type { ConfigValue } from '../../entry.ts';
import { ConfigError, type ErrorCode } from '../../errors.ts';
import { crc32c } from '../../internal/crc32c.ts';
import { DashedNames } from '../../internal/dashed.ts';
import { lazy } from '../../internal/lazy.ts';
import { peer } from '../../internal/peer.ts';
import type { Key } from '../../key.ts';
import { ancestors, asDocument, mapped, placesOf } from '../../shelter/places.ts';
import type { Call, Document, DocumentSource, DocumentWrite, Outcome, Page, Place, Scope } from '../../shelter/port.ts';
import { classify, statusOf } from './classify.ts';
import type { GcpClient, GcpSecretManagerOptions } from './provider.ts';

// the shelter ends an attempt and repeats it; this only keeps Google's client from trying on its own
const once = { retry: null, timeout: 30_000 };

interface Version {
  readonly name?: string;
  readonly payload?: { readonly data?: Uint8Array | string | null; readonly dataCrc32c?: unknown };
}

export class GcpSource implements DocumentSource {
  readonly name: string;
  readonly batch = 1;
  readonly places?: readonly Place[];
  readonly #options: GcpSecretManagerOptions;
  readonly #parent: string;
  readonly #names: DashedNames;
  readonly #client: () => Promise<GcpClient>;
  #made: GcpClient | undefined;
  #leftOut = new Set<string>();
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
    this.#client = lazy(async () => options.client ?? (this.#made = await this.#make()));
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

  async read([document]: readonly [string], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const name = document.includes('/versions/') ? document : `${document}/versions/${call.version ?? this.#options.version ?? 'latest'}`;
    const client = await this.#client();
    try {
      const [version] = await client.accessSecretVersion({ name }, once);
      return new Map([[document, this.#documentOf(name, version as Version)]]);
    } catch (error) {
      if (statusOf(error) === 'NOT_FOUND') return new Map([[document, 'absent']]);
      throw classify(error, { provider: this.name, resource: name });
    }
  }

  #documentOf(name: string, { name: full = '', payload }: Version): Document {
    const bytes = typeof payload?.data === 'string' ? Buffer.from(payload.data, 'base64') : Buffer.from(payload?.data ?? []);
    const sum = payload?.dataCrc32c;
    if (sum !== undefined && sum !== null && String(sum) !== String(crc32c(bytes)))
      throw new ConfigError('unavailable', `${this.name}: ${name} was corrupted on the way: its checksum does not match`, {
        provider: this.name,
      });
    const version = full.split('/versions/')[1];
    const more = { secret: true, text: true, ...(version && { version }) };
    const text = utf8(bytes);
    return text === undefined ? { ...more, value: bytes.toString('base64'), metadata: { type: 'binary' } } : asDocument(text, more);
  }

  async page(scope: Scope, cursor: string | undefined): Promise<Page> {
    const { prefix } = this.#options;
    const request = {
      parent: this.#parent,
      pageSize: 1_000,
      ...(prefix && { filter: `name:${prefix}` }),
      ...(cursor && { pageToken: cursor }),
    };
    const client = await this.#client();
    try {
      const [secrets, , response] = await client.listSecrets(request, { ...once, autoPaginate: false });
      const found = (secrets as { name?: string }[]).flatMap(({ name = '' }) => this.#listed(name.split('/').at(-1) as string));
      const token = (response as { nextPageToken?: string } | undefined)?.nextPageToken;
      return { found: found.filter(({ place }) => scope.reaches(place.key)), next: token ? [token] : [] };
    } catch (error) {
      throw classify(error, { provider: this.name, resource: `${this.#parent}/secrets` });
    }
  }

  #listed(name: string): Page['found'] {
    if (!this.#names.owns(name)) return [];
    const key = this.#names.keyOf(name);
    if (key !== undefined) return [{ place: { key, document: this.#full(name), field: '' } }];
    if (!this.#leftOut.has(name))
      this.#notice(`${this.name}: the secret ${name} is left out: its name is no key. Name it in the option secrets`);
    this.#leftOut.add(name);
    return [];
  }

  async write(document: string, value: ConfigValue | undefined, { ifVersion }: DocumentWrite): Promise<string | undefined> {
    const client = await this.#client();
    const name = document.split('/versions/')[0] as string;
    try {
      if (value === undefined) {
        await client.deleteSecret?.({ name }, once);
        return undefined;
      }
      if (ifVersion === undefined) await this.#create(client, name);
      const data = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
      const [made] = (await client.addSecretVersion?.({ parent: name, payload: { data, dataCrc32c: String(crc32c(data)) } }, once)) ?? [];
      return (made as Version | undefined)?.name?.split('/versions/')[1];
    } catch (error) {
      throw classify(error, { provider: this.name, resource: name });
    }
  }

  /** A secret without a version is there already, and reads as absent. */
  async #create(client: GcpClient, name: string): Promise<void> {
    const [parent, secretId] = name.split('/secrets/') as [string, string];
    const secret = this.#options.location ? {} : { replication: { automatic: {} } };
    try {
      await client.createSecret?.({ parent, secretId, secret }, once);
    } catch (error) {
      if (statusOf(error) !== 'ALREADY_EXISTS') throw error;
    }
  }

  async disable(key: Key): Promise<void> {
    const place = this.locate(key).at(-1);
    if (!place) throw new ConfigError('invalid_key', `${this.name} has no place for "${key}"`, { provider: this.name, key });
    const client = await this.#client();
    try {
      const [latest] = (await client.getSecretVersion?.({ name: `${place.document}/versions/latest` }, once)) ?? [];
      await client.disableSecretVersion?.({ name: (latest as Version).name }, once);
    } catch (error) {
      throw classify(error, { provider: this.name, resource: place.document });
    }
  }

  async load(): Promise<void> {
    await this.#client();
  }

  /** Looks for credentials: a call without any would end the process. */
  async connect(refused: ConfigError | undefined): Promise<boolean> {
    const client = (await this.#client()) as GcpClient & { readonly auth?: { getClient(): Promise<unknown> } };
    if (refused || this.#options.client) return refused === undefined;
    const looking = (async () => {
      await client.auth?.getClient();
      await client.initialize?.();
    })();
    const limitMs = this.#options.credentialsTimeoutMs ?? 2_000;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('could not load the default credentials')), limitMs);
    });
    try {
      await Promise.race([looking, late]);
      return true;
    } catch (error) {
      looking.catch(() => {}); // still looking: nobody waits for it any more
      throw classify(error, { provider: this.name, resource: 'credentials' });
    } finally {
      clearTimeout(timer);
    }
  }

  classify(error: unknown): ConfigError {
    return classify(error, { provider: this.name, resource: this.#parent });
  }

  async close(): Promise<void> {
    await this.#made?.close?.();
  }

  #full(name: string): string {
    return name.startsWith('projects/') ? name : `${this.#parent}/secrets/${name}`;
  }

  async #make(): Promise<GcpClient> {
    const { SecretManagerServiceClient } = await peer(
      'GcpSecretManagerProvider',
      '@google-cloud/secret-manager',
      () => import('@google-cloud/secret-manager'),
    );
    const { location, project, clientOptions } = this.#options;
    const endpoint = location ? { apiEndpoint: `secretmanager.${location}.rep.googleapis.com` } : {};
    return new SecretManagerServiceClient({ ...endpoint, projectId: project, ...clientOptions }) as unknown as GcpClient;
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
