// Copies of objects that print only their public part, and `reveal`, which reads the rest. The values of
// configurations and the sections that `tree` returns are such copies. The public part is computed when
// an object is printed: most never are.

import { inspect } from 'node:util';
import { type Entry, Secret } from './entry.ts';
import { MASK } from './redact.ts';
import { type ConfigValue, inside, isPlain, withoutBigints } from './value.ts';

/** The method that `reveal` calls. */
export const revealed: unique symbol = Symbol('llm-config-manager.revealed');

/** An object that prints masked and that `reveal` can read: a Config, for example. */
export interface Revealable<T> {
  [revealed](): T;
}

/** For each masked copy: computes the part that may be printed. */
const printable = new WeakMap<object, () => unknown>();
const shown = (copy: object): unknown => masked(copy, printable.get(copy)?.());

const toJSON: PropertyDescriptor = {
  value(this: object): unknown {
    return withoutBigints(shown(this));
  },
};
const custom: PropertyDescriptor = {
  value(this: object, _depth: number, options: object): string {
    return inspect(shown(this), options);
  },
};

/** A frozen copy that prints masked. Copies plain objects and lists; leaves every other instance (Date,
 *  URL, yours) untouched. Its properties hold the values in clear; printing it shows only the values that
 *  `visible` has at the same place. Omits getters for which `isOmitted` is true; without `isOmitted`, the
 *  value must have no getters, which makes the copy several times faster. */
export function maskedCopy<T>(value: T, visible: () => unknown, isOmitted?: (getter: unknown) => boolean): T {
  const copies = new Map<object, object>();
  const copy = (original: unknown, seen: () => unknown): unknown => {
    const list = Array.isArray(original);
    if (!list && !isPlain(original)) return original;
    const known = copies.get(original);
    if (known) return known;
    const made: object = list ? [] : Object.create(Object.getPrototypeOf(original));
    copies.set(original, made);
    if (isOmitted) {
      for (const name of Reflect.ownKeys(original)) {
        const property = Object.getOwnPropertyDescriptor(original, name) as PropertyDescriptor;
        if (!property.enumerable || (property.get && isOmitted(property.get))) continue;
        if ('value' in property) property.value = copyOf(property.value, seen, name);
        Object.defineProperty(made, name, property);
      }
    } else
      for (const name of Object.keys(original)) {
        const inner = copyOf((original as Record<string, unknown>)[name], seen, name);
        if (name === '__proto__') Object.defineProperty(made, name, { value: inner, enumerable: true });
        else (made as Record<string, unknown>)[name] = inner;
      }
    if (!Object.hasOwn(made, 'toJSON')) Object.defineProperty(made, 'toJSON', toJSON);
    if (!Object.hasOwn(made, inspect.custom)) Object.defineProperty(made, inspect.custom, custom);
    printable.set(made, seen);
    return Object.freeze(made);
  };
  const copyOf = (inner: unknown, seen: () => unknown, name: PropertyKey): unknown =>
    typeof inner === 'object' && inner !== null ? copy(inner, () => inside(seen(), name)) : inner;
  return copy(value, visible) as T;
}

/** A value as it may be printed. Masks each value that `visible` does not have at the same place. */
export function masked(value: unknown, visible: unknown, above: readonly unknown[] = []): unknown {
  if (value === undefined || Object.is(value, visible)) return value;
  if (above.includes(value)) return '[circular]';
  const within = [...above, value];
  if (Array.isArray(value)) return value.map((item, index) => masked(item, inside(visible, index), within));
  if (!isPlain(value)) return MASK;
  return Object.fromEntries(
    Object.keys(value).map((name) => [name, masked(value[name], inside(visible, name), within)]),
  );
}

/** Reads a value that printing masks: the value of a Secret or an Entry, or a plain copy of a Config or of
 *  a section. Use it to print a secret on purpose.
 *  @example
 *  console.log(config.llm); // => { model: 'small', apiKey: '[redacted]' }
 *  console.log(reveal(config.llm)); // => { model: 'small', apiKey: 'sk-123' }
 *  @see secret marks a value. */
export function reveal<T extends ConfigValue>(secret: Secret<T>): T;
export function reveal<T>(config: Revealable<T>): T;
export function reveal(entry: Entry): ConfigValue;
export function reveal<T>(value: T): T;
export function reveal(value: unknown): unknown {
  if (value instanceof Secret) return Secret.reveal(value);
  if (typeof value !== 'object' || value === null) return value;
  if (revealed in value) return (value as Revealable<unknown>)[revealed]();
  if (printable.has(value)) return plain(value, new Map());
  return 'key' in value && 'origin' in value && 'value' in value ? value.value : value;
}

function plain(value: unknown, copies: Map<object, object>): unknown {
  if (typeof value !== 'object' || value === null || !printable.has(value)) return value;
  const known = copies.get(value);
  if (known) return known;
  const made: object = Array.isArray(value) ? [] : {};
  copies.set(value, made);
  for (const [name, inner] of Object.entries(value)) {
    Object.defineProperty(made, name, {
      value: plain(inner, copies),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return made;
}
