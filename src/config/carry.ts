import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigError } from '../errors.ts';
import { startsWith } from '../key.ts';
import type { Layer } from '../provider.ts';
import type { Key } from '../value.ts';

/** Layers in which an outage has undone nothing. */
export interface Carried {
  readonly layers: readonly Layer[];
  /** The layers whose standing entries were carried forward, and why. */
  readonly stale: ReadonlyMap<Layer, ConfigError>;
}

/** What stood in a provider that is unreachable, and allowed to be, stands on until it expires; so does what only a read that makes
 *  credentials could renew. */
export function carryForward(layers: readonly Layer[], standing: readonly Layer[], now: number): Carried {
  const stale = new Map<Layer, ConfigError>();
  const carried = layers.map((layer, number): Layer => {
    const old = counterpart(layers, number, standing);
    if (!old) return layer;
    if (!layer.tolerated) return withLeases(layer, old, now);
    if (layer.entries.length > 0 || (old.entries.length === 0 && old.holes.length === 0)) return layer;
    const error = layer.tolerated;
    const lapsed = old.entries.filter((entry) => isExpired(entry, now));
    const holes = lapsed.map(
      ({ key, origin, loose }): Unreadable => Object.freeze({ key, origin, error, ...(loose && { loose }) }),
    );
    const kept = {
      ...layer,
      entries: old.entries.filter((entry) => !isExpired(entry, now)),
      holes: [...old.holes, ...holes],
    };
    stale.set(kept, error);
    return kept;
  });
  return { layers: carried, stale };
}

/** The same layer in what stood before. Two chains that are tolerated may each have a provider of one name. */
function counterpart(
  layers: readonly Layer[],
  number: number,
  standing: readonly Layer[],
): Layer | undefined {
  const name = layers[number]?.name;
  const place = layers.slice(0, number).filter((layer) => layer.name === name).length;
  const named = standing.filter((layer) => layer.name === name);
  return named[place] ?? named.at(-1);
}

const isExpired = (entry: Entry, now: number): boolean =>
  entry.expiresAt !== undefined && entry.expiresAt <= now;

function withLeases(layer: Layer, old: Layer, now: number): Layer {
  const unheld = layer.holes.filter((hole) => hole.error.code === 'on_demand');
  const held = (key: Key): Entry[] =>
    old.entries.filter((entry) => startsWith(entry.key, key) && !isExpired(entry, now));
  const kept = unheld.flatMap((hole) => held(hole.key));
  if (kept.length === 0) return layer;
  return {
    ...layer,
    entries: [...layer.entries, ...kept],
    holes: layer.holes.filter((hole) => !unheld.includes(hole) || held(hole.key).length === 0),
  };
}
