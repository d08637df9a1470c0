import { readFile } from 'node:fs/promises';
import {
  ConfigError,
  type ConfigProvider,
  type Entry,
  type Key,
  keyOf,
  type ListOptions,
  makeEntry,
  makeOrigin,
  type ReadOptions,
  startsWith,
  taint,
} from 'llm-config-manager';

// #region lines
/** Reads lines such as `database.host = db.internal`. The smallest provider that conforms to the contract. */
export class LinesProvider implements ConfigProvider {
  readonly name = 'lines';
  readonly #path: string;
  readonly #isSecret = taint();

  constructor(path: string) {
    this.#path = path;
  }

  async get(key: Key, options?: ReadOptions): Promise<Entry | undefined> {
    const at = keyOf(key);
    return (await this.#read(at, options)).find((entry) => entry.key === at);
  }

  async list(prefix: Key = '', options?: ListOptions): Promise<readonly Entry[]> {
    const at = keyOf(prefix);
    return (await this.#read(at, options)).filter((entry) => startsWith(entry.key, at));
  }

  async #read(key: Key, { signal }: ReadOptions = {}): Promise<Entry[]> {
    if (signal?.aborted)
      throw new ConfigError('aborted', 'lines: the read was aborted', { provider: this.name, key });
    const text = await readFile(this.#path, 'utf8').catch((cause) => {
      throw new ConfigError('io', `lines: cannot read ${this.#path}`, { provider: this.name, key, cause });
    });
    return text
      .split('\n')
      .filter(Boolean)
      .map((line, i) => this.#entry(line, i + 1));
  }

  #entry(text: string, line: number): Entry {
    const found = /^(\S+) = (.*)$/.exec(text);
    if (!found)
      throw new ConfigError('parse', `${this.#path}:${line}: expected key = value`, { provider: this.name });
    const [, key, value] = found as unknown as [string, string, string];
    const origin = makeOrigin({
      provider: this.name,
      source: this.#path,
      position: () => ({ line, column: 1 }),
    });
    return makeEntry({ key, value, secret: this.#isSecret(key, value), origin, text: true });
  }
}
// #endregion
