// All keys of the chain of a module, with their winners, and what its schema knows of them. Used by
// `explain`, `check`, `diff` and inspect.ts. Not validated: a configuration that is not valid can be
// listed, too.

import type { ProviderChain } from '../chain/chain.ts';
import { Explanation } from '../chain/explain.ts';
import { append, rest, segments, startsWith } from '../key.ts';
import { merge } from '../merge/merge.ts';
import { MASK } from '../redact.ts';
import { keysIn, type SchemaKeys } from '../schema/keys.ts';
import type { StandardSchemaV1 } from '../schema/schema.ts';
import { holdsMark, shapeAt } from '../schema/shape.ts';
import { shapeOf } from '../schema/shape-of.ts';
import type { ConfigValue, Key } from '../value.ts';
import type { Loaded } from './module.ts';

/** The chain, with the keys that a schema reads in it. */
export interface Explained {
  readonly chain: ProviderChain;
  readonly schema: StandardSchemaV1 | undefined;
  readonly at: Key;
}

export const explainedBy = ({ chain, schema, options }: Loaded): Explained => ({
  chain,
  schema,
  at: options.at ?? '',
});

/** The keys that the schema reads, as the chain has them. */
export function knownKeys({ schema, at }: Explained): SchemaKeys {
  if (!schema) return { keys: [], prefixes: [], complete: false };
  const { keys, prefixes, complete } = keysIn(schema);
  return {
    keys: keys.map((one) => ({ ...one, key: append(at, one.key) })),
    prefixes: prefixes.map((key) => append(at, key)),
    complete,
  };
}

/** Whether the schema marks a key as secret: its sources may not know. */
export function isMarked({ schema, at }: Explained, key: Key): boolean {
  if (!schema || !startsWith(key, at)) return false;
  const shape = shapeOf(schema);
  const path = segments(rest(key, at));
  const around = path.map((_, depth) => shapeAt(shape, path.slice(0, depth)));
  return holdsMark(shapeAt(shape, path)) || around.some((one) => one?.secret === true);
}

/** An explanation of a key that the schema marks as secret: with masks. */
export function withoutValues(explanation: Explanation): Explanation {
  const masked = new Map(
    explanation.layers.map((layer) => [layer, layer.value === undefined ? layer : { ...layer, value: MASK }]),
  );
  const { winner, shadowed } = explanation;
  return new Explanation({
    ...explanation,
    secret: true,
    layers: [...masked.values()],
    winner: winner && masked.get(winner),
    shadowed: shadowed.flatMap((layer) => masked.get(layer) ?? []),
  });
}

/** A key with its winner. The value is in clear. */
export interface ListedKey {
  readonly key: Key;
  readonly value: ConfigValue;
  readonly secret: boolean;
  readonly origin: string;
}

export interface Listing {
  readonly keys: readonly ListedKey[];
  readonly unreadable: readonly { readonly key: Key; readonly origin: string; readonly error: string }[];
  readonly failed: readonly { readonly provider: string; readonly error: string }[];
}

/** Reads all keys of the chain. */
export async function listing(loaded: Loaded): Promise<Listing> {
  const explained = explainedBy(loaded);
  const { at, chain } = explained;
  const layers = await chain.layers();
  const known = knownKeys(explained);
  const merged = merge(layers, { keys: known.keys.map(({ key }) => key), prefixes: [...known.prefixes, at] });
  const inside = ({ key }: { readonly key: Key }): boolean => startsWith(key, at);
  return {
    keys: merged
      .entries()
      .filter(inside)
      .map(({ key, value, secret, origin }) => ({
        key,
        value,
        secret: secret || isMarked(explained, key),
        origin: `${origin}`,
      })),
    unreadable: [...merged.holes.values()]
      .filter(inside)
      .map(({ key, origin, error }) => ({ key, origin: `${origin}`, error: error.message })),
    failed: layers.flatMap(({ name, error }) => (error ? [{ provider: name, error: error.message }] : [])),
  };
}
