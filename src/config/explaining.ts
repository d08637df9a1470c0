// What `config.explain` adds to the explanation of a chain: how a text was read, what the schema did and
// expects, which values are stale, and why a newer one is not in use.

import { isDeepStrictEqual } from 'node:util';
import { type Explanation, explain } from '../chain/explain.ts';
import { append, keyFrom, keyOf, segments, startsWith } from '../key.ts';
import type { KeyStatus } from '../provider.ts';
import { MASK, show } from '../redact.ts';
import { isHidden } from '../report/secrecy.ts';
import { readAs } from '../schema/readings.ts';
import { shapeAt } from '../schema/shape.ts';
import { type ConfigValue, type Key, withoutBigints } from '../value.ts';
import { deprecatedIn, deprecatedMessage } from './deprecated.ts';
import { type Failure, refusedNewer } from './failures.ts';
import type { Generation } from './generation.ts';
import { unknownPath } from './unknown-path.ts';

/** Explains a key of a configuration: the explanation of the chain, with notes on what the schema did. */
export function explainKey<T>(
  generation: Generation<T>,
  key: Key,
  failure: Failure | undefined,
): Explanation {
  const { plan, layers, merged, placement, carried } = generation.load;
  const path = segments(key);
  const fullKey = append(plan.at, key);
  const staleNames = new Set([...carried.stale.keys()].map(({ name }) => name));
  const status = (provider: string): KeyStatus | undefined => {
    const known = plan.source.statusOf(provider, fullKey);
    return staleNames.has(provider) ? { ...known, stale: true } : known;
  };
  const leaf = placement.leaves.find((one) => isDeepStrictEqual(one.path, path));
  // a mark of the schema makes a value secret that is not secret for its source
  const secret = leaf !== undefined && isHidden(leaf, plan.shape);
  const notes = [
    ...valueNotes(generation, path),
    ...deprecatedNotes(generation, key),
    ...staleNotes(generation),
    ...(failure ? [refusedNewer(key, failure)] : []),
  ];
  return explain(fullKey, layers, merged, { status, ...(secret && { secret }) }).with(...notes);
}

function valueNotes<T>(generation: Generation<T>, path: readonly string[]): string[] {
  const { plan, placement, texts } = generation.load;
  const notes: string[] = [];
  const leaf = placement.leaves.find((one) => isDeepStrictEqual(one.path, path));
  const value = generation.at(path);
  if (leaf) {
    const given = leaf.item.value;
    const read = texts.read(path, given);
    if (!isDeepStrictEqual(read, given)) {
      const hidden = isHidden(leaf, plan.shape);
      const shown = hidden ? '' : `: ${show(read, false)}`;
      notes.push(`the text ${show(given, hidden)} was read as ${readAs(read)}${shown}`);
    }
    if (plan.schema && !isDeepStrictEqual(read, value))
      notes.push(`the schema transformed the value${madeOf(generation.shown(path))}`);
  } else if (plan.schema && value !== undefined && !hasLeafBelow(generation, path)) {
    notes.push(`default of the schema: ${JSON.stringify(withoutBigints(generation.shown(path)))}`);
  }
  const unknown = value === undefined && !leaf && unknownPath(path, generation);
  if (unknown) notes.push(unknown.message);
  const expected = shapeAt(plan.shape, path)?.expects;
  if (expected) notes.push(`the schema wants ${expected}`);
  return notes;
}

/** What a transform made, if no part of it is masked. */
function madeOf(shown: unknown): string {
  const value = shown as ConfigValue | undefined;
  const isWhole = value !== undefined && !show(value, false, Number.POSITIVE_INFINITY).includes(MASK);
  return isWhole ? `: ${show(value, false)}` : '';
}

/** Which values of a key, or of a section, are set under an old name; and the new name of an old key. */
function deprecatedNotes<T>({ load: { layers, plan } }: Generation<T>, key: Key): string[] {
  const uses = deprecatedIn(layers).filter(({ use }) => startsWith(use, key) || startsWith(key, use));
  const renamed = Object.entries(plan.deprecated ?? {}).find(([old]) => startsWith(key, keyOf(old)));
  return [
    ...uses.map(deprecatedMessage),
    ...(renamed ? [`"${renamed[0]}" is deprecated. Use "${renamed[1]}"`] : []),
  ];
}

const hasLeafBelow = <T>({ load }: Generation<T>, path: readonly string[]): boolean =>
  load.placement.leaves.some((leaf) => startsWith(keyFrom(leaf.path), keyFrom(path)));

function staleNotes<T>({ load, info }: Generation<T>): string[] {
  const loadedAt = new Date(info.loadedAt).toISOString();
  return Array.from(
    load.carried.stale,
    ([{ name }, error]) => `${name} is unreachable, its values were loaded at ${loadedAt}: ${error.message}`,
  );
}
