// Reads a whole configuration once: every key, what each provider has of it, and which values are secret.
// Used by `scan`, `report` and `mcp`. What leaves through `shown` holds no secret value.

import { type Explanation, explain } from '../chain/explain.ts';
import { startsWith } from '../key.ts';
import { merge } from '../merge/merge.ts';
import type { Layer } from '../provider.ts';
import { isSecretName, looksSecret, MASK } from '../redact.ts';
import type { SchemaKeys } from '../schema/keys.ts';
import type { ConfigValue, Key } from '../value.ts';
import { jsonText } from './io.ts';
import { explainedBy, isMarked, knownKeys, withoutValues } from './listing.ts';
import type { Loaded } from './module.ts';
import { SecretSearch } from './secret-search.ts';
import type { SecretValue } from './secret-spellings.ts';

/** The secrets of a configuration, and the providers and keys that could not be read. */
export interface Secrets {
  readonly values: readonly SecretValue[];
  readonly unread: readonly string[];
}

interface Written {
  readonly modifiedAt?: number;
  readonly version?: string;
}

export interface Inspected {
  readonly layers: readonly Layer[];
  /** The keys of the schema, as the chain has them. */
  readonly known: SchemaKeys;
  /** The keys of the schema, and those that a provider has. */
  readonly keys: readonly Key[];
  readonly secrets: Secrets;
  isSecret(key: Key): boolean;
  /** What `chain.explain` returns, without a request. Masks what the schema marks. */
  explain(key: Key): Explanation;
  /** When what a provider has of a key was changed, and its version, as the provider reports them. */
  writtenAt(key: Key, provider: string): Written;
  /** A copy of data that is going to be printed, with a mask in place of every secret value: of those that
   *  are in messages of others, too. */
  shown<T>(data: T): T;
}

export async function inspect(loaded: Loaded): Promise<Inspected> {
  const { chain } = loaded;
  const explained = explainedBy(loaded);
  const known = knownKeys(explained);
  const layers = await chain.layers();
  const merged = merge(layers, { keys: known.keys.map(({ key }) => key), prefixes: [...known.prefixes, ''] });
  const found = new Set([
    ...known.keys.map(({ key }) => key),
    ...merged.leaves.keys(),
    ...merged.holes.keys(),
  ]);
  /** Some schema libraries do not reveal that a key is one. */
  const isSection = (key: Key): boolean =>
    !merged.leaves.has(key) &&
    !merged.holes.has(key) &&
    [...merged.leaves.keys()].some((leaf) => startsWith(leaf, key));
  const keys = [...found].filter((key) => startsWith(key, explained.at) && !isSection(key));
  const ofSchema = new Map(known.keys.map(({ key, secret }) => [key, secret]));
  // a provider may not know that a name is one of a secret, and the schema may know that it is not
  const isSecret = (key: Key): boolean =>
    (ofSchema.get(key) ?? isSecretName(key)) ||
    merged.leaves.get(key)?.secret === true ||
    merged
      .candidates(key)
      .some(({ secret, error, value }) => secret || error || (value !== undefined && looksSecret(value))) ||
    isMarked(explained, key);

  const values: SecretValue[] = [];
  for (const key of found)
    if (isSecret(key))
      for (const { value } of merged.candidates(key)) if (value !== undefined) values.push({ key, value });
  const defaults = known.keys.flatMap(({ key, secret, default: value }): SecretValue[] =>
    secret && value !== undefined ? [{ key, value: value as ConfigValue }] : [],
  );
  const failed = layers.flatMap(({ name, error, tolerated }) => (error || tolerated ? [name] : []));
  const search = new SecretSearch([...values, ...defaults]);
  return {
    layers,
    known,
    keys,
    secrets: { values, unread: [...failed, ...merged.holes.keys()] },
    isSecret,
    explain(key) {
      const secret = isSecret(key);
      const status = (name: string) => chain.statusOf(name, key);
      const explanation = explain(key, layers, merged, { status, secret });
      return secret ? withoutValues(explanation) : explanation;
    },
    writtenAt(key, provider) {
      const found = merged.candidates(key).find(({ layerName }) => layerName === provider);
      const { modifiedAt, version } = found?.entry ?? {};
      return { ...(modifiedAt !== undefined && { modifiedAt }), ...(version !== undefined && { version }) };
    },
    shown: (data) => shownBy(search, data) as typeof data,
  };
}

/** A plain copy, as JSON has it, with masked texts and names. */
function shownBy(search: SecretSearch, data: unknown): unknown {
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return search.masked(value, MASK);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [search.masked(name, MASK), walk(inner)]),
    );
  };
  return walk(JSON.parse(jsonText(data ?? null)));
}
