// Copies of objects that print only their public part. The values of configurations and the sections that
// `tree` returns are such copies; `reveal` reads the rest. The public part is computed when an object is
// printed: most never are.

import { inspect } from 'node:util';
import { MASK } from './redact.ts';
import { type HidesName, printable } from './reveal.ts';
import { inside, isPlain, withoutBigints } from './value.ts';

const shown = (copy: object): unknown => {
  const { visible, hidesName } = printable.get(copy) ?? {};
  return masked(copy, visible?.(), hidesName);
};

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
 *  value must have no getters, which makes the copy several times faster. Masks names for which `hidesName`
 *  is true. */
export function maskedCopy<T>(
  value: T,
  visible: () => unknown,
  isOmitted?: (getter: unknown) => boolean,
  hidesName?: HidesName,
): T {
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
    printable.set(made, { visible: seen, hidesName });
    return Object.freeze(made);
  };
  const copyOf = (inner: unknown, seen: () => unknown, name: PropertyKey): unknown =>
    typeof inner === 'object' && inner !== null ? copy(inner, lazilyInside(seen, name)) : inner;
  return copy(value, visible) as T;
}

// outside `maskedCopy`, whose scope would keep the original alive for as long as the copy
const lazilyInside = (seen: () => unknown, name: PropertyKey) => (): unknown => inside(seen(), name);

/** A value as it may be printed. Masks each value that `visible` does not have at the same place, and names
 *  for which `hidesName` is true. */
export function masked(
  value: unknown,
  visible: unknown,
  hidesName: HidesName = () => false,
  above: readonly unknown[] = [],
): unknown {
  if (value === undefined || Object.is(value, visible)) return value;
  if (above.includes(value)) return '[circular]';
  const within = [...above, value];
  if (Array.isArray(value))
    return value.map((item, index) => masked(item, inside(visible, index), hidesName, within));
  if (!isPlain(value)) return MASK;
  return Object.fromEntries(
    Object.keys(value).map((name) => [
      hidesName(name) ? MASK : name,
      masked(value[name], inside(visible, name), hidesName, within),
    ]),
  );
}
