// A store in one region, which can be unreachable and lag behind the one that it is copied from.
// In production: a VaultProvider, or a provider of a cloud, for each region.
import {
  ConfigError,
  type ConfigProvider,
  type Entry,
  type Key,
  makeEntry,
  makeOrigin,
} from 'llm-config-manager';

export class Region implements ConfigProvider {
  readonly name: string;
  isDown = false;
  #values = new Map<Key, { readonly value: string; readonly version: number }>();

  constructor(name: string) {
    this.name = name;
  }

  write(key: Key, value: string): number {
    const version = (this.#values.get(key)?.version ?? 0) + 1;
    this.#values.set(key, { value, version });
    return version;
  }

  /** Replication: this region now has what the other one has. */
  copyFrom(other: Region): void {
    this.#values = new Map(other.#values);
  }

  async get(key: Key): Promise<Entry | undefined> {
    this.#check();
    return this.#entry(key);
  }

  async list(prefix = ''): Promise<readonly Entry[]> {
    this.#check();
    return [...this.#values.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => this.#entry(key) as Entry);
  }

  #check(): void {
    if (this.isDown) throw new ConfigError('unavailable', `${this.name} does not answer`);
  }

  #entry(key: Key): Entry | undefined {
    const held = this.#values.get(key);
    if (!held) return undefined;
    const version = `${held.version}`;
    return makeEntry({
      key,
      value: held.value,
      secret: false,
      origin: makeOrigin({ provider: this.name, source: `${this.name} ${key}`, version }),
      version,
    });
  }
}
