// A provider under another name: in its entries, layers, errors, changes and events. A chain uses it for a
// second provider that has only a default name. The renaming itself is in renaming.ts, which the first call
// loads.

import type { ConfigEvent } from '../events.ts';
import { lazy } from '../internal/lazy.ts';
import type { ConfigProvider } from '../provider.ts';
import { type AnyProvider, decorate } from './decorate.ts';
import type { Renaming } from './renaming.ts';

export function renamed(inner: ConfigProvider, name: string): ConfigProvider {
  let loaded: Renaming | undefined;
  const load = lazy(async () => (loaded = new (await import('./renaming.ts')).Renaming(inner, name)));
  const {
    set,
    delete: remove,
    versions,
    getMany,
    layers,
    where,
    known,
    renew,
    refresh,
    watch,
    on,
  } = inner as AnyProvider;
  const named = <T extends { readonly provider: string }>(one: T): T =>
    one.provider === inner.name ? Object.freeze({ ...one, provider: name }) : one;
  const renamedPlace = (place: string): string =>
    place.startsWith(`${inner.name} `) ? name + place.slice(inner.name.length) : place;
  return decorate(inner, name, {
    get: async (key, options) => (await load()).get(key, options),
    list: async (prefix, options) => (await load()).list(prefix, options),
    ...(known && { known: (key, peek) => loaded?.known(key, peek) }),
    ...(renew && { renew: async (key, options) => (await load()).renew(key, options) }),
    ...(getMany && { getMany: async (keys, options) => (await load()).getMany(keys, options) }),
    ...(layers && { layers: async (prefix, options) => (await load()).layers(prefix, options) }),
    ...(set && { set: async (key, value, options) => (await load()).set(key, value, options) }),
    ...(remove && { delete: async (key, options) => (await load()).delete(key, options) }),
    ...(versions && { versions: async (key, options) => (await load()).versions(key, options) }),
    ...(where && { where: (key) => where.call(inner, key).split('\n').map(renamedPlace).join('\n') }),
    ...(refresh && { refresh: async (prefix, options) => (await load()).refresh(prefix, options) }),
    ...(watch && {
      watch: (onChange, options) => watch.call(inner, (change) => onChange(named(change)), options),
    }),
    ...(on && {
      on: (listener, options) => on.call(inner, (event) => listener(named(event) as ConfigEvent), options),
    }),
  });
}
