import { type Entry, isUnreadable, type Loose, makeEntry, type Unreadable } from '../../src/entry.ts';
import { ConfigError, type ErrorCode } from '../../src/errors.ts';
import { keyOf, startsWith } from '../../src/key.ts';
import { makeOrigin } from '../../src/origin.ts';
import type { ConfigProvider, Layer } from '../../src/provider.ts';
import type { ConfigValue, Key } from '../../src/value.ts';

type More = Partial<Pick<Entry, 'secret' | 'leaf' | 'text'>>;

/** An exact entry of a fake source, like an entry of a file or a store. */
export function entry(provider: string, key: Key, value: ConfigValue, more: More = {}): Entry {
  return makeEntry({
    key,
    value,
    secret: false,
    origin: makeOrigin({ provider, source: `${provider} ${key || '(all)'}` }),
    ...more,
  });
}

/** A loose entry, like an entry of an environment variable: `variable('DB__POOL_MAX', '5')`. */
export function variable(name: string, value: string, loose: Loose = 'always'): Entry {
  const origin = makeOrigin({ provider: 'env', source: `env ${name}` });
  return makeEntry({
    key: keyOf(name.toLowerCase().split('__').join('.')),
    value,
    secret: false,
    text: true,
    loose,
    origin,
  });
}

export function hole(provider: string, key: Key, code: ErrorCode = 'disabled'): Unreadable {
  const origin = makeOrigin({ provider, source: `${provider} ${key || '(all)'}` });
  return { key, origin, error: new ConfigError(code, `${origin} is ${code}`, { provider }) };
}

export function layer(name: string, ...items: readonly (Entry | Unreadable)[]): Layer {
  return {
    name,
    entries: items.filter((item): item is Entry => !isUnreadable(item)),
    holes: items.filter(isUnreadable),
  };
}

/** A provider of fixed entries and holes. Counts its calls. */
export class Fixed implements ConfigProvider {
  readonly name: string;
  readonly #items: readonly (Entry | Unreadable)[];
  asked = 0;

  constructor(name: string, values: Readonly<Record<Key, ConfigValue | ConfigError>>) {
    this.name = name;
    this.#items = Object.entries(values).map(([key, value]) =>
      value instanceof ConfigError ? { ...hole(name, key), error: value } : entry(name, key, value),
    );
  }

  async get(key: Key): Promise<Entry | undefined> {
    this.asked++;
    const item = this.#items.find((one) => one.key === key);
    if (item && isUnreadable(item)) throw item.error;
    return item;
  }

  async list(prefix: Key = ''): Promise<readonly (Entry | Unreadable)[]> {
    this.asked++;
    return this.#items.filter((one) => startsWith(one.key, prefix));
  }

  where(key: Key): string {
    return `${this.name} ${key}`;
  }
}

/** A provider that fails every read. */
export function failing(
  name: string,
  error: unknown = new ConfigError('unavailable', `${name} does not answer`),
): ConfigProvider {
  return { name, get: () => Promise.reject(error), list: () => Promise.reject(error) };
}
