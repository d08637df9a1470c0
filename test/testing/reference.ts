import { type Entry, makeEntry, type Unreadable } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import { keyOf, startsWith } from '../../src/key.ts';
import { makeOrigin } from '../../src/origin.ts';
import type {
  Change,
  ComparingProvider,
  ConfigProvider,
  VersionedProvider,
  VersionedRead,
  VersionInfo,
} from '../../src/provider.ts';
import { isSecretName } from '../../src/redact.ts';
import type { Clock } from '../../src/shelter/index.ts';
import { type BackendFault, manualClock, type Subject, type Values } from '../../src/testing/index.ts';
import { type ConfigValue, frozen, type Key } from '../../src/value.ts';

/** A backend in memory with every ability and every fault of the conformance suite. */
export class Backend {
  readonly values: Map<Key, ConfigValue>;
  /** All values of each key, the oldest first. */
  readonly history = new Map<Key, ConfigValue[]>();
  readonly damaged = new Set<Key>();
  readonly clock: Clock;
  readonly listeners = new Set<(key: Key) => void>();
  fault: BackendFault | undefined;
  requests = 0;

  constructor(values: Values, clock: Clock = manualClock()) {
    this.clock = clock;
    this.values = new Map(Object.entries(structuredClone(values)));
    for (const [key, value] of this.values) this.history.set(key, [value]);
  }

  change(key: Key, value: ConfigValue | undefined): void {
    if (value === undefined) this.values.delete(key);
    else {
      this.values.set(key, value);
      this.history.set(key, [...(this.history.get(key) ?? []), value]);
    }
    for (const listener of [...this.listeners]) listener(key);
  }

  /** The name of the newest version of a key that exists. */
  version(key: Key): string | undefined {
    return this.values.has(key) ? `${this.history.get(key)?.length}` : undefined;
  }

  /** Names of versions, the newest first. */
  versions(key: Key): readonly VersionInfo[] {
    return Array.from({ length: Number(this.version(key) ?? 0) }, (_, i) => ({
      version: `${i + 1}`,
    })).reverse();
  }

  at(key: Key, version = this.version(key)): ConfigValue | undefined {
    return this.values.has(key) ? this.history.get(key)?.[Number(version) - 1] : undefined;
  }

  /** Throws unless a key has the version that a writer has read. */
  compare(key: Key, ifVersion: string | undefined): void {
    if (ifVersion !== undefined && ifVersion !== this.version(key))
      throw new ConfigError('conflict', `${key} has another version`, { provider: 'reference', key });
  }

  /** Makes one request, which takes a turn of the event loop and may fail. */
  async request<T>(
    options: { readonly signal?: AbortSignal } | undefined,
    key: Key,
    result: () => T,
  ): Promise<T> {
    const provider = 'reference';
    const aborted = (): ConfigError => new ConfigError('aborted', 'the caller aborted', { provider });
    if (options?.signal?.aborted) throw aborted();
    this.requests++;
    await Promise.resolve();
    if (this.fault === 'hang')
      await new Promise((_, reject) => {
        this.clock.after(1_000, () =>
          reject(new ConfigError('timeout', 'the backend did not respond', { provider, key })),
        );
        options?.signal?.addEventListener('abort', () => reject(aborted()), { once: true });
      });
    const codes = {
      denied: 'access_denied',
      unavailable: 'unavailable',
      throttled: 'throttled',
      garbage: 'parse',
    } as const;
    const code = codes[this.fault as keyof typeof codes];
    if (code) throw new ConfigError(code, 'the backend failed', { provider, key });
    return result();
  }
}

export interface Reference
  extends Required<
    Omit<
      ComparingProvider & VersionedProvider,
      'get' | 'inSteps' | 'layers' | 'on' | 'local' | 'status' | 'unnamed' | 'known' | 'needs'
    >
  > {
  get(key: Key, options?: VersionedRead): Promise<Entry | undefined>;
}

