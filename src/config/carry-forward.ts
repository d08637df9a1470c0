// What a reload takes over from the previous load: the entries of a tolerated provider that is unreachable
// now, and leases that only a load with permission to acquire credentials could renew. Used by `load.ts` and
// `check-config.ts`.

import type { Entry, Unreadable } from '../entry.ts';
import type { ConfigError } from '../errors.ts';
import { startsWith } from '../key.ts';
import type { Layer } from '../provider.ts';
import type { Steps } from '../turns.ts';
import type { Key } from '../value.ts';

/** Layers without gaps from outages. */
export interface Carried {
  readonly layers: readonly Layer[];
  /** The layers that hold entries of the previous load, with the reasons. */
  readonly stale: ReadonlyMap<Layer, ConfigError>;
}

/** Replaces the values of a load, except its secrets, by those of an earlier one. */
export type Hold = (now: Carried) => Steps<Carried>;

/** Fills the layers of unreachable providers from the layers `before`. An entry that has expired becomes a
 *  hole: a default must not replace it silently. */
export function carryForward(layers: readonly Layer[], before: readonly Layer[], now: number): Carried {
  const stale = new Map<Layer, ConfigError>();
  const carried = layers.map((layer, number): Layer => {
    const old = counterpart(layers, number, before);
    if (!old) return layer;
    if (!layer.tolerated) return withLeases(layer, old, now);
    if (layer.entries.length > 0 || (old.entries.length === 0 && old.holes.length === 0)) return layer;
    const error = layer.tolerated;
    const expired = old.entries.filter((entry) => isExpired(entry, now));
    const holes = expired.map(
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

/** The layer of the same provider in the previous load. Two tolerated chains may each have a provider of the
 *  same name: the order of the layers distinguishes them. */
export function counterpart(
  layers: readonly Layer[],
  number: number,
  before: readonly Layer[],
): Layer | undefined {
  const name = layers[number]?.name;
  const index = layers.slice(0, number).filter((layer) => layer.name === name).length;
  const named = before.filter((layer) => layer.name === name);
  return named[index] ?? named.at(-1);
}

/** Credentials that were read in the future are of unknown age: the clock was put back. */
const isExpired = ({ expiresAt, readAt = 0 }: Entry, now: number): boolean =>
  expiresAt !== undefined && (expiresAt <= now || readAt > now + toleranceMs);
const toleranceMs = 1_000;

/** The layer with the valid leases of `old`, wherever it has an `on_demand` hole: this load was not allowed
 *  to acquire credentials. */
function withLeases(layer: Layer, old: Layer, now: number): Layer {
  const onDemand = layer.holes.filter((hole) => hole.error.code === 'on_demand');
  const leasesAt = (key: Key): Entry[] =>
    old.entries.filter((entry) => startsWith(entry.key, key) && !isExpired(entry, now));
  const kept = onDemand.flatMap((hole) => leasesAt(hole.key));
  if (kept.length === 0) return layer;
  return {
    ...layer,
    entries: [...layer.entries, ...kept],
    holes: layer.holes.filter((hole) => !onDemand.includes(hole) || leasesAt(hole.key).length === 0),
  };
}
