// Assertions shared by the conformance sentences: exact listings, frozen entries, and no secret in
// printed text. Keys of loose entries, such as variables, are compared by their letters.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { spells } from '../../conventional-name.ts';
import { type Entry, isUnreadable, type Loose, type Unreadable } from '../../entry.ts';
import { append, keyFrom, letters, segments } from '../../key.ts';
import { type ConfigValue, isTree, type Key } from '../../value.ts';
import type { Values } from '../subject.ts';

/** A leaf of a listing. The provider may list the leaf alone or as part of a tree. */
export interface Leaf {
  readonly key: Key;
  readonly value: ConfigValue;
  readonly secret: boolean;
  readonly source: string;
  readonly loose: Loose | undefined;
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
      loose: entry.loose,
    },
  ];
}

const lettersOf = (key: Key): string => segments(key).map(letters).join('.');

/** Compares a loose name by its letters or words, any other key exactly. */
export function matchesKey({ key: own, loose }: Pick<Leaf, 'key' | 'loose'>, key: Key): boolean {
  if (loose === 'words') return spells(own, key);
  return loose ? lettersOf(own) === lettersOf(key) : own === key;
}

/** Asserts that a listing contains exactly these leaves, each once. */
export function assertLists(items: readonly (Entry | Unreadable)[], values: Values): void {
  const found = leaves(items);
  assertListsAtLeast(items, values);
  for (const leaf of found)
    assert.ok(
      Object.keys(values).some((key) => matchesKey(leaf, key)),
      `the listing contains ${leaf.key}, which does not exist`,
    );
}

/** Asserts that a listing contains these leaves, each once. It may contain others. */
export function assertListsAtLeast(items: readonly (Entry | Unreadable)[], values: Values): void {
  const found = leaves(items);
  for (const [key, value] of Object.entries(values)) {
    const matching = found.filter((leaf) => matchesKey(leaf, key));
    assert.equal(matching.length, 1, `the listing contains ${key} ${matching.length} times, instead of once`);
    assert.deepStrictEqual(matching[0]?.value, value, `the listing has a different value for ${key}`);
  }
}

/** All texts that printing `subject` can produce. An error is also inspected without its own inspect
 *  method. */
function printed(subject: unknown): string[] {
  const deep = { depth: Number.POSITIVE_INFINITY, showHidden: true };
  const texts = [inspect(subject, deep), asJson(subject), asText(subject)];
  if (!(subject instanceof Error)) return texts;
  const cause = subject.cause === undefined ? [] : printed(subject.cause);
  return [
    ...texts,
    subject.message,
    subject.stack ?? '',
    inspect(subject, { ...deep, customInspect: false }),
    ...cause,
  ];
}

const asJson = (subject: unknown): string =>
  printedOrEmpty(
    () => JSON.stringify(subject, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner)) ?? '',
  );

const asText = (subject: unknown): string => printedOrEmpty(() => String(subject));

// a value that cannot be printed, such as a circular object as JSON, leaks nothing
function printedOrEmpty(print: () => string): string {
  try {
    return print();
  } catch {
    return '';
  }
}

/** Asserts that no way of printing `subject` reveals a value or six characters of it. */
export function assertNoLeak(subject: unknown, ...values: readonly string[]): void {
  const texts = printed(subject);
  for (const value of values)
    for (let at = 0; at + 6 <= value.length; at++) {
      const part = value.slice(at, at + 6);
      const leak = texts.find((text) => text.includes(part));
      if (leak !== undefined) assert.fail('the printed text contains a value or a part of it');
    }
}

/** Asserts that `entry`, its value and its metadata are frozen. */
export function assertFrozen(entry: Entry | Unreadable): void {
  assert.ok(Object.isFrozen(entry), 'the entry is not frozen');
  if (!isUnreadable(entry)) deepFrozen(entry.value, 'value');
  if ('metadata' in entry) deepFrozen(entry.metadata, 'metadata');
}

function deepFrozen(value: unknown, what: string): void {
  if (typeof value !== 'object' || value === null) return;
  assert.ok(Object.isFrozen(value), `the ${what} of the entry is not frozen`);
  for (const inner of Object.values(value)) deepFrozen(inner, what);
}
