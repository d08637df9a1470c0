// Turns values of an application into values of a configuration: used by `MemoryProvider`, and by every
// `set`. Messages name the kind of an unsupported value, never the value.

import { Secret } from './entry.ts';
import { ConfigError } from './errors.ts';
import { quote } from './key.ts';
import { type ConfigValue, isPlain, type Key } from './value.ts';

const maxDepth = 100;

/** Thrown for a value that is not a ConfigValue. The message is its kind: 'a function', 'NaN'. */
export class UnsupportedValue extends Error {}

/** A frozen copy of a value, `marked` if it contains `secret()`. `ancestors`: the objects that contain the
 *  value. Throws UnsupportedValue, or `invalid_key` for a name that could reach a prototype. */
export function plainValue(
  value: unknown,
  ancestors: readonly object[] = [],
): { readonly value: ConfigValue; readonly marked: boolean } {
  if (value instanceof Secret)
    return { value: plainValue(Secret.reveal(value), ancestors).value, marked: true };
  if (typeof value !== 'object' || value === null) return { value: scalar(value), marked: false };
  const within = descend(value, ancestors);
  let marked = false;
  const copy = (inner: unknown): ConfigValue => {
    const plain = plainValue(inner, within);
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
  if (!isPlain(value)) throw new UnsupportedValue(`${instance(value)}, not a plain object`);
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new UnsupportedValue('an object with symbol keys');
  const found = Object.entries(value);
  for (const [name] of found) quote(name); // refuses names that could reach a prototype
  return found;
}

/** The ancestors of everything inside `value`. Throws for a circle, and for too deep nesting. */
export function descend(value: object, ancestors: readonly object[]): readonly object[] {
  if (ancestors.includes(value)) throw new UnsupportedValue('an object that contains itself');
  if (ancestors.length >= maxDepth) throw new UnsupportedValue(`nested more than ${maxDepth} levels deep`);
  return [...ancestors, value];
}

function scalar(value: unknown): ConfigValue {
  if (value === undefined) throw new UnsupportedValue('undefined: omit the key, or use null');
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new UnsupportedValue(`a ${typeof value}`);
  if (Number.isNaN(value)) throw new UnsupportedValue('NaN');
  return value as ConfigValue;
}

function instance(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && /^\w{1,40}$/.test(name) && name !== 'Object'
    ? `an instance of ${name}`
    : 'an object with a custom prototype';
}

/** The value that a caller passes to `set`, copied; `marked` if it is secret. */
export function valueToWrite(
  value: unknown,
  key: Key,
): { readonly value: ConfigValue; readonly marked: boolean } {
  try {
    return plainValue(value);
  } catch (error) {
    if (!(error instanceof UnsupportedValue)) throw error;
    throw new ConfigError('validation', `the value for "${key}" is ${error.message}`, { key });
  }
}
