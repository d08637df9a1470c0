// Lists any provider in a uniform way: its items, or its layers. Chains, decorators and the shelter use it.
// Answers leave it as entries of this library: border.ts adopts those that a provider has made by hand.

import { type Entry, isSound, isUnreadable, type Unreadable } from './entry.ts';
import { ConfigError } from './errors.ts';
import { thread } from './operation.ts';
import { type ConfigProvider, InSteps, type Layer, type ListOptions } from './provider.ts';
import { loadBorder, type Notice, toConfigError } from './query.ts';
import { atOnce, inTurns, type Steps, type Wait, wait } from './turns.ts';
import type { Key } from './value.ts';

/** Whether a list has only items for which `isOne` is true. The holes of a sparse list count as items. */
function all<T>(list: unknown, isOne: (item: unknown) => item is T): list is readonly T[] {
  try {
    if (!Array.isArray(list)) return false;
    for (const item of list) if (!isOne(item)) return false;
    return true;
  } catch {
    return false; // a Proxy that throws
  }
}

/** A listing of a provider. At once, only if the provider has it in steps, and its methods are its own. */
function listing(
  provider: ConfigProvider,
  method: 'list' | 'layers',
  prefix: Key,
  options: ListOptions | undefined,
): Wait<unknown> {
  const { name, list, layers, inSteps } = provider;
  const own = inSteps instanceof InSteps ? inSteps : undefined;
  const isOwn = (call: unknown): boolean => call === undefined || own?.of.includes(call) === true;
  const steps = isOwn(list) && isOwn(layers) ? own?.listings[method] : undefined;
  return {
    who: name,
    later: () => provider[method]?.(prefix, options),
    now: steps && (() => atOnce(steps(prefix, options))),
  };
}

/** Lists everything at or below `prefix`. */
export const listFrom = (
  ...asked: Parameters<typeof listFromSteps>
): Promise<readonly (Entry | Unreadable)[]> => inTurns(listFromSteps(...asked));

/** `listFrom` in steps. */
export function* listFromSteps(
  provider: ConfigProvider,
  prefix: Key,
  options?: ListOptions,
  notice?: Notice,
): Steps<readonly (Entry | Unreadable)[]> {
  const items = yield* wait(listing(provider, 'list', prefix, options));
  return all(items, isSound)
    ? items
    : (yield* wait(adoption(provider))).adoptItems(items, { name: provider.name, notice });
}

/** Loads what adopts foreign answers, which no provider with steps gives. */
const adoption = ({ name }: ConfigProvider): Wait<typeof import('./border.ts')> => ({
  who: name,
  later: loadBorder,
});

/** The layers of a provider: one, or one for each provider that it combines. Never throws: the layer holds
 *  the error. */
export const layersOf = (...asked: Parameters<typeof layersOfSteps>): Promise<readonly Layer[]> =>
  inTurns(layersOfSteps(...asked));

/** `layersOf` in steps. */
export function* layersOfSteps(
  provider: ConfigProvider,
  prefix: Key,
  given?: ListOptions,
  notice?: Notice,
): Steps<readonly Layer[]> {
  const options = rereading(provider, given);
  try {
    if (!provider.layers) {
      const layer = layerOf(provider.name, yield* listFromSteps(provider, prefix, options, notice));
      return [provider.local === true ? { ...layer, local: true } : layer];
    }
    const layers = yield* wait(listing(provider, 'layers', prefix, options));
    return all(layers, isOurs)
      ? layers
      : (yield* wait(adoption(provider))).adoptLayers(layers, { name: provider.name, notice });
  } catch (error) {
    return [{ name: provider.name, entries: [], holes: [], error: toConfigError(error, provider.name) }];
  }
}

/** The options of a load. After a change, a local source is read again: an ordinary read returns its last
 *  good content, which would hide that a file is broken. Other sources have expired what changed. */
const rereading = ({ local }: ConfigProvider, options: ListOptions | undefined): ListOptions | undefined =>
  local === true && options?.[thread]?.cause === 'change' ? { ...options, maxAgeMs: 0 } : options;

/** Whether a layer needs no adoption. */
const isOurs = (layer: unknown): layer is Layer => {
  const { name, entries, holes, error, tolerated } = (layer ?? {}) as Partial<Layer>;
  return (
    typeof name === 'string' &&
    all(entries, (item): item is Entry => isSound(item) && !isUnreadable(item)) &&
    all(holes, (item): item is Unreadable => isSound(item) && isUnreadable(item)) &&
    [error, tolerated].every((one) => one === undefined || one instanceof ConfigError)
  );
};

export function layerOf(name: string, items: readonly (Entry | Unreadable)[]): Layer {
  const entries: Entry[] = [];
  const holes: Unreadable[] = [];
  for (const item of items) {
    if (isUnreadable(item)) holes.push(item);
    else entries.push(item);
  }
  return { name, entries, holes };
}
