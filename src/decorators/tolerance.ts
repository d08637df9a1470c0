// `optional` and `fallback`: what a chain may do while a provider is unreachable. Only transient errors are
// tolerated: a denied, disabled, undecryptable or unparsable value always fails. A key that the provider has
// returned before never becomes absent, because a lower provider would then silently replace it.

import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigError } from '../errors.ts';
import { disposeAll } from '../internal/listeners.ts';
import { keyOf } from '../key.ts';
import {
  type Change,
  type ConfigProvider,
  checkProvider,
  type Health,
  type Layer,
  type ListOptions,
  type ReadOptions,
  type WritableProvider,
} from '../provider.ts';
import { callEach, getManyFrom, layersOf, toConfigError } from '../query.ts';
import type { ConfigValue, Key } from '../value.ts';
import { decorate } from './decorate.ts';
import { Outage } from './outage.ts';
import { leavesOf, SeenKeys } from './seen-keys.ts';

type Result = Entry | undefined | ConfigError;

/** Treats an unreachable provider as absent, so that the chain reads the next one. Other failures are
 *  thrown, and so is an outage for a key that this provider has returned before. Emits `tolerated` once
 *  per outage.
 *  @example
 *  const chain = new ProviderChain([optional(store), defaults]);
 *  await chain.value('llm.model'); // => 'small', while the store is down
 *  @see fallback reads a second provider instead. */
export function optional(provider: WritableProvider): WritableProvider;
export function optional(provider: ConfigProvider): ConfigProvider;
export function optional(provider: ConfigProvider): ConfigProvider {
  checkProvider('optional', provider);
  return tolerant(provider, undefined);
}

/** Reads `second` while `first` is unreachable, and only then. A key that `first` has returned before
 *  never becomes absent: if `second` does not have it, the outage is thrown. Writes go to `first`. Emits
 *  `tolerated` once per outage.
 *  @example
 *  const chain = new ProviderChain([fallback(store, new BundleProvider('snapshot.json')), env]);
 *  @see optional continues with the next provider of the chain. */
export function fallback(first: WritableProvider, second: ConfigProvider): WritableProvider;
export function fallback(first: ConfigProvider, second: ConfigProvider): ConfigProvider;
export function fallback(first: ConfigProvider, second: ConfigProvider): ConfigProvider {
  checkProvider('fallback', first);
  checkProvider('fallback', second, 'the second argument');
  return tolerant(first, second);
}