export function reference(backend: Backend): Reference {
  const entryAt = (key: Key, version = backend.version(key)): Entry | undefined => {
    const value = backend.at(key, version);
    if (backend.damaged.has(key))
      throw new ConfigError('disabled', `${key} is disabled`, { provider: 'reference', key });
    if (value === undefined) return undefined;
    const origin = makeOrigin({ provider: 'reference', source: `reference ${key}` });
    const named = version === undefined ? {} : { version };
    return makeEntry({ key, value: frozen(value), secret: isSecretName(key), origin, ...named });
  };
  const itemAt = (key: Key): Entry | Unreadable => {
    try {
      return entryAt(key) as Entry;
    } catch (error) {
      const origin = makeOrigin({ provider: 'reference', source: `reference ${key}` });
      return Object.freeze({ key, origin, error: error as ConfigError });
    }
  };
  const stops = new Set<() => void>();
  return {
    name: 'reference',
    get: async (spelling, options) => {
      const key = keyOf(spelling);
      return backend.request(options, key, () => entryAt(key, options?.version));
    },
    list: async (spelling = '', options) => {
      const prefix = keyOf(spelling);
      return backend.request(options, prefix, () =>
        Object.freeze([...backend.values.keys()].filter((key) => startsWith(key, prefix)).map(itemAt)),
      );
    },
    getMany: async (keys, options = {}) =>
      backend.request(options, '', () => {
        const results = keys.map((spelling) => {
          const key = keyOf(spelling);
          const item = backend.values.has(key) ? itemAt(key) : undefined;
          return [key, item && 'error' in item ? item.error : item] as const;
        });
        return new Map(results);
      }),
    renew: async (spelling, options) => {
      const key = keyOf(spelling);
      return backend.request(options, key, () => entryAt(key));
    },
    where: (key) => `reference ${keyOf(key)}`,
    leasedAt: () => undefined,
    health: async (options) => {
      const checkedAt = backend.clock.now();
      return backend
        .request(options, '', () => ({ status: 'ok' as const, checkedAt }))
        .catch((error: ConfigError) => ({
          status: 'down' as const,
          reason: error.code,
          checkedAt,
        }));
    },
    refresh: async () => {},
    watch: (onChange) => {
      const listener = (key: Key): void => {
        const change: Change = Object.freeze({
          provider: 'reference',
          keys: [key],
          time: backend.clock.now(),
        });
        try {
          onChange(change);
        } catch {}
      };
      const stop = (): void => void backend.listeners.delete(listener);
      backend.listeners.add(listener);
      stops.add(stop);
      return { [Symbol.dispose]: stop };
    },
    set: async (spelling, value, options) => {
      const key = keyOf(spelling);
      const copy = frozen(value);
      return backend.request(options, key, () => {
        backend.compare(key, options?.ifVersion);
        backend.change(key, copy);
        return entryAt(key) as Entry;
      });
    },
    delete: async (spelling, options) => {
      const key = keyOf(spelling);
      return backend.request(options, key, () => {
        backend.compare(key, options?.ifVersion);
        const was = backend.values.has(key);
        backend.change(key, undefined);
        return was;
      });
    },
    compares: true,
    versions: async (spelling, options = {}) => {
      const key = keyOf(spelling);
      const { limit = 100 } = options;
      if (!Number.isSafeInteger(limit) || limit < 1)
        throw new ConfigError('invalid_option', 'limit is not a whole number', { provider: 'reference' });
      return backend.request(options, key, () => backend.versions(key).slice(0, limit));
    },
    close: async () => {
      for (const stop of stops) stop();
      if (backend.fault === 'closing')
        throw new ConfigError('unavailable', 'the backend could not be closed', { provider: 'reference' });
    },
  };
}

/** A subject with every lever, around a provider that `spoil` may break. */
export function subject(
  values: Values,
  spoil: (
    honest: Reference,
    backend: Backend,
  ) => Partial<Reference> & Pick<ConfigProvider, 'known'> = () => ({}),
): Subject {
  const clock = manualClock();
  const backend = new Backend(values, clock);
  const honest = reference(backend);
  return {
    // copies getters without calling them
    provider: Object.defineProperties(
      { ...honest },
      Object.getOwnPropertyDescriptors(spoil(honest, backend)),
    ),
    change: (key, value) => backend.change(key, value),
    fail: (fault) => {
      backend.fault = fault;
    },
    damage: (key) => void backend.damaged.add(key),
    rotate: (key, value) => {
      const before = `${backend.version(key)}`;
      backend.change(key, value);
      return before;
    },
    requests: () => backend.requests,
    advance: (ms) => clock.advance(ms),
  };
}
