import { ConfigError } from '../errors.ts';
import { type ConfigTree, type ConfigValue, isTree } from '../value.ts';
import { membersWritten } from './json.ts';

/** What a text says that is the JSON of an object. `fault`: what it holds that is lost when it is read, without a word of it.
 *  `undefined`: it is another text. */
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
  const { members, largeNumber } = contents(tree);
  if (members !== membersWritten(text)) return 'a key twice';
  return largeNumber && numbersIn(text).some(losesDigits)
    ? 'a number that loses digits: in quotes it keeps them all'
    : undefined;
}

/** How many members there are in all, and whether some number may be another than the one that was written. */
export function contents(value: unknown): { readonly members: number; readonly largeNumber: boolean } {
  let members = 0;
  let largeNumber = false;
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'number' && !(Math.abs(one) <= Number.MAX_SAFE_INTEGER)) largeNumber = true;
    if (typeof one !== 'object' || one === null) continue;
    const inside = Object.values(one);
    if (!Array.isArray(one)) members += inside.length;
    for (const inner of inside) open.push(inner);
  }
  return { members, largeNumber };
}

const numbersIn = (text: string): readonly string[] =>
  text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '""').match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? [];

const losesDigits = (written: string): boolean =>
  !Number.isFinite(Number(written)) || (/^-?\d+$/.test(written) && !Number.isSafeInteger(Number(written)));

/** A value as JSON holds it: small bigints are numbers. Throws `validation` for a number that would not come back the same. */
export function jsonValue(value: ConfigValue, owner: string): Exclude<ConfigValue, bigint> {
  const inside = (inner: ConfigValue): ConfigValue => jsonValue(inner, owner);
  if (Array.isArray(value)) return value.map(inside);
  if (isTree(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inside(inner)]));
  if (typeof value !== 'bigint' && typeof value !== 'number') return value as null | boolean | string;
  const number = Number(value);
  if (Number.isFinite(number) && (Number.isSafeInteger(number) || !Number.isInteger(number))) return number;
  throw new ConfigError(
    'validation',
    `${owner}: the value holds a number that is too large to come back the same`,
    {
      hint: 'Write it as a string',
    },
  );
}

/** A value as the text of a secret: a string as it is, a bigint by its digits, else JSON. */
export function textOf(value: ConfigValue, owner: string): string {
  return typeof value === 'string' || typeof value === 'bigint'
    ? `${value}`
    : JSON.stringify(jsonValue(value, owner));
}
