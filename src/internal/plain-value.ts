import { Secret } from '../entry.ts';
import { ConfigError } from '../errors.ts';
import { quote } from '../key.ts';
import { type ConfigValue, isPlain, type Key } from '../value.ts';

const maxDepth = 100;

/** Why something is no ConfigValue. The text says what it is, never what it holds. */
export class NoValue extends Error {}

/** A frozen copy of a value, `marked` when `secret()` stood in it. Throws NoValue, or `invalid_key` for a name that could
 *  reach a prototype. */
export function plainValue(
  value: unknown,
  within: readonly object[] = [],
): { readonly value: ConfigValue; readonly marked: boolean } {
  if (value instanceof Secret) return { value: plainValue(Secret.reveal(value), within).value, marked: true };
  if (typeof value !== 'object' || value === null) return { value: scalar(value), marked: false };
  const inside = deeper(value, within);
  let marked = false;
  const copy = (inner: unknown): ConfigValue => {
    const plain = plainValue(inner, inside);
    marked ||= plain.marked;
    return plain.value;
  };
  if (Array.isArray(value)) return { value: Object.freeze(Array.from(value, copy)), marked };
  const tree: Record<string, ConfigValue> = {};
  for (const [name, inner] of members(value)) tree[name] = copy(inner);
  return { value: Object.freeze(tree), marked };
}

/** The names and values of a plain object. */
export function members(value: object): [string, unknown][] {
  if (!isPlain(value)) throw new NoValue(`${instance(value)}, not a plain object`);
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new NoValue('an object with a symbol among its names');
  const found = Object.entries(value);
  for (const [name] of found) quote(name);
  return found;
}

/** What stands around the insides of `value`; refuses circles and depths. */
export function deeper(value: object, within: readonly object[]): readonly object[] {
  if (within.includes(value)) throw new NoValue('an object that contains itself');
  if (within.length >= maxDepth) throw new NoValue(`nested more than ${maxDepth} levels deep`);
  return [...within, value];
}

function scalar(value: unknown): ConfigValue {
  if (value === undefined) throw new NoValue('undefined: leave it out, or write null');
  if (typeof value === 'function' || typeof value === 'symbol') throw new NoValue(`a ${typeof value}`);
  if (Number.isNaN(value)) throw new NoValue('NaN');
  return value as ConfigValue;
}

function instance(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && /^\w{1,40}$/.test(name) && name !== 'Object'
    ? `an instance of ${name}`
    : 'an object with a prototype of its own';
}

/** What a caller hands over to be written, copied, and `marked` when it is to be secret. */
export function writable(
  value: unknown,
  key: Key,
): { readonly value: ConfigValue; readonly marked: boolean } {
  try {
    return plainValue(value);
  } catch (error) {
    if (!(error instanceof NoValue)) throw error;
    throw new ConfigError('validation', `the value for "${key}" is ${error.message}`, { key });
  }
}
