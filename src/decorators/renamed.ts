// A provider under another name: in its entries, layers, errors, changes and events. A chain uses it for a
// second provider that has only a default name. The renaming itself is in renaming.ts, which the first call
// loads.

import type { ConfigEvent } from '../events.ts';
import type { ConfigProvider } from '../provider.ts';
import { decorate, loadedOnCall, methods, methodsOf } from './decorate.ts';
import { loadRenaming } from './reading.ts';

export function renamed(inner: ConfigProvider, name: string): ConfigProvider {
  const { where, watch, on } = inner;
  const named = <T extends { readonly provider: string }>(one: T): T =>
    one.provider === inner.name ? Object.freeze({ ...one, provider: name }) : one;
  const renamedPlace = (place: string): string =>
    place.startsWith(`${inner.name} `) ? name + place.slice(inner.name.length) : place;
  return decorate(inner, name, {
    ...loadedOnCall(
      methodsOf(inner, [...methods, 'known', 'refresh']),
      loadRenaming,
      ({ Renaming }) => new Renaming(inner, name),
    ),
    ...(where && {
      where: (key, options) => where.call(inner, key, options).split('\n').map(renamedPlace).join('\n'),
    }),
    ...(watch && {
      watch: (onChange, options) => watch.call(inner, (change) => onChange(named(change)), options),
    }),
    ...(on && {
      on: (listener, options) => on.call(inner, (event) => listener(named(event) as ConfigEvent), options),
    }),
  });
}
