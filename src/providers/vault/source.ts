// Vault as a DocumentSource, called by the shelter. A document is a path as `vault read` takes it: kv.ts
// inserts the `data/` and `metadata/` of KV version 2.

import { ConfigError } from '../../errors.ts';
import { keyFrom, parent, segments, startsWith } from '../../key.ts';
import type { Need } from '../../needs.ts';
import type { Wanted } from '../../provider.ts';
import { hostIn, identityOf } from '../../remote/identity.ts';
import { ancestors, mapped } from '../../shelter/places.ts';
import type {
  Call,
  Closing,
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
import { classify } from './classify.ts';
import type { Connection } from './connection.ts';
import type { Kv } from './kv.ts';
import type { Leases } from './leases.ts';
import { vaultNeeds } from './needs.ts';
import { isSegment } from './paths.ts';

export interface VaultSourceOptions {
  readonly connection: Connection;
  readonly kv: Kv;
  readonly leases: Leases;
  /** The folder of all secrets, with its mount and a trailing slash. Without it, only `places` exist. */
  readonly folder?: string;
  readonly places: readonly Place[];
  readonly maxKeys: number;
  /** The options that change what is read. */
  readonly view: { readonly kv: 'auto' | 1 | 2; readonly mount?: string };
}

export class VaultSource implements DocumentSource {
  readonly name = 'vault';
  readonly batch = 1;
  readonly limits = { concurrency: 16 };
  readonly compares = true;
  readonly places?: readonly Place[];
  readonly #options: VaultSourceOptions;
  readonly #placesFor: (key: Key) => readonly Place[];
  /** How many names each listing has found so far. */
  readonly #nameCounts = new WeakMap<Scope, number>();

  constructor(options: VaultSourceOptions) {
    this.#options = options;
    this.#placesFor = mapped(options.places);
    if (options.folder === undefined) this.places = options.places;
  }

  locate(key: Key): readonly Place[] {
    const { folder, places } = this.#options;
    if (folder === undefined || places.some((place) => startsWith(key, place.key)))
      return this.#placesFor(key);
    return ancestors(parent(key), (at) => {
      const parts = segments(at);
      return parts.every(isSegment) ? folder + parts.join('/') : undefined;
    });
  }

  async read([document]: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const path = document as string;
    const { kv, leases } = this.#options;
    if (leases.has(path)) return new Map([[path, await leases.read(path, call.signal)]]);
    const { reply, document: secret } = await kv.read(path, call);
    const { lease_id: leaseId } = reply.body as { lease_id?: string };
    if (leaseId) {
      await leases.revoke(leaseId);
      throw new ConfigError('invalid_option', `vault: ${path} creates new credentials on each read`, {
        provider: this.name,
        hint: 'Move the path to leases',
      });
    }
    return new Map([[path, secret]]);
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    const { folder = '', places, kv, maxKeys } = this.#options;
    const here = cursor ?? folder;
    const names = await kv.names(here, call);
    const count = (this.#nameCounts.get(scope) ?? 0) + names.length;
    this.#nameCounts.set(scope, count);
    if (count > maxKeys)
      throw new ConfigError('invalid_option', `vault: more than ${maxKeys} names are below ${folder}`, {
        provider: this.name,
        hint: 'Set a narrower path, or raise maxKeys',
      });
    const found: { readonly place: Place }[] = cursor === undefined ? places.map((place) => ({ place })) : [];
    const next: string[] = [];
    let invalid = 0;
    for (const name of names) {
      const isFolder = name.endsWith('/');
      const key = keyIn((here + name).slice(folder.length));
      if (key === undefined) invalid++;
      else if (!scope.reaches(key) || places.some((place) => startsWith(key, place.key))) continue;
      else if (isFolder) next.push(here + name);
      else found.push({ place: { key, document: here + name, field: '' } });
    }
    if (invalid > 0)
      call.notice(`vault: ${here}: names skipped because they are not valid keys: ${invalid}`, 'invalid_key');
    return { found, next };
  }

  write(
    document: string,
    value: ConfigValue | undefined,
    options: DocumentWrite,
    call: Call,
  ): Promise<string | undefined> {
    return this.#options.kv.write(document, value, options, call);
  }

  async versions(document: string, _cursor: string | undefined, call: Call): Promise<VersionPage> {
    const { kv } = this.#options;
    // a read finds out which engine it is, and revokes what the path creates
    if (!(await kv.knows(document, call))) await this.read([document], call);
    return { versions: await kv.versions(document, call) };
  }

  get address(): string | undefined {
    const { target } = this.#options.connection;
    return target && hostIn(target.address);
  }

  async needs(wanted: Wanted): Promise<readonly Need[]> {
    return vaultNeeds(this.#options, (key) => this.locate(key), wanted);
  }

  /** Documents are full paths, so `path`, `mount` and `secrets` make no difference. */
  identity(): SourceIdentity | undefined {
    const { connection, view } = this.#options;
    return connection.target && identityOf({ kind: 'vault', ...connection.target }, view);
  }

  forget(document: string): void {
    this.#options.leases.forget(document);
  }

  get credentialVersion(): number {
    return this.#options.connection.session.credentialVersion;
  }

  connect(_refused: ConfigError | undefined, call: Call): Promise<boolean> {
    return this.#options.connection.connect(call.signal);
  }

  ping(call: Call): Promise<void> {
    return this.#options.connection.ping(call.signal);
  }

  load(): Promise<void> {
    return this.#options.connection.load();
  }

  classify(error: unknown): ConfigError {
    return classify(error);
  }

  watch(changed: (documents: readonly string[]) => void): () => void {
    return this.#options.leases.watch(changed);
  }

  async close(closing: Closing): Promise<void> {
    const leftMs = await this.#options.leases.close(closing);
    await this.#options.connection.close({ ...closing, withinMs: leftMs });
  }
}

/** The key of a path below the folder. Undefined if the path is not a valid key or cannot be requested. */
function keyIn(path: string): Key | undefined {
  const names = path.replace(/\/$/, '').split('/');
  try {
    return names.every(isSegment) ? keyFrom(names) : undefined;
  } catch {
    return undefined;
  }
}
