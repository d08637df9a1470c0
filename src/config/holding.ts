// Values from then, secrets and leases from now: layers of an earlier generation in which every secret is
// replaced by that of a newer load, layer by layer. Loaded with the first rollback or failed trial. Works on
// single leaves, because an entry may hold a whole file.

import { type Entry, isUnreadable, makeEntry, type Unreadable } from '../entry.ts';
import type { ConfigError } from '../errors.ts';
import { keyFrom, startsWith } from '../key.ts';
import type { Bound } from '../merge/bind.ts';
import { provenanceOf } from '../merge/leaf.ts';
import type { Layer } from '../provider.ts';
import { isHidden } from '../report/secrecy.ts';
import type { Steps } from '../turns.ts';
import { type ConfigTree, type ConfigValue, frozen, isTree, type Key } from '../value.ts';
import { type Carried, counterpart } from './carry-forward.ts';
import { mergeLayers } from './found.ts';
import { isLease } from './generation.ts';
import type { Plan } from './plan.ts';

/** Which secrets a return to an earlier generation brings back. */
export type Secrets = 'now' | 'then';

type Merge = ReturnType<typeof mergeLayers> extends Steps<infer T> ? T : never;

/** The layers `then` with leases and, unless they are to be those of `then`, secrets of `now`. */
export function* held(
  plan: Plan,
  then: readonly Layer[],
  now: Carried,
  secrets: Secrets = 'now',
): Steps<Carried> {
  const old = yield* mergeLayers(plan, then);
  const fresh = yield* mergeLayers(plan, now.layers);
  const replaced = keysToReplace(plan, secrets, old, fresh);
  const stale = new Map<Layer, ConfigError>();
  /** By layer of now. */
  const made = new Map<Layer, Layer>();
  const join = (cut: Layer, other: Layer): Layer => {
    const layer = joined(cut, other, fresh.merged.bound[now.layers.indexOf(other)] ?? [], replaced);
    made.set(other, layer);
    const error = now.stale.get(other);
    if (error) stale.set(layer, error);
    return layer;
  };
  const layers: Layer[] = [];
  for (const [number, layer] of then.entries()) {
    const other = counterpart(then, number, now.layers);
    yield;
    const { tolerated, ...rest } = layer;
    const bound = old.merged.bound[number] ?? [];
    const holes = bound.flatMap(({ path, item }) =>
      isUnreadable(item) && !replaced.has(keyFrom(path)) ? [item] : [],
    );
    const cut = { ...rest, entries: kept(bound, replaced), holes };
    layers.push(other && !made.has(other) ? join(cut, other) : cut);
  }
  // a source that is new among the layers keeps its place: another one of a `fallback` may answer now
  let at = layers.length;
  for (const other of [...now.layers].reverse()) {
    const known = made.get(other);
    if (known) at = layers.indexOf(known);
    else layers.splice(at, 0, join({ ...other, entries: [], holes: [] }, other));
  }
  return { layers, stale };
}

/** The keys that hold a lease, or a secret, in either merge. */
function keysToReplace(plan: Plan, secrets: Secrets, ...merges: readonly Merge[]): ReadonlySet<Key> {
  const leaves = merges.flatMap(({ placement }) => placement.leaves);
  const replaced = leaves.filter(
    (leaf) => isLease(leaf.item) || (secrets === 'now' && isHidden(leaf, plan.shape)),
  );
  return new Set(replaced.map(({ item }) => item.key));
}

/** A layer with what its counterpart has at the keys. */
function joined(cut: Layer, other: Layer, bound: readonly Bound[], keys: ReadonlySet<Key>): Layer {
  const entries = bound.flatMap((one) => only(one, keys));
  const holes = bound.flatMap((one) => holesAt(one, keys));
  return {
    ...cut,
    ...(other.tolerated && { tolerated: other.tolerated }),
    entries: [...cut.entries, ...entries],
    holes: [...cut.holes, ...holes],
  };
}

/** The entries of a layer without what they have at the keys. A variable may be bound to several keys. */
function kept(bound: readonly Bound[], keys: ReadonlySet<Key>): Entry[] {
  const paths = new Map<Entry, (readonly string[])[]>();
  for (const { path, item } of bound) {
    if (isUnreadable(item)) continue;
    const known = paths.get(item);
    if (known) known.push(path);
    else paths.set(item, [path]);
  }
  return Array.from(paths).flatMap(([item, all]) => {
    const left = all.filter((path) => !keys.has(keyFrom(path)));
    if (all.length === 1 || left.length === all.length) return without(item, all[0] as string[], keys);
    const { loose, ...fields } = item;
    return left.map((path) => makeEntry({ ...fields, key: keyFrom(path) }));
  });
}

/** An entry without its leaves at the keys. */
function without(item: Entry, path: readonly string[], keys: ReadonlySet<Key>): Entry[] {
  if (!isTree(item.value)) return keys.has(keyFrom(path)) ? [] : [item];
  let isCut = false;
  const cut = (tree: ConfigTree, at: readonly string[]): ConfigTree | undefined => {
    const left = Object.entries(tree).flatMap(([name, value]): [string, ConfigValue][] => {
      const inner = [...at, name];
      if (isTree(value)) {
        const section = cut(value, inner);
        return section ? [[name, section]] : [];
      }
      if (!keys.has(keyFrom(inner))) return [[name, value]];
      isCut = true;
      return [];
    });
    // an empty section that was empty before stays
    return left.length > 0 || Object.keys(tree).length === 0 ? Object.fromEntries(left) : undefined;
  };
  const value = cut(item.value, path);
  if (!isCut) return [item];
  return value ? [makeEntry({ ...item, value: frozen(value) })] : [];
}

/** The leaves of an entry at the keys, as entries of their own. */
function only({ path, item }: Bound, keys: ReadonlySet<Key>): Entry[] {
  if (isUnreadable(item)) return [];
  const { loose, leaf, ...fields } = item;
  const found: Entry[] = [];
  const collect = (value: ConfigValue, at: readonly string[]): void => {
    if (isTree(value)) {
      for (const [name, inner] of Object.entries(value)) collect(inner, [...at, name]);
      return;
    }
    const key = keyFrom(at);
    if (!keys.has(key)) return;
    const { origin, secret } = provenanceOf(item, key);
    found.push(makeEntry({ ...fields, key, value, origin, secret }));
  };
  collect(item.value, path);
  return found;
}

/** The holes that a hole makes at the keys: nothing of lower priority may show through. */
function holesAt({ path, item }: Bound, keys: ReadonlySet<Key>): Unreadable[] {
  if (!isUnreadable(item)) return [];
  const at = keyFrom(path);
  const { origin, error } = item;
  return [...keys].filter((key) => startsWith(key, at)).map((key) => Object.freeze({ key, origin, error }));
}
