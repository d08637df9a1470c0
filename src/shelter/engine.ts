import type { ConfigValue, Entry, Unreadable } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import type { ConfigEvent } from '../events.ts';
import type { Key } from '../key.ts';
import type { Change, Health, KeyStatus, ListOptions, ReadOptions } from '../provider.ts';
import type { Settings } from './options.ts';
import type { DocumentSource } from './port.ts';
import type { ShelterStats, VersionedRead, VersionedWrite } from './sheltered.ts';

/* under construction */
export class Engine {
  readonly source: DocumentSource;
  readonly settings: Settings;
  constructor(source: DocumentSource, settings: Settings) {
    this.source = source;
    this.settings = settings;
  }
  async get(_key: Key, _options?: VersionedRead): Promise<Entry | undefined> {
    throw new ConfigError('unavailable', 'building');
  }
  async getMany(_keys: readonly Key[], _options?: VersionedRead): Promise<ReadonlyMap<Key, Entry | undefined | ConfigError>> {
    throw new ConfigError('unavailable', 'building');
  }
  async list(_prefix: Key, _options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> {
    throw new ConfigError('unavailable', 'building');
  }
  where(_key: Key): string {
    return '';
  }
  async health(_options?: ReadOptions): Promise<Health> {
    throw new ConfigError('unavailable', 'building');
  }
  async refresh(_prefix: Key): Promise<void> {}
  watch(_onChange: (change: Change) => void): Disposable {
    return { [Symbol.dispose]() {} };
  }
  on(_listener: (event: ConfigEvent) => void): Disposable {
    return { [Symbol.dispose]() {} };
  }
  status(_key: Key): KeyStatus | undefined {
    return undefined;
  }
  stats(): ShelterStats {
    return { hits: 0, misses: 0, absentHits: 0, stale: 0, joined: 0, requests: 0, retries: 0, errors: 0, size: 0, ratio: 0 };
  }
  async close(): Promise<void> {}
  async set(_key: Key, _value: ConfigValue, _options?: VersionedWrite): Promise<Entry> {
    throw new ConfigError('unavailable', 'building');
  }
  async delete(_key: Key, _options?: VersionedWrite): Promise<boolean> {
    throw new ConfigError('unavailable', 'building');
  }
}
