import { decorate } from '../../src/decorators/decorate.ts';
import { layersOfSteps, listFromSteps } from '../../src/listing.ts';
import type { ConfigProvider } from '../../src/provider.ts';
import { provideModules } from '../../src/sync/modules.ts';
import { atOnce } from '../../src/turns.ts';

/** A provider whose listings are those of the driver that never waits. */
export function listedAtOnce(inner: ConfigProvider): ConfigProvider {
  provideModules();
  const { getMany, layers } = inner;
  return decorate(inner, inner.name, {
    get: (key, options) => inner.get(key, options),
    // what combines others is listed by its layers
    list: async (prefix = '', options) =>
      layers ? inner.list(prefix, options) : atOnce(listFromSteps(inner, prefix, options)),
    ...(inner.known && { known: (key, peek) => inner.known?.(key, peek) }),
    ...(inner.renew && { renew: async (key, options) => inner.renew?.(key, options) }),
    ...(getMany && { getMany: (keys, options) => getMany.call(inner, keys, options) }),
    ...(layers && { layers: async (prefix = '', options) => atOnce(layersOfSteps(inner, prefix, options)) }),
  });
}
