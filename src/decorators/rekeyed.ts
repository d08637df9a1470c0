// Shows a provider under other keys: the base of `scoped` and `mounted`. Reading and writing are in
// rekeying.ts, which the first call loads; changes are translated here, and events keep the inner keys.

import { lazy } from '../internal/lazy.ts';
import { Emitter } from '../internal/listeners.ts';
import { keyOf } from '../key.ts';
import type { Change, ConfigProvider, Decorated } from '../provider.ts';
import type { Key } from '../value.ts';
import { type AnyProvider, decorate } from './decorate.ts';
import type { KeyMap, Rekeying } from './rekeying.ts';

export function rekeyed<P extends ConfigProvider>(inner: P, name: string, map: KeyMap): Decorated<P> {
  const { set, delete: remove, versions, getMany, layers, known, renew } = inner as AnyProvider;
  const emitter = new Emitter(name, 'provider');
  let loaded: Rekeying | undefined;
  const load = lazy(async () => {
    const { rekeying } = await import('./rekeying.ts');
    loaded = rekeying(inner, name, map, (message) => emitter.notice(message));
    return loaded;
  });
  // without an await once loaded: a read costs no turn more
  const call = <T>(use: (methods: Rekeying) => Promise<T>): Promise<T> =>
    loaded ? use(loaded) : load().then(use);

  const own: Parameters<typeof decorate>[2] = {
    get: (key, options) => call((methods) => methods.get(key, options)),
    list: (prefix, options) => call((methods) => methods.list(prefix, options)),
    ...(known && { known: (key, peek) => loaded?.known(key, peek) }),
    ...(renew && { renew: (key, options) => call((methods) => methods.renew(key, options)) }),
    ...(getMany && { getMany: (keys, options) => call((methods) => methods.getMany(keys, options)) }),
    ...(layers && { layers: (prefix, options) => call((methods) => methods.layers(prefix, options)) }),
    ...(set && { set: (key, value, options) => call((methods) => methods.set(key, value, options)) }),
    ...(remove && { delete: (key, options) => call((methods) => methods.delete(key, options)) }),
    ...(versions && { versions: (key, options) => call((methods) => methods.versions(key, options)) }),
    ...(inner.where && {
      where: (key) => ifDefined(map.innerKey(keyOf(key), true), (innerKey) => inner.where!(innerKey)) ?? '',
    }),
    ...(inner.status && {
      status: (key) => ifDefined(map.innerKey(key, true), (innerKey) => inner.status!(innerKey)),
    }),
    ...(inner.refresh && {
      refresh: async (prefix = '', options) =>
        ifDefined(map.innerPrefix(keyOf(prefix)), (innerPrefix) => inner.refresh!(innerPrefix, options)),
    }),
    ...(inner.watch && {
      watch: (onChange, options) =>
        inner.watch!((change) => {
          const { provider } = change;
          forward(change, map, provider === inner.name ? name : `${provider} in ${name}`, onChange);
        }, options),
    }),
  };
  return decorate(inner, name, own, { emitter }) as never;
}

const ifDefined = <T>(key: Key | undefined, use: (key: Key) => T): T | undefined =>
  key === undefined ? undefined : use(key);

function forward(change: Change, map: KeyMap, provider: string, onChange: (change: Change) => void): void {
  const keys = change.keys?.flatMap((key) => map.outerKey(key, true) ?? []);
  if (keys === undefined) onChange({ ...change, provider });
  else if (keys.length > 0) onChange({ ...change, provider, keys });
}
