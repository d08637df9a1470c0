// What a string may mean, where the source has only text: `"8080"` is a number for a schema that wants one.
// `texts.ts` tries the readings in order; `explain` shows the chosen one.

import { reserved } from '../key.ts';
import { type ConfigValue, isTree } from '../value.ts';
import type { Kind, Shape } from './shape.ts';

const maxDepth = 32;

/** The readings of a text, in the order in which they are tried. None at all if the schema coerces and the
 *  text is not what it wants (`z.coerce.boolean()` would read "no" as true): such a text must be refused. An
 *  empty text has no reading but itself. `wide`: `yes`, `1` and the like are booleans. */
export function readings(text: string, shape: Shape | undefined, wide = false): readonly ConfigValue[] {
  const kinds = shape?.kinds;
  if (!kinds)
    return text === '' ? [text] : present([text, jsonReading(text), commaList(text), scalars(text)]);
  const takesText = kinds.has('string') || kinds.has('date');
  const read =
    text === ''
      ? []
      : present([...scalarOf(text, kinds, wide), ...listOf(text, shape, wide), sectionOf(text, kinds)]);
  if (takesText) return [text, ...read];
  return read.length > 0 || shape.coerces ? read : [text];
}

/** Numbers follow the grammar of JSON: `0123`, `0x10` and `Infinity` are not numbers. A whole number that
 *  would lose digits is read as a bigint if the schema wants one, and not at all if it wants a number. */
function scalarOf(
  text: string,
  kinds: ReadonlySet<Kind>,
  wide: boolean,
): readonly (ConfigValue | undefined)[] {
  const value = json(text);
  const digits = text.trim();
  const number =
    typeof value === 'number' && (kinds.has('number') || kinds.has('integer')) && exact(value, digits)
      ? value
      : undefined;
  const bigint = kinds.has('bigint') && /^-?(?:0|[1-9]\d*)$/.test(digits) ? BigInt(digits) : undefined;
  const boolean = typeof value === 'boolean' && kinds.has('boolean') ? value : undefined;
  const isNull = value === null && kinds.has('null');
  // last: where a number is allowed, too, `1` is a number
  const flag = wide && boolean === undefined && kinds.has('boolean') ? wideBoolean(text) : undefined;
  return [boolean, number, bigint, isNull ? null : undefined, flag];
}

const flags = { true: /^(?:true|yes|on|1)$/i, false: /^(?:false|no|off|0)$/i };

/** What a text means as a boolean in the option `booleans: 'wide'`. */
export function wideBoolean(text: string): boolean | undefined {
  const word = text.trim();
  return flags.true.test(word) || (flags.false.test(word) ? false : undefined);
}

const exact = (value: number, digits: string): boolean =>
  Number.isFinite(value) && (Number.isSafeInteger(value) || !/^-?\d+$/.test(digits));

function listOf(
  text: string,
  { kinds, items, tuple }: Shape,
  wide: boolean,
): readonly (ConfigValue | undefined)[] {
  if (!kinds?.has('list')) return [];
  const value = json(text);
  if (Array.isArray(value)) return [value];
  if (!items?.kinds && !tuple) return [commaList(text), scalars(text)];
  return [
    commaList(text).map((item, at) => {
      const [first = item] = readings(item, tuple?.[at] ?? items, wide);
      return first;
    }),
  ];
}

function sectionOf(text: string, kinds: ReadonlySet<Kind>): ConfigValue | undefined {
  const value = kinds.has('section') ? json(text) : undefined;
  return isTree(value) ? value : undefined;
}

const commaList = (text: string): string[] => text.split(',').map((item) => item.trim());

function scalars(text: string): ConfigValue | undefined {
  const values = commaList(text).map(json);
  return values.every((value) => value !== undefined && typeof value !== 'object')
    ? (values as ConfigValue[])
    : undefined;
}

function jsonReading(text: string): ConfigValue | undefined {
  const value = json(text);
  if (typeof value === 'number' && !exact(value, text.trim()))
    return Number.isFinite(value) ? BigInt(text.trim()) : undefined;
  return typeof value === 'string' ? undefined : value;
}

/** Undefined for text that is not JSON, for JSON that could reach a prototype and for JSON that is too
 *  deep. */
function json(text: string): ConfigValue | undefined {
  if (!/^\s*[-\d[{"tfn]/.test(text)) return undefined;
  try {
    const value = JSON.parse(text) as ConfigValue;
    return isHarmless(value, 0) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHarmless(value: ConfigValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= maxDepth) return false;
  return Object.entries(value).every(
    ([name, inner]) => !reserved.has(name) && isHarmless(inner as ConfigValue, depth + 1),
  );
}

/** Leaves out the readings that do not exist. */
function present(values: readonly (ConfigValue | undefined)[]): ConfigValue[] {
  return values.filter((value): value is ConfigValue => value !== undefined);
}

/** What a text was read as, in words. */
export function readAs(value: ConfigValue): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null) return 'null';
  if (typeof value === 'object') return 'a section';
  return { number: 'a number', bigint: 'a bigint', boolean: 'true or false', string: 'a string' }[
    typeof value as 'number'
  ];
}
