// A store whose contents a test changes. Its secrets and leases are marked as such.

import { type Entry, makeEntry } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { startsWith } from '../../src/key.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { Change, ConfigProvider } from '../../src/provider.ts';
import type { ConfigValue, Key } from '../../src/value.ts';

type Fields = Partial<Pick<Entry, 'secret' | 'expiresAt' | 'version'>>;

export class ChangingStore implements ConfigProvider {
  readonly name: string;
  readonly local = false;
  readonly #entries = new Map<Key, Entry>();
  readonly #watchers = new Set<(change: Change) => void>();
  isDown = false;
  asked = 0;
  /** Each list waits for it. */
  gate: Promise<void> | undefined;

  constructor(values: Readonly<Record<Key, ConfigValue>> = {}, name = 'store') {
    this.name = name;
    for (const [key, value] of Object.entries(values)) this.set(key, value);
  }

  set(key: Key, value: ConfigValue, fields: Fields = {}): void {
    const origin = makeOrigin({ provider: this.name, source: `${this.name} ${key}` });
    this.#entries.set(key, makeEntry({ key, value, secret: false, origin, ...fields }));
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  async get(key: Key): Promise<Entry | undefined> {
    return this.#entries.get(key);
  }

  async list(prefix: Key = ''): Promise<readonly Entry[]> {
    this.asked++;
    const answer = [...this.#entries.values()].filter(({ key }) => startsWith(key, prefix));
    const { isDown } = this;
    await this.gate;
    if (isDown) throw new ConfigError('unavailable', `${this.name} does not answer`);
    return answer;
  }

  watch(onChange: (change: Change) => void): Disposable {
    this.#watchers.add(onChange);
    return { [Symbol.dispose]: () => void this.#watchers.delete(onChange) };
  }

  emit(): void {
    for (const watcher of this.#watchers) watcher({ provider: this.name, time: Date.now() });
  }

  where(key: Key): string {
    return `${this.name} ${key}`;
  }
}
