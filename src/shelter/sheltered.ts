import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import { keyOf } from '../key.ts';
import type {
  Change,
  ConfigProvider,
  Health,
  KeyStatus,
  ListOptions,
  ReadOptions,
  WritableProvider,
  WriteOptions,
} from '../provider.ts';
import type { ConfigValue, Key } from '../value.ts';
import { Engine } from './engine.ts';
import { fromProvider } from './from-provider.ts';
import { type ShelterOptions, settingsOf } from './options.ts';
import type { DocumentSource } from './port.ts';

export interface VersionedRead extends ReadOptions {
  /** A version or stage of the one document that holds the key, in the backend's words. */
  readonly version?: string;
}

export interface VersionedWrite extends WriteOptions {
  /** The write is refused (`conflict`) unless the document still has this version. */
  readonly ifVersion?: string;
}

/** Counted since the provider was made. */
export interface ShelteredStats {
  /** Reads answered from memory. */
  readonly hits: number;
  /** Reads for which the store was asked. */
  readonly misses: number;
  /** Reads answered by the memory that there is none. */
  readonly absentHits: number;
  /** Older answers that were served because the store could not be asked. */
  readonly stale: number;
  /** Reads that joined a request already under way. */
  readonly joined: number;
  readonly requests: number;
  /** Those of them that asked again. */
  readonly retries: number;
  /** Those of them that failed. */
  readonly errors: number;
  /** Documents held. */
  readonly size: number;
  /** Hits of all reads, from 0 to 1; 0 before the first read. */
  readonly ratio: number;
}

/** A source of documents, cached, batched, paced and kept from harm: what every remote provider extends. */
export class ShelteredProvider implements ConfigProvider {
  readonly name: string;
  /** @internal */
  protected readonly engine: Engine;
  /** Only around a provider that is made of several. */
  declare readonly layers?: NonNullable<ConfigProvider['layers']>;

  constructor(source: DocumentSource, options: ShelterOptions = {}) {
    this.name = source.name;
    this.engine = new Engine(source, settingsOf(source.name, options, source.limits));
    if (source.layers) this.layers = async (prefix = '', more) => this.engine.layers(keyOf(prefix), more);
  }

  get(key: Key, options?: VersionedRead): Promise<Entry | undefined> {
    return this.engine.get(key, keyOf, options);
  }

  async getMany(
    keys: readonly Key[],
    options?: VersionedRead,
  ): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    return this.engine.getMany(keys.map(keyOf), options);
  }

  async list(prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    return this.engine.list(keyOf(prefix), options);
  }

  where(key: Key): string {
    return this.engine.where(keyOf(key));
  }

  async health(options?: ReadOptions): Promise<Health> {
    return this.engine.health(options);
  }

  async refresh(prefix: Key = ''): Promise<void> {
    return this.engine.refresh(keyOf(prefix));
  }

  watch(onChange: (change: Change) => void): Disposable {
    return this.engine.watch(onChange);
  }

  on(listener: (event: ConfigEvent) => void): Disposable {
    return this.engine.on(listener);
  }

  status(key: Key): KeyStatus | undefined {
    return this.engine.status(keyOf(key));
  }

  /** What the shelter has done since it was made. */
  stats(): ShelteredStats {
    return this.engine.stats();
  }

  async close(): Promise<void> {
    return this.engine.close();
  }
}

/** The same for a source that can write. */
export class WritableShelteredProvider extends ShelteredProvider implements WritableProvider {
  async set(key: Key, value: ConfigValue, options?: VersionedWrite): Promise<Entry> {
    return this.engine.set(keyOf(key), value, options);
  }

  async delete(key: Key, options?: VersionedWrite): Promise<boolean> {
    return this.engine.delete(keyOf(key), options);
  }
}

type WritableSource = DocumentSource & Required<Pick<DocumentSource, 'write'>>;

/** Cache, single flight, batching, pacing, retry, breaker and deadline around any source or provider; its keys are then its documents. */
export function sheltered(
  inner: WritableProvider | WritableSource,
  options?: ShelterOptions,
): WritableShelteredProvider;
export function sheltered(
  inner: ConfigProvider | DocumentSource,
  options?: ShelterOptions,
): ShelteredProvider;
export function sheltered(
  inner: ConfigProvider | DocumentSource,
  options?: ShelterOptions,
): ShelteredProvider {
  const source = 'locate' in inner ? inner : fromProvider(inner);
  return source.write
    ? new WritableShelteredProvider(source, options)
    : new ShelteredProvider(source, options);
}
