// How a chain lists its providers: all at the same time. Used by chain.ts. Sealed text ends here, unless the
// caller opens it: a hole in a layer.

import { abortedBy, type ConfigError } from '../errors.ts';
import { layersOfSteps } from '../listing.ts';
import { thread } from '../operation.ts';
import type { ConfigProvider, Layer, ListOptions } from '../provider.ts';
import type { Notice } from '../query.ts';
import { inTurns, type Steps, together, wait } from '../turns.ts';
import type { Key } from '../value.ts';
import { isClosed, loadSealedError } from './asking.ts';

/** The layers of all providers, asked in parallel; for a hint, of those that make no network request. */
export function* askLayers(
  chain: string,
  providers: readonly ConfigProvider[],
  prefix: Key,
  options: ListOptions,
  notice: Notice,
): Steps<readonly Layer[]> {
  if (options.signal?.aborted) throw abortedBy(chain, `listing "${prefix}"`, { key: prefix });
  const asked = options[thread]?.cause === 'hint' ? providers.filter(mayHint) : providers;
  const limit = options[thread]?.limit;
  const ask = (provider: ConfigProvider): Steps<readonly Layer[]> => {
    const layers = layersOfSteps(provider, prefix, options, notice);
    if (!limit) return layers;
    const failed = (error: ConfigError) => [{ name: provider.name, entries: [], holes: [], error }];
    const later = () => limit<readonly Layer[]>(provider, inTurns(layers), failed);
    return wait({ who: provider.name, later });
  };
  const layers = yield* together(asked.map(ask));
  const checked: Layer[] = [];
  for (const layer of layers.flat()) checked.push(yield* checkedLayer(layer, options));
  return checked;
}

function* checkedLayer(layer: Layer, options: ListOptions): Steps<Layer> {
  if (!layer.entries.some((entry) => isClosed(entry, options))) return layer;
  const later = async () => (await loadSealedError()).withoutSealed(layer);
  return yield* wait({ who: `the sealed values of ${layer.name}`, later });
}

/** A nested chain asks those of its own providers that can suggest a spelling. */
const mayHint = (provider: ConfigProvider): boolean => provider.local === true || 'hints' in provider;
