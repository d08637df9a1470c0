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
import { failure, getMany, layersOf } from '../query.ts';
import type { ConfigValue, Key } from '../value.ts';
import { decorate } from './decorate.ts';
import { Outage } from './outage.ts';
import { leavesOf, SeenKeys } from './seen-keys.ts';

type Answer = Entry | undefined | ConfigError;

/** Turns *unreachable* into absent, and says so once per outage: never denied, disabled, undecryptable or unparsable, and never for a
 *  key that the provider has once answered. */
export function optional(provider: WritableProvider): WritableProvider;
export function optional(provider: ConfigProvider): ConfigProvider;
export function optional(provider: ConfigProvider): ConfigProvider {
  checkProvider('optional', provider);
  return tolerant(provider, undefined);
}

/** Asks `second` only while `first` is unreachable. What `first` has once answered never becomes absent. */
export function fallback(first: WritableProvider, second: ConfigProvider): WritableProvider;
export function fallback(first: ConfigProvider, second: ConfigProvider): ConfigProvider;
export function fallback(first: ConfigProvider, second: ConfigProvider): ConfigProvider {
  checkProvider('fallback', first);
  checkProvider('fallback', second, 'its second argument');
  return tolerant(first, second);
}

function tolerant(first: ConfigProvider, second: ConfigProvider | undefined): ConfigProvider {
  const known = new SeenKeys();
  const outage = new Outage(first.name);

  const get = async (spelling: Key, options?: ReadOptions): Promise<Entry | undefined> => {
    const key = keyOf(spelling);
    let error: ConfigError;
    try {
      const entry = await first.get(key, options);
      if (known.heard(key, entry)) outage.end();
      return entry;
    } catch (thrown) {
      error = tolerable(thrown, first.name, key);
    }
    outage.tolerate(error, key);
    const instead = await second?.get(key, options);
    if (instead === undefined && known.has(key)) throw error;
    return instead;
  };

  const many = async (
    spellings: readonly Key[],
    options: ReadOptions = {},
  ): Promise<ReadonlyMap<Key, Answer>> => {
    const keys = spellings.map(keyOf);
    const answers = new Map<Key, Answer>(await getMany(first, keys, options));
    const down = new Map<Key, ConfigError>();
    for (const [key, answer] of answers) {
      if (answer instanceof Error) {
        if (answer.transient) down.set(key, answer);
        continue;
      }
      if (known.heard(key, answer)) outage.end();
    }
    for (const [key, error] of down) outage.tolerate(error, key);
    const instead =
      second && down.size > 0 ? await getMany(second, [...down.keys()], options) : new Map<Key, Answer>();
    for (const [key, error] of down)
      answers.set(key, instead.get(key) ?? (known.has(key) ? error : undefined));
    return answers;
  };

  const layers = async (prefix: Key = '', options?: ListOptions): Promise<readonly Layer[]> => {
    const at = keyOf(prefix);
    const own = await layersOf(first, at, options);
    const down = own.some((layer) => layer.error?.transient);
    const instead = down && second ? await layersOf(second, at, options) : [];
    const found = leavesOf(instead.flatMap((layer) => layer.entries));
    const names = new Set(own.map((layer) => layer.name));
    const seen = own.map((layer): Layer => {
      const { error, ...rest } = layer;
      if (!error?.transient) {
        if (!error && known.listed(at, options, layer) && !down) outage.end();
        return layer;
      }
      outage.tolerate(error);
      // what was good stands in the layer as missing, not as absent: only what is asked instead may answer for it
      const lost = known.within(at, (name) => own.length === 1 || name === layer.name || !names.has(name));
      const holes = lost
        .filter(([key]) => !found.has(key))
        .map(([key, origin]): Unreadable => Object.freeze({ key, origin, error }));
      return { ...rest, entries: [], holes, tolerated: error };
    });
    return [...seen, ...instead];
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

  const both = [first, ...(second ? [second] : [])];
  const writable = first as Partial<WritableProvider>;
  const abilities: Parameters<typeof decorate>[2] = {
    get,
    getMany: many,
    list,
    layers,
    health,
    refresh: async (prefix) => void (await Promise.all(both.map((one) => one.refresh?.(prefix)))),
    ...(both.some((one) => one.watch) && {
      watch: (onChange: (change: Change) => void) => disposeAll(both.map((one) => one.watch?.(onChange))),
    }),
    on: (listener) => disposeAll([outage, ...both].map((one) => one.on?.(listener))),
    ...(writable.set && {
      set: (key: Key, value: ConfigValue, more) => writable.set?.(key, value, more) as Promise<Entry>,
    }),
    ...(writable.delete && { delete: (key: Key, more) => writable.delete?.(key, more) as Promise<boolean> }),
    close: async () => void (await Promise.all(both.map((one) => one.close?.()))),
  };
  return decorate(first, second ? `${first.name} or ${second.name}` : first.name, abilities, both);
}

function tolerable(thrown: unknown, provider: string, key?: Key): ConfigError {
  const error = failure(thrown, provider, key);
  if (!error.transient) throw error;
  return error;
}

async function healthOf(provider: ConfigProvider, options?: ReadOptions): Promise<Health> {
  try {
    return (await provider.health?.(options)) ?? { status: 'ok', checkedAt: Date.now() };
  } catch (error) {
    return { status: 'down', reason: tolerable(error, provider.name).message, checkedAt: Date.now() };
  }
}
