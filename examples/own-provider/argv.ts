// #region provider
import {
  ConfigError,
  type ConfigProvider,
  type Entry,
  type Key,
  keyOf,
  makeEntry,
  makeOrigin,
  type ReadOptions,
  startsWith,
  taint,
} from 'llm-config-manager';

/** Reads command-line arguments: `--database.host=db.internal`. */
export class ArgvProvider implements ConfigProvider {
  readonly name = 'argv';
  readonly local = true; // reads need no request
  readonly #isSecret = taint(); // decides by name, as for variables and files
  readonly #entries: readonly Entry[];

  constructor(args: readonly string[] = process.argv.slice(2)) {
    this.#entries = args.flatMap((arg) => {
      const [, name, value] = /^--([^=]+)=(.*)$/s.exec(arg) ?? [];
      return name === undefined || value === undefined ? [] : [this.#entry(name, value)];
    });
  }

  async get(key: Key, { signal }: ReadOptions = {}): Promise<Entry | undefined> {
    const at = keyOf(key);
    if (signal?.aborted)
      throw new ConfigError('aborted', 'argv: the read was aborted', { provider: this.name, key: at });
    return this.#entries.find((entry) => entry.key === at);
  }

  async list(prefix: Key = '', { signal }: ReadOptions = {}): Promise<readonly Entry[]> {
    const at = keyOf(prefix);
    if (signal?.aborted)
      throw new ConfigError('aborted', 'argv: the read was aborted', { provider: this.name });
    return this.#entries.filter((entry) => startsWith(entry.key, at));
  }

  where(key: Key): string {
    return `--${keyOf(key)}`;
  }

  #entry(name: string, value: string): Entry {
    const key = keyOf(name);
    const origin = makeOrigin({ provider: this.name, source: `--${name}` });
    return makeEntry({ key, value, secret: this.#isSecret(key, value), origin, text: true });
  }
}
// #endregion
