import { inspect } from 'node:util';
import { expect } from 'vitest';
import { ProviderChain } from '../../src/chain/chain.ts';
import { intercepted } from '../../src/decorators/intercepted.ts';
import { mounted, scoped } from '../../src/decorators/scoped.ts';
import { fallback, optional } from '../../src/decorators/tolerance.ts';
import type { Entry, Unreadable } from '../../src/entry.ts';
import { ConfigError } from '../../src/errors.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { MemoryProvider } from '../../src/providers/memory.ts';
import { unsealed } from '../../src/sealing/unsealed.ts';
import { sheltered } from '../../src/shelter/index.ts';
import type { Key } from '../../src/value.ts';

export type Item = Entry | Unreadable;

/** A fake secret that shares no six characters with any error message. */
export const fake = 'qX7vW-fake-9KjTm2';

export const origin = { provider: 'acme', source: 'acme.txt', line: 3, column: 5 };
/** A plain entry without a fault. */
export const named = { key: 'db.host', value: 'h', secret: false, origin };

/** Replaces methods of the provider that `acme` makes. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A foreign provider named `acme`. Without `methods`, it returns the same objects for each call. */
export function acme(items: unknown, methods: Methods = {}): ConfigProvider {
  const itemAt = (key: string): unknown =>
    Array.isArray(items) ? items.find((item) => item?.key === key) : undefined;
  const provider = {
    name: 'acme',
    get: async (key: string) => itemAt(key),
    list: async () => items,
    ...methods,
  };
  return provider as unknown as ConfigProvider;
}

/** A chain of that provider alone. */
export const chainOf = (items: unknown, methods?: Methods): ProviderChain =>
  new ProviderChain([acme(items, methods)]);

/** The same provider, whose name is only a default. */
function unnamed(provider: ConfigProvider): ConfigProvider {
  const bound = (_: object, name: string | symbol): unknown => {
    if (name === 'unnamed') return true;
    const own: unknown = Reflect.get(provider, name, provider);
    return typeof own === 'function' ? own.bind(provider) : own;
  };
  return new Proxy<ConfigProvider>(provider, { get: bound });
}

/** Everything that reads a provider, as a provider or a chain with the same keys below `db`. */
export const readers: Readonly<Record<string, (provider: ConfigProvider) => ConfigProvider>> = {
  'a chain': (provider) => new ProviderChain([provider]),
  'a chain in a chain': (provider) => new ProviderChain([new ProviderChain([provider])], { name: 'outer' }),
  'a chain with a listener': (provider) => {
    const chain = new ProviderChain([provider]);
    chain.on(() => {});
    return chain;
  },
  'a chain with an interceptor': (provider) =>
    new ProviderChain([provider], { intercept: (_, next) => next() }),
  'a renamed provider': (provider) =>
    new ProviderChain([new MemoryProvider({}, { name: provider.name }), unnamed(provider)]),
  scoped: (provider) => mounted(scoped(provider, 'db'), 'db'),
  mounted: (provider) => scoped(mounted(provider, 'outer'), 'outer'),
  optional,
  fallback: (provider) => fallback(provider, new MemoryProvider({}, { name: 'second' })),
  unsealed: (provider) => unsealed(provider),
  intercepted: (provider) => intercepted(provider, (_, next) => next()),
  sheltered: (provider) => sheltered(provider, { resilience: false }),
};

/** Every text that a person, a logger or `console.dir` shows of a thing. */
export function printed(thing: unknown): string {
  const deep = { depth: Number.POSITIVE_INFINITY, showHidden: true };
  return [
    inspect(thing, deep),
    inspect(thing, { ...deep, customInspect: false }),
    JSON.stringify(thing, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? '',
    String(thing),
  ].join('\n');
}

/** The ConfigError that a read rejects with. */
export async function rejection(reading: Promise<unknown> | undefined): Promise<ConfigError> {
  const result = await reading?.catch((error: unknown) => error);
  expect(result).toBeInstanceOf(ConfigError);
  return result as ConfigError;
}

export const itemAt = (items: readonly Item[], key: Key): Item | undefined =>
  items.find((item) => item.key === key);

export const keysOf = (items: readonly Item[]): Key[] => items.map((item) => item.key);

export function expectFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  expect(Object.isFrozen(value)).toBe(true);
  Object.values(value).forEach(expectFrozen);
}
