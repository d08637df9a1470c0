import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigError } from '../errors.ts';
import { type Key, startsWith } from '../key.ts';
import type { Layer } from '../provider.ts';

/** Layers in which an outage has undone nothing. */
export interface Carried {
  readonly layers: readonly Layer[];
  /** The providers whose standing entries were carried forward, and why. */
  readonly stale: ReadonlyMap<string, ConfigError>;
}

/** What stood in a provider that is unreachable, and allowed to be, stands on until it expires; so does what only a read that makes
 *  credentials could renew. */
export function carryForward(layers: readonly Layer[], standing: readonly Layer[], now: number): Carried {
  const before = new Map(standing.map((layer) => [layer.name, layer]));
  const stale = new Map<string, ConfigError>();
  const carried = layers.map((layer): Layer => {
    const old = before.get(layer.name);
    if (!old) return layer;
    if (!layer.tolerated) return withLeases(layer, old, now);
    if (layer.entries.length > 0 || (old.entries.length === 0 && old.holes.length === 0)) return layer;
    stale.set(layer.name, layer.tolerated);
    const error = layer.tolerated;
    const lapsed = old.entries.filter((entry) => isExpired(entry, now));
    const holes = lapsed.map(({ key, origin, loose }): Unreadable => Object.freeze({ key, origin, error, ...(loose && { loose }) }));
    return { ...layer, entries: old.entries.filter((entry) => !isExpired(entry, now)), holes: [...old.holes, ...holes] };
  });
  return { layers: carried, stale };
}

const isExpired = (entry: Entry, now: number): boolean => entry.expiresAt !== undefined && entry.expiresAt <= now;

function withLeases(layer: Layer, old: Layer, now: number): Layer {
  const unheld = layer.holes.filter((hole) => hole.error.code === 'on_demand');
  const held = (key: Key): Entry[] => old.entries.filter((entry) => startsWith(entry.key, key) && !isExpired(entry, now));
  const kept = unheld.flatMap((hole) => held(hole.key));
  if (kept.length === 0) return layer;
  return {
    ...layer,
    entries: [...layer.entries, ...kept],
    holes: layer.holes.filter((hole) => !unheld.includes(hole) || held(hole.key).length === 0),
  };
}