function tolerant(first: ConfigProvider, second: ConfigProvider | undefined): ConfigProvider {
  const seen = new SeenKeys();
  const outage = new Outage(first.name);

  const get = async (spelling: Key, options?: ReadOptions): Promise<Entry | undefined> => {
    const key = keyOf(spelling);
    let error: ConfigError;
    try {
      const entry = await first.get(key, options);
      if (seen.record(key, entry)) outage.end();
      return entry;
    } catch (thrown) {
      error = transientOrThrow(thrown, first.name, key);
    }
    outage.tolerate(error, key);
    const substitute = await second?.get(key, options);
    if (substitute === undefined && seen.has(key)) throw error;
    return substitute;
  };

  const getMany = async (
    spellings: readonly Key[],
    options: ReadOptions = {},
  ): Promise<ReadonlyMap<Key, Result>> => {
    const keys = spellings.map(keyOf);
    const results = new Map<Key, Result>(await getManyFrom(first, keys, options));
    const unreachable = new Map<Key, ConfigError>();
    for (const [key, result] of results) {
      if (result instanceof Error) {
        if (result.transient) unreachable.set(key, result);
        continue;
      }
      if (seen.record(key, result)) outage.end();
    }
    for (const [key, error] of unreachable) outage.tolerate(error, key);
    const substitutes =
      second && unreachable.size > 0
        ? await getManyFrom(second, [...unreachable.keys()], options)
        : new Map<Key, Result>();
    for (const [key, error] of unreachable)
      results.set(key, substitutes.get(key) ?? (seen.has(key) ? error : undefined));
    return results;
  };

  const layers = async (spelling: Key = '', options?: ListOptions): Promise<readonly Layer[]> => {
    const prefix = keyOf(spelling);
    const own = await layersOf(first, prefix, options);
    const isDown = own.some((layer) => layer.error?.transient);
    const substitutes = isDown && second ? await layersOf(second, prefix, options) : [];
    const substituted = leavesOf(substitutes.flatMap((layer) => layer.entries));
    const names = new Set(own.map((layer) => layer.name));
    const tolerated = own.map((layer): Layer => {
      const { error, ...rest } = layer;
      if (!error?.transient) {
        if (!error && seen.recordLayer(prefix, options, layer) && !isDown) outage.end();
        return layer;
      }
      outage.tolerate(error);
      // a leaf that was seen before becomes a hole, unless `second` has it: no lower layer may replace it
      const lost = seen.lostBelow(
        prefix,
        (name) => own.length === 1 || name === layer.name || !names.has(name),
      );
      const holes = lost
        .filter(([key]) => !substituted.has(key))
        .map(([key, origin]): Unreadable => Object.freeze({ key, origin, error }));
      return { ...rest, entries: [], holes, tolerated: error };
    });
    return [...tolerated, ...substitutes];
  };

  const list = async (prefix: Key = '', options?: ListOptions): Promise<readonly (Entry | Unreadable)[]> => {
    const all = await layers(prefix, options);
    const failed =
      all.find((layer) => layer.error)?.error ??
      all.find((layer) => layer.tolerated && layer.holes.length > 0)?.tolerated;
    if (failed) throw failed;
    return all.flatMap((layer) => [...layer.entries, ...layer.holes]);
  };

  const health = async (options?: ReadOptions): Promise<Health> => {
    const own = await healthOf(first, options);
    if (own.status !== 'down') return own;
    if (!second) return { ...own, status: 'degraded' };
    const other = await healthOf(second, options);
    return {
      ...own,
      status: other.status === 'down' ? 'down' : 'degraded',
      providers: { [first.name]: own, [second.name]: other },
    };
  };

  const parts = [first, ...(second ? [second] : [])];
  const name = second ? `${first.name} or ${second.name}` : first.name;
  const writable = first as Partial<WritableProvider>;
  const abilities: Parameters<typeof decorate>[2] = {
    get,
    getMany,
    list,
    layers,
    health,
    refresh: (prefix) => callEach(`${name}: refresh`, parts, (part) => part.refresh?.(prefix)),
    ...(parts.some((part) => part.watch) && {
      watch: (onChange: (change: Change) => void) => disposeAll(parts.map((part) => part.watch?.(onChange))),
    }),
    on: (listener) => disposeAll([outage, ...parts].map((part) => part.on?.(listener))),
    ...(writable.set && {
      set: (key: Key, value: ConfigValue, more) => writable.set?.(key, value, more) as Promise<Entry>,
    }),
    ...(writable.delete && { delete: (key: Key, more) => writable.delete?.(key, more) as Promise<boolean> }),
    close: () => callEach(`${name}: close`, parts, (part) => part.close?.()),
  };
  return decorate(first, name, abilities, parts);
}

/** The error if it is transient. Any other error is thrown. */
function transientOrThrow(thrown: unknown, provider: string, key?: Key): ConfigError {
  const error = toConfigError(thrown, provider, key);
  if (!error.transient) throw error;
  return error;
}

async function healthOf(provider: ConfigProvider, options?: ReadOptions): Promise<Health> {
  try {
    return (await provider.health?.(options)) ?? { status: 'ok', checkedAt: Date.now() };
  } catch (error) {
    return { status: 'down', reason: transientOrThrow(error, provider.name).message, checkedAt: Date.now() };
  }
}
