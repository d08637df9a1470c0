// A provider under another name: in its entries, layers, errors, changes and events. A chain uses it for a
// second provider that has only a default name. The renaming itself is in renaming.ts, which the first call
// loads.

import type { ConfigEvent } from '../events.ts';
import type { ConfigProvider } from '../provider.ts';
import { decorate, loadedOnCall, methods, methodsOf } from './decorate.ts';
import type { Renaming } from './renaming.ts';

export function renamed(inner: ConfigProvider, name: string): ConfigProvider {
  const load = async (): Promise<Renaming> => new (await import('./renaming.ts')).Renaming(inner, name);
  const { where, watch, on } = inner;
  const named = <T extends { readonly provider: string }>(one: T): T =>
    one.provider === inner.name ? Object.freeze({ ...one, provider: name }) : one;
  const renamedPlace = (place: string): string =>
    place.startsWith(`${inner.name} `) ? name + place.slice(inner.name.length) : place;
  return decorate(inner, name, {
    ...loadedOnCall(methodsOf(inner, [...methods, 'known', 'refresh']), load),
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
