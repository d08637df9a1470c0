// Shows a provider under other keys: the base of `scoped` and `mounted`. Reading and writing are in
// rekeying.ts, which the first call loads; changes are translated here, and events keep the inner keys.

import { Emitter } from '../internal/listeners.ts';
import { keyOf } from '../key.ts';
import type { Change, ConfigProvider, Decorated } from '../provider.ts';
import type { Key } from '../value.ts';
import { decorate, loadedOnCall, methods, methodsOf } from './decorate.ts';
import { loadRekeying } from './reading.ts';
import type { KeyMap } from './rekeying.ts';

export function rekeyed<P extends ConfigProvider>(inner: P, name: string, map: KeyMap): Decorated<P> {
  const emitter = new Emitter(name, 'provider');
  const notice = (message: string): void => emitter.notice(message);
  const own: Parameters<typeof decorate>[2] = {
    ...loadedOnCall(methodsOf(inner, [...methods, 'known']), loadRekeying, ({ rekeying }) =>
      rekeying(inner, name, map, notice),
    ),
    ...(inner.where && {
      where: (key, options) =>
        ifDefined(map.innerKey(keyOf(key), true), (innerKey) => inner.where!(innerKey, options)) ?? '',
    }),
    ...(inner.leasedAt && {
      // a place above everything that is shown is all of it
      leasedAt: (key) => {
        const place = ifDefined(map.innerKey(key, true), (innerKey) => inner.leasedAt!(innerKey));
        return ifDefined(place, (at) => map.outerKey(at, true) ?? '');
      },
    }),
    ...(inner.status && {
      status: (key) => ifDefined(map.innerKey(key, true), (innerKey) => inner.status!(innerKey)),
    }),
    ...(inner.needs && {
      needs: ({ keys, prefixes }) =>
        inner.needs!({
          keys: keys.flatMap((key) => map.innerKey(key, false) ?? []),
          prefixes: prefixes.flatMap((prefix) => map.innerPrefix(prefix) ?? []),
        }),
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
