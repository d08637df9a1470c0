import { ConfigError, type ErrorCode } from '../../errors.ts';
import { keyFrom, parent, segments, startsWith } from '../../key.ts';
import { ancestors, mapped } from '../../shelter/places.ts';
import type { Call, DocumentSource, DocumentWrite, Outcome, Page, Place, Scope } from '../../shelter/port.ts';
import type { ConfigValue, Key } from '../../value.ts';
import { classify } from './classify.ts';
import { type Connection, isSegment } from './connection.ts';
import type { Kv } from './kv.ts';
import type { Leases } from './lease.ts';

export interface VaultSourceOptions {
  readonly connection: Connection;
  readonly kv: Kv;
  readonly leases: Leases;
  /** The folder, with its mount and a slash at the end, below which all secrets are; without it there are only `places`. */
  readonly folder?: string;
  readonly places: readonly Place[];
  readonly maxKeys: number;
}

/** A document is a path as `vault read` takes it; the data/ and metadata/ of KV version 2 are put in here. */
export class VaultSource implements DocumentSource {
  readonly name = 'vault';
  readonly batch = 1;
  readonly limits = { concurrency: 16 };
  readonly places?: readonly Place[];
  readonly #options: VaultSourceOptions;
  readonly #located: (key: Key) => readonly Place[];
  /** Names seen by a walk. */
  readonly #seen = new WeakMap<Scope, number>();
  #notice: (message: string, outcome?: ErrorCode) => void = () => undefined;

  constructor(options: VaultSourceOptions) {
    this.#options = options;
    this.#located = mapped(options.places);
    if (options.folder === undefined) this.places = options.places;
  }

  locate(key: Key): readonly Place[] {
    const { folder, places } = this.#options;
    if (folder === undefined || places.some((place) => startsWith(key, place.key))) return this.#located(key);
    return ancestors(parent(key), (at) => {
      const parts = segments(at);
      return parts.every(isSegment) ? folder + parts.join('/') : undefined;
    });
  }

  async read([document]: readonly string[], call: Call): Promise<ReadonlyMap<string, Outcome>> {
    const path = document as string;
    const { kv, leases } = this.#options;
    if (leases.has(path)) return new Map([[path, await leases.read(path, call.signal)]]);
    const { answer, document: found } = await kv.read(path, call.version, call.signal);
    const { lease_id: lease } = answer.body as { lease_id?: string };
    if (lease) {
      await leases.revoke(lease);
      throw new ConfigError('invalid_option', `vault: ${path} makes new credentials each time it is read`, {
        provider: this.name,
        hint: 'Name it under leases, not under secrets or path',
      });
    }
    return new Map([[path, found]]);
  }

  async page(scope: Scope, cursor: string | undefined, call: Call): Promise<Page> {
    const { folder = '', places, kv, maxKeys } = this.#options;
    const here = cursor ?? folder;
    const names = await kv.names(here, call.signal);
    const seen = (this.#seen.get(scope) ?? 0) + names.length;
    this.#seen.set(scope, seen);
    if (seen > maxKeys)
      throw new ConfigError('invalid_option', `vault: there are more than ${maxKeys} names below ${folder}`, {
        provider: this.name,
        hint: 'Name a narrower path, or raise maxKeys',
      });
    const found: { readonly place: Place }[] = cursor === undefined ? places.map((place) => ({ place })) : [];
    const next: string[] = [];
    let odd = 0;
    for (const name of names) {
      const inner = name.endsWith('/');
      const key = keyIn((here + name).slice(folder.length));
      if (key === undefined) odd++;
      else if (!scope.reaches(key) || places.some((place) => startsWith(key, place.key))) continue;
      else if (inner) next.push(here + name);
      else found.push({ place: { key, document: here + name, field: '' } });
    }
    if (odd > 0) this.#notice(`${odd} names in ${here} are no keys, and are left out`, 'invalid_key');
    return { found, next };
  }

  write(
    document: string,
    value: ConfigValue | undefined,
    options: DocumentWrite,
    call: Call,
  ): Promise<string | undefined> {
    return this.#options.kv.write(document, value, options, call.signal);
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

  onNotice(tell: (message: string, outcome?: ErrorCode) => void): void {
    this.#notice = tell;
    this.#options.kv.onNotice(tell);
  }

  async close(): Promise<void> {
    await this.#options.leases.close();
    await this.#options.connection.close();
  }
}

/** The key of a path below the folder, unless no key can be written like that, or it could not be asked for. */
function keyIn(path: string): Key | undefined {
  const names = path.replace(/\/$/, '').split('/');
  try {
    return names.every(isSegment) ? keyFrom(names) : undefined;
  } catch {
    return undefined;
  }
}
