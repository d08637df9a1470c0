import { inspect } from 'node:util';
import { type Entry, Secret } from './entry.ts';
import { MASK } from './redact.ts';
import { type ConfigValue, isPlain, withoutBigints } from './value.ts';

/** What something that hides its value when printed answers to `reveal`. */
export const revealed: unique symbol = Symbol('llm-config-manager.revealed');

export interface Revealable<T> {
  [revealed](): T;
}

/** For each guarded object: what of it may be printed, worked out when it is. */
const printable = new WeakMap<object, () => unknown>();
const shown = (guardedObject: object): unknown => masked(guardedObject, printable.get(guardedObject)?.());

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

/** A frozen copy: plain objects and lists are rebuilt, other instances (Date, URL, yours) are left alone. Printed, it shows only what
 *  stands at the same place in `visible`, unchanged; reading its properties gives the values themselves. Getters that are `isLeftOut`
 *  are not copied; without it, the value is known to have none, which is several times faster. */
export function maskedCopy<T>(value: T, visible: () => unknown, isLeftOut?: (getter: unknown) => boolean): T {
  const copies = new Map<object, object>();
  const copy = (one: unknown, seen: () => unknown): unknown => {
    const list = Array.isArray(one);
    if (!list && !isPlain(one)) return one;
    const known = copies.get(one);
    if (known) return known;
    const made: object = list ? [] : Object.create(Object.getPrototypeOf(one));
    copies.set(one, made);
    if (isLeftOut) {
      for (const name of Reflect.ownKeys(one)) {
        const property = Object.getOwnPropertyDescriptor(one, name) as PropertyDescriptor;
        if (!property.enumerable || (property.get && isLeftOut(property.get))) continue;
        if ('value' in property) property.value = copyOf(property.value, seen, name);
        Object.defineProperty(made, name, property);
      }
    } else
      for (const name of Object.keys(one)) {
        const inner = copyOf((one as Record<string, unknown>)[name], seen, name);
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

/** A value as it may be printed: what does not stand in `visible` too, unchanged, is masked. */
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

/** What stands at `name` in a tree, if anything does. */
export const inside = (tree: unknown, name: PropertyKey): unknown =>
  typeof tree === 'object' && tree !== null && Object.hasOwn(tree, name)
    ? (tree as Record<PropertyKey, unknown>)[name]
    : undefined;

/** The one way to print what is hidden: the value of a `Secret` or an `Entry`, or a plain, unguarded copy of a config or a part of it. */
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
