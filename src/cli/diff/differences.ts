// The differences between two configurations, key by key. Used by `diff`. Secrets are compared in clear, and
// shown only as masked.

import { jsonValue } from '../../chain/explain.ts';
import { show } from '../../redact.ts';
import { type ConfigValue, type Key, sameValue } from '../../value.ts';
import type { ListedKey, Listing } from '../listing.ts';

/** A key whose values differ. Undefined: a side does not have it. */
export interface Difference {
  readonly key: Key;
  readonly a: ListedKey | undefined;
  readonly b: ListedKey | undefined;
}

export function differencesOf(a: Listing, b: Listing): readonly Difference[] {
  const [first, second] = [a, b].map(({ keys }) => new Map(keys.map((one) => [one.key, one])));
  const unreadable = new Set([...a.unreadable, ...b.unreadable].map(({ key }) => key));
  const keys = [...new Set([...a.keys, ...b.keys].map(({ key }) => key))];
  return keys
    .filter((key) => !unreadable.has(key))
    .map((key) => ({ key, a: first?.get(key), b: second?.get(key) }))
    .filter((one) => !isSame(one.a?.value, one.b?.value))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}

/** Whether a schema reads the same: the text of a variable may be the number of a file. */
function isSame(a: ConfigValue | undefined, b: ConfigValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const isScalar = [a, b].every((value) => typeof value !== 'object');
  return isScalar ? `${a}` === `${b}` : sameValue(a, b);
}

/** Masked on both sides if it is secret on one: the same value may have lost its mark. */
const isHidden = ({ a, b }: Difference): boolean => a?.secret === true || b?.secret === true;

export function differenceText(difference: Difference): string {
  const { key, a, b } = difference;
  const hidden = isHidden(difference);
  const [first, second] = [a, b].map((side) => (side ? show(side.value, hidden) : '(not set)')) as [
    string,
    string,
  ];
  const width = Math.max(first.length, second.length);
  const line = (mark: string, value: string, side: ListedKey | undefined): string =>
    `  ${mark} ${value.padEnd(width)}  ${side?.origin ?? ''}`.trimEnd();
  return [key, line('-', first, a), line('+', second, b)].join('\n');
}

export function differenceJson(difference: Difference): object {
  const hidden = isHidden(difference);
  const side = (one: ListedKey | undefined) =>
    one ? { value: jsonValue(one.value, hidden), origin: one.origin } : null;
  return { key: difference.key, a: side(difference.a), b: side(difference.b) };
}
