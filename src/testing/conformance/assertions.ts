import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { type Entry, isUnreadable, type Unreadable } from '../../entry.ts';
import { append, keyFrom, letters, segments } from '../../key.ts';
import { type ConfigValue, isTree, type Key } from '../../value.ts';
import type { Values } from '../subject.ts';

/** One leaf of a listing, whether it came alone or inside a tree. */
export interface Leaf {
  readonly key: Key;
  readonly value: ConfigValue;
  readonly secret: boolean;
  readonly source: string;
  readonly loose: boolean;
}

export function leaves(items: readonly (Entry | Unreadable)[]): Leaf[] {
  return items.flatMap((item) => (isUnreadable(item) ? [] : below(item, '', item.value)));
}

function below(entry: Entry, inside: Key, value: ConfigValue): Leaf[] {
  if (isTree(value))
    return Object.entries(value).flatMap(([name, inner]) =>
      below(entry, append(inside, keyFrom([name])), inner),
    );
  const own = isTree(entry.value) ? entry.leaf?.(inside) : undefined;
  const { secret, origin } = own ?? entry;
  return [
    {
      key: append(entry.key, inside),
      value,
      secret: entry.secret || secret,
      source: `${origin}`,
      loose: entry.loose !== undefined,
    },
  ];
}

const spoken = (key: Key): string => segments(key).map(letters).join('.');

/** Loose names are compared by their letters, all others exactly. */
export const isAt = (leaf: { readonly key: Key; readonly loose: boolean }, key: Key): boolean =>
  leaf.loose ? spoken(leaf.key) === spoken(key) : leaf.key === key;

/** A listing holds these leaves, all of them, once, and no others. */
export function holdsExactly(items: readonly (Entry | Unreadable)[], values: Values): void {
  const found = leaves(items);
  holdsAtLeast(items, values);
  for (const leaf of found)
    assert.ok(
      Object.keys(values).some((key) => isAt(leaf, key)),
      `the listing has ${leaf.key}, which is not there`,
    );
}

/** A listing holds these leaves, all of them, each once. */
export function holdsAtLeast(items: readonly (Entry | Unreadable)[], values: Values): void {
  const found = leaves(items);
  for (const [key, value] of Object.entries(values)) {
    const here = found.filter((leaf) => isAt(leaf, key));
    assert.equal(
      here.length,
      1,
      `the listing has ${key} ${here.length === 0 ? 'not at all' : `${here.length} times`}`,
    );
    assert.deepStrictEqual(here[0]?.value, value, `the listing has another value at ${key}`);
  }
}

/** Everything by which a thing can be printed; an error may hide nothing behind its own inspect either. */
function printed(thing: unknown): string[] {
  const deep = { depth: Number.POSITIVE_INFINITY, showHidden: true };
  const texts = [inspect(thing, deep), asJson(thing), asText(thing)];
  if (!(thing instanceof Error)) return texts;
  const cause = thing.cause === undefined ? [] : printed(thing.cause);
  return [
    ...texts,
    thing.message,
    thing.stack ?? '',
    inspect(thing, { ...deep, customInspect: false }),
    ...cause,
  ];
}

const asJson = (thing: unknown): string =>
  printing(() => JSON.stringify(thing, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? '');

const asText = (thing: unknown): string => printing(() => String(thing));

// what cannot be printed at all, as a circle cannot be as JSON, tells nothing
function printing(print: () => string): string {
  try {
    return print();
  } catch {
    return '';
  }
}

/** Neither a text nor six characters of it stand in anything by which `thing` can be printed. */
export function keepsQuiet(thing: unknown, ...values: readonly string[]): void {
  const texts = printed(thing);
  for (const value of values)
    for (let at = 0; at + 6 <= value.length; at++) {
      const part = value.slice(at, at + 6);
      const leak = texts.find((text) => text.includes(part));
      if (leak !== undefined) assert.fail('a value, or a part of it, can be read in what is printed');
    }
}

/** Nothing in `entry` can be written to. */
export function isFrozen(entry: Entry | Unreadable): void {
  assert.ok(Object.isFrozen(entry), 'the entry is not frozen');
  if (!isUnreadable(entry)) deepFrozen(entry.value, 'value');
  if ('metadata' in entry) deepFrozen(entry.metadata, 'metadata');
}

function deepFrozen(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null) return;
  assert.ok(Object.isFrozen(value), `its ${what} is not frozen`);
  for (const inner of Object.values(value)) deepFrozen(inner, what);
}
