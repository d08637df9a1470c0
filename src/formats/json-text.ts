// Values of stores as JSON text: a secret that is the JSON of an object becomes a section, and a value to be
// written becomes text. Used by the clients of stores, the shelter and sealing. Unlike json.ts, no positions:
// these texts are never shown.

import { ConfigError } from '../errors.ts';
import { type ConfigTree, type ConfigValue, isTree } from '../value.ts';
import { countMembers } from './json.ts';

/** Reads a text that is the JSON of an object; `undefined` for any other text. `fault`: what reading it would
 *  lose, in words that quote nothing of it. */
export function jsonObject(
  text: string,
): { readonly tree: ConfigTree; readonly fault: string | undefined } | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const tree = JSON.parse(text) as ConfigTree;
    return { tree, fault: faultOf(tree, text) };
  } catch {
    return undefined;
  }
}

function faultOf(tree: ConfigTree, text: string): string | undefined {
  const { members, largeNumber } = tally(tree);
  if (members !== countMembers(text)) return 'a duplicate key';
  return largeNumber && numbersIn(text).some(losesDigits)
    ? 'a number that would lose digits unless it is quoted'
    : undefined;
}

/** Counts the members of all objects in a value, and says whether a number may have lost digits. */
export function tally(value: unknown): { readonly members: number; readonly largeNumber: boolean } {
  let members = 0;
  let largeNumber = false;
  const pending = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === 'number' && !(Math.abs(next) <= Number.MAX_SAFE_INTEGER)) largeNumber = true;
    if (typeof next !== 'object' || next === null) continue;
    const inside = Object.values(next);
    if (!Array.isArray(next)) members += inside.length;
    for (const inner of inside) pending.push(inner);
  }
  return { members, largeNumber };
}

const numbersIn = (text: string): readonly string[] =>
  text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""').match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];

const losesDigits = (written: string): boolean =>
  !Number.isFinite(Number(written)) || (/^-?\d+$/.test(written) && !Number.isSafeInteger(Number(written)));

/** A value without bigints: small ones become numbers.
 *  @throws ConfigError `validation` for a number that would lose digits */
export function jsonValue(value: ConfigValue, owner: string): Exclude<ConfigValue, bigint> {
  const inside = (inner: ConfigValue): ConfigValue => jsonValue(inner, owner);
  if (Array.isArray(value)) return value.map(inside);
  if (isTree(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inside(inner)]));
  if (typeof value !== 'bigint' && typeof value !== 'number') return value as null | boolean | string;
  const number = Number(value);
  if (Number.isFinite(number) && (Number.isSafeInteger(number) || !Number.isInteger(number))) return number;
  throw new ConfigError('validation', `${owner}: the value contains a number that would lose digits`, {
    hint: 'Write the number as a string',
  });
}

/** A value as the text of a secret: a string unchanged, a bigint as its digits, anything else as JSON. */
export function textOf(value: ConfigValue, owner: string): string {
  return typeof value === 'string' || typeof value === 'bigint'
    ? `${value}`
    : JSON.stringify(jsonValue(value, owner));
}
