import { decorate } from '../../src/decorators/decorate.ts';
import type { Entry, Unreadable } from '../../src/entry.ts';
import { layersOfSteps, listFromSteps } from '../../src/listing.ts';
import type { ConfigProvider, ListOptions } from '../../src/provider.ts';
import { provideModules } from '../../src/sync/modules.ts';
import { atOnce, type Steps } from '../../src/turns.ts';
import type { Key } from '../../src/value.ts';

/** A provider whose listings are those of the driver that never waits. */
export function listedAtOnce(inner: ConfigProvider): ConfigProvider {
  provideModules();
  const { getMany, layers } = inner;
  return decorate(inner, inner.name, {
    get: (key, options) => inner.get(key, options),
    list: async (prefix = '', options) => atOnce(listed(inner, prefix, options)),
    ...(inner.known && { known: (key, peek) => inner.known?.(key, peek) }),
    ...(inner.renew && { renew: async (key, options) => inner.renew?.(key, options) }),
    ...(getMany && { getMany: (keys, options) => getMany.call(inner, keys, options) }),
    ...(layers && { layers: async (prefix = '', options) => atOnce(layersOfSteps(inner, prefix, options)) }),
  });
}

/** The items of a provider. Those of a chain, which lists in steps only by layers, are not merged. */
function* listed(
  inner: ConfigProvider,
  prefix: Key,
  options: ListOptions | undefined,
): Steps<readonly (Entry | Unreadable)[]> {
  if (inner.inSteps?.listings.list) return yield* listFromSteps(inner, prefix, options);
  const layers = yield* layersOfSteps(inner, prefix, options);
  const failed = layers.find(({ error }) => error);
  if (failed) throw failed.error;
  return layers.flatMap(({ entries, holes }) => [...entries, ...holes]);
}
